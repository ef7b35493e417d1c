-- grain: one row per record of the export, in file order
-- Braintrust spans under the project's names; counts and times are still text.
with source as (
    select * from raw_braintrust
),

renamed as (
    select
        id is not null or span_id is not null or metrics is not null as is_record,
        -- the spans around a call repeat its tokens, and a scorer's calls are no traffic of the application
        case
            when coalesce(span_type, '') <> 'llm' then 'not a model call: span of type ' || coalesce(span_type, 'none')
            when purpose = 'scorer' then 'not a model call: span of a scorer'
        end as reject_hint,

        coalesce(span_id, id) as request_id,
        coalesce(metrics.start, created) as start_time,
        metrics."end" as end_time,
        cast(null as varchar) as first_chunk_time,
        cast(null as varchar) as duration_ms,
        cast(1000 * try_cast(metrics.time_to_first_token as double) as varchar) as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        provider as provider_name,
        model as request_model,
        cast(null as varchar) as response_model,
        case when model like '%embedding%' then 'embeddings' else 'chat' end as operation_name,
        tags,
        route,
        -- the SDKs call their own spans after the method; any other name is the application's
        coalesce(
            prompt_name,
            case
                when not regexp_matches(
                    lower(span_name),
                    '^(chat ?completion|completion|embedding|response|openai|anthropic|google|gemini|bedrock|litellm|llm|messages|generate|chat)'
                ) then span_name
            end
        ) as prompt_name,
        template_hash,
        cast(null as varchar) as url_path,
        kept_metadata as metadata,

        metrics.prompt_tokens as usage_input_tokens,
        metrics.prompt_cached_tokens as usage_cache_read_input_tokens,
        -- the parts by lifetime repeat the sum, or stand in its place
        coalesce(
            metrics.prompt_cache_creation_tokens,
            cast(
                try_cast(metrics.prompt_cache_creation_5m_tokens as bigint)
                + try_cast(metrics.prompt_cache_creation_1h_tokens as bigint) as varchar
            ),
            metrics.prompt_cache_creation_5m_tokens,
            metrics.prompt_cache_creation_1h_tokens
        ) as usage_cache_creation_input_tokens,
        metrics.prompt_cache_creation_1h_tokens as usage_cache_creation_1h_input_tokens,
        case
            when model like '%embedding%' and metrics.prompt_tokens is not null
                then coalesce(metrics.completion_tokens, '0')
            else metrics.completion_tokens
        end as usage_output_tokens,
        metrics.completion_reasoning_tokens as usage_reasoning_output_tokens,
        metrics.prompt_audio_tokens as usage_audio_input_tokens,
        metrics.completion_audio_tokens as usage_audio_output_tokens,
        image_count,
        metrics.prompt_tokens is null and metrics.completion_tokens is null as is_usage_unknown,

        coalesce(service_tier, 'default') as service_tier,
        coalesce(lower(stream) = 'true', metrics.time_to_first_token is not null) as stream,
        cast(tool_count as varchar) as tool_count,
        case when response_format in ('json_object', 'json_schema') then 'json' else 'text' end as output_type,
        message_count,
        prompt_hash,
        cast(null as varchar) as response_finish_reason,

        coalesce(has_error, false) as is_failed,
        error_type,
        cast(null as varchar) as http_response_status_code,
        user_id,
        customer_id,
        team_id,
        project_id,
        cast(null as varchar) as api_key_id,
        conversation_id,
        root_span_id as trace_id,
        parent_id,
        cast(null as varchar) as attempt,
        coalesce(lower(metrics.cached) in ('1', '1.0', 'true'), false) as gateway_cache_hit,
        score as feedback_score,
        metrics.estimated_cost as billed_cost,
        false as input_excludes_cache,
        false as output_excludes_reasoning,
        cast(null as varchar) as usage_note
    from source
)

select * from renamed
