-- grain: one row per record of the export, in file order
-- Events of Codex sessions under the project's names; counts and times are still text.
with source as (
    select * from raw_codex
),

counted as (
    select
        source.*,
        payload.info.last_token_usage as used,
        payload.info.total_token_usage as total
    from source
),

renamed as (
    select
        coalesce("timestamp", type) is not null or payload is not null as is_record,
        case
            when type is distinct from 'event_msg' or payload.type is distinct from 'token_count'
                then 'not a model call: ' || coalesce(type, 'other') || ' line'
            when used is null then 'not a model call: token_count without usage'
            when is_repeated and session_id is null then 'not a model call: token_count repeated'
            when used.input_tokens is null then 'usage holds no readable count of input tokens'
        end as reject_hint,

        session_id || '/' || total.input_tokens || '+' || total.output_tokens as request_id,
        "timestamp" as start_time,
        cast(null as varchar) as end_time,
        cast(null as varchar) as first_chunk_time,
        cast(null as varchar) as duration_ms,
        cast(null as varchar) as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        coalesce(model_provider, 'openai') as provider_name,
        cast(null as varchar) as request_model,
        coalesce(payload.info.model, turn_model) as response_model,
        'responses' as operation_name,
        cast(null as varchar[]) as tags,
        'codex' as route,
        cast(null as varchar) as prompt_name,
        cast(null as varchar) as template_hash,
        cast(null as varchar) as url_path,
        cast(null as varchar) as metadata,

        used.input_tokens as usage_input_tokens,
        used.cached_input_tokens as usage_cache_read_input_tokens,
        used.cache_write_input_tokens as usage_cache_creation_input_tokens,
        cast(null as varchar) as usage_cache_creation_1h_input_tokens,
        used.output_tokens as usage_output_tokens,
        used.reasoning_output_tokens as usage_reasoning_output_tokens,
        cast(null as varchar) as usage_audio_input_tokens,
        cast(null as varchar) as usage_audio_output_tokens,
        cast(null as varchar) as image_count,
        false as is_usage_unknown,

        'default' as service_tier,
        true as stream,
        cast(null as varchar) as tool_count,
        'text' as output_type,
        cast(null as varchar) as message_count,
        cast(null as varchar) as prompt_hash,
        cast(null as varchar) as response_finish_reason,

        false as is_failed,
        cast(null as varchar) as error_type,
        cast(null as varchar) as http_response_status_code,
        cast(null as varchar) as user_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as team_id,
        -- the folder alone: the path names the user
        nullif(regexp_extract(cwd, '([^/\\]+)$', 1), '') as project_id,
        cast(null as varchar) as api_key_id,
        session_id as conversation_id,
        cast(null as varchar) as trace_id,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as attempt,
        false as gateway_cache_hit,
        cast(null as varchar) as feedback_score,
        cast(null as varchar) as billed_cost,
        false as input_excludes_cache,
        false as output_excludes_reasoning,
        case
            when try_cast(used.reasoning_output_tokens as bigint) > 0
                and try_cast(used.total_tokens as bigint) = try_cast(used.input_tokens as bigint)
                    + try_cast(used.output_tokens as bigint) + try_cast(used.reasoning_output_tokens as bigint)
                then 'the total counts reasoning beside the output; taken as a part of it'
        end as usage_note
    from counted
)

select * from renamed
