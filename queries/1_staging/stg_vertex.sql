-- grain: one row per record of the export, in file order
-- Rows of Vertex's request-response log under the project's names; counts and times are still text.
with source as (
    select * from raw_vertex
),

read as (
    select
        source.*,
        regexp_replace(model, '^.*/', '', 'g') as requested_model,
        -- logged is the end, and the latency before it the beginning
        coalesce(created, begun, logging_time) as started,
        case
            when is_claude then claude_input_tokens
            when try_cast(tool_use_tokens as bigint) > 0
                then coalesce(
                    cast(try_cast(prompt_tokens as bigint) + try_cast(tool_use_tokens as bigint) as varchar), prompt_tokens
                )
            else prompt_tokens
        end as tokens_in
    from source
),

renamed as (
    select
        coalesce(logging_time, request_id, api_method) is not null as is_record,
        case
            when not is_readable then 'full_response is not readable JSON'
            when has_usage and tokens_in is null then 'usage holds no readable count of input tokens'
        end as reject_hint,

        coalesce(response_id, request_id) as request_id,
        started as start_time,
        cast(null as varchar) as end_time,
        cast(null as varchar) as first_chunk_time,
        request_latency as duration_ms,
        cast(null as varchar) as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        'google' as provider_name,
        requested_model as request_model,
        coalesce(nullif(served_model, ''), requested_model) as response_model,
        case when requested_model like '%embedding%' then 'embeddings' else 'chat' end as operation_name,
        cast(null as varchar[]) as tags,
        cast(null as varchar) as route,
        cast(null as varchar) as prompt_name,
        template_hash,
        cast(null as varchar) as url_path,
        cast(null as varchar) as metadata,

        tokens_in as usage_input_tokens,
        case when is_claude then claude_cache_read_input_tokens else cached_tokens end as usage_cache_read_input_tokens,
        claude_cache_creation_input_tokens as usage_cache_creation_input_tokens,
        claude_hour_write_tokens as usage_cache_creation_1h_input_tokens,
        -- Gemini leaves out what is zero
        case when is_claude then claude_output_tokens when has_usage then coalesce(candidate_tokens, '0') end as usage_output_tokens,
        thought_tokens as usage_reasoning_output_tokens,
        audio_tokens as usage_audio_input_tokens,
        cast(null as varchar) as usage_audio_output_tokens,
        coalesce(image_count, case when image_tokens is not null then '1' end) as image_count,
        not has_usage as is_usage_unknown,

        case
            when upper(traffic_type) like '%FLEX%' then 'flex'
            when upper(traffic_type) like '%PRIORITY%' then 'priority'
            else 'default'
        end as service_tier,
        lower(api_method) like '%stream%' as stream,
        cast(tool_count as varchar) as tool_count,
        'text' as output_type,
        message_count,
        prompt_hash,
        finish_reason as response_finish_reason,

        not has_reply as is_failed,
        cast(null as varchar) as error_type,
        cast(null as varchar) as http_response_status_code,
        cast(null as varchar) as user_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as team_id,
        cast(null as varchar) as project_id,
        cast(null as varchar) as api_key_id,
        cast(null as varchar) as conversation_id,
        cast(null as varchar) as trace_id,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as attempt,
        false as gateway_cache_hit,
        cast(null as varchar) as feedback_score,
        cast(null as varchar) as billed_cost,
        is_claude as input_excludes_cache,
        not is_claude as output_excludes_reasoning,
        case when upper(traffic_type) like '%PROVISIONED%' then 'provisioned throughput, priced as on demand' end as usage_note
    from read
)

select * from renamed
