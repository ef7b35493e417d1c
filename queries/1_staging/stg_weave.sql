-- grain: one row per record of the export, in file order
-- Weave calls under the project's names; counts and times are still text.
with source as (
    select * from raw_weave
),

renamed as (
    select
        id is not null or op_name is not null as is_record,
        case
            when model_count > 1 then 'not a model call: sum of several models'
            when coalesce(try_cast(usage.requests as bigint), 1) > 1 then 'not a model call: sum of several calls'
            -- a call of a library without usage is a stream or a failure; other code never has any
            when coalesce(model_count, 0) = 0
                and not regexp_matches(
                    lower(coalesce(op_name, '')),
                    '(completions?|messages|responses|embeddings)[.](create|parse|stream)|generate_content|litellm[.]'
                )
                then 'not a model call: op without usage'
        end as reject_hint,

        id as request_id,
        started_at as start_time,
        ended_at as end_time,
        cast(null as varchar) as first_chunk_time,
        latency_ms as duration_ms,
        cast(null as varchar) as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        cast(null as varchar) as provider_name,
        coalesce(asked_model, used_model) as request_model,
        used_model as response_model,
        case
            when op_name like '%embedding%' then 'embeddings'
            when op_name like '%responses%' then 'responses'
            else 'chat'
        end as operation_name,
        cast(null as varchar[]) as tags,
        route,
        coalesce(prompt_name, nullif(display_name, '')) as prompt_name,
        template_hash,
        cast(null as varchar) as url_path,
        kept_metadata as metadata,

        coalesce(usage.prompt_tokens, usage.input_tokens) as usage_input_tokens,
        coalesce(
            usage.prompt_tokens_details.cached_tokens,
            usage.input_tokens_details.cached_tokens,
            usage.cache_read_input_tokens
        ) as usage_cache_read_input_tokens,
        usage.cache_creation_input_tokens as usage_cache_creation_input_tokens,
        usage.cache_creation.ephemeral_1h_input_tokens as usage_cache_creation_1h_input_tokens,
        case
            when op_name like '%embedding%' and coalesce(usage.prompt_tokens, usage.input_tokens) is not null
                then coalesce(usage.completion_tokens, usage.output_tokens, '0')
            else coalesce(usage.completion_tokens, usage.output_tokens)
        end as usage_output_tokens,
        coalesce(
            usage.completion_tokens_details.reasoning_tokens,
            usage.output_tokens_details.reasoning_tokens,
            usage.thoughts_tokens
        ) as usage_reasoning_output_tokens,
        usage.prompt_tokens_details.audio_tokens as usage_audio_input_tokens,
        usage.completion_tokens_details.audio_tokens as usage_audio_output_tokens,
        image_count,
        coalesce(usage.prompt_tokens, usage.input_tokens, '0') = '0'
            and coalesce(usage.completion_tokens, usage.output_tokens, '0') = '0' as is_usage_unknown,

        'default' as service_tier,
        lower(stream) = 'true' as stream,
        cast(tool_count as varchar) as tool_count,
        case when response_format in ('json_object', 'json_schema') then 'json' else 'text' end as output_type,
        message_count,
        prompt_hash,
        cast(null as varchar) as response_finish_reason,

        coalesce(has_error, false) or coalesce(lower(status) = 'error', false) as is_failed,
        error_type,
        cast(null as varchar) as http_response_status_code,
        user_id,
        customer_id,
        team_id,
        project_id,
        cast(null as varchar) as api_key_id,
        conversation_id,
        trace_id,
        parent_id,
        cast(null as varchar) as attempt,
        false as gateway_cache_hit,
        cast(null as varchar) as feedback_score,
        cast(
            try_cast(costs.prompt_tokens_total_cost as decimal(18, 10))
            + try_cast(costs.completion_tokens_total_cost as decimal(18, 10)) as varchar
        ) as billed_cost,
        -- usage is the provider's own: Anthropic's stands beside what its cache holds
        usage.prompt_tokens is null
            and coalesce(usage.cache_read_input_tokens, usage.cache_creation_input_tokens) is not null
            as input_excludes_cache,
        usage.thoughts_tokens is not null as output_excludes_reasoning,
        cast(null as varchar) as usage_note
    from source
)

select * from renamed
