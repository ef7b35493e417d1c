-- grain: one row per record of the export, in file order
-- Lines of Claude Code sessions under the project's names; counts and times are still text.
with source as (
    select * from raw_claude_code
),

renamed as (
    select
        coalesce("type", "timestamp", "sessionId") is not null or message is not null as is_record,
        case
            when message.usage is null
                then 'not a model call: ' || coalesce("type", message.role, 'other') || ' line without usage'
            -- what the program says itself, such as that a limit is reached
            when message.model = '<synthetic>' then 'not a model call: synthetic message'
            when message.usage.input_tokens is null then 'usage holds no readable count of input tokens'
        end as reject_hint,

        "sessionId" || '/' || message.id as request_id,
        "timestamp" as start_time,
        cast(null as varchar) as end_time,
        cast(null as varchar) as first_chunk_time,
        cast(null as varchar) as duration_ms,
        cast(null as varchar) as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        'anthropic' as provider_name,
        cast(null as varchar) as request_model,
        message.model as response_model,
        'chat' as operation_name,
        cast(null as varchar[]) as tags,
        case when "isSidechain" = 'true' then 'claude-code subagent' else 'claude-code' end as route,
        cast(null as varchar) as prompt_name,
        cast(null as varchar) as template_hash,
        cast(null as varchar) as url_path,
        cast(null as varchar) as metadata,

        message.usage.input_tokens as usage_input_tokens,
        message.usage.cache_read_input_tokens as usage_cache_read_input_tokens,
        message.usage.cache_creation_input_tokens as usage_cache_creation_input_tokens,
        message.usage.cache_creation.ephemeral_1h_input_tokens as usage_cache_creation_1h_input_tokens,
        message.usage.output_tokens as usage_output_tokens,
        message.usage.output_tokens_details.thinking_tokens as usage_reasoning_output_tokens,
        cast(null as varchar) as usage_audio_input_tokens,
        cast(null as varchar) as usage_audio_output_tokens,
        cast(null as varchar) as image_count,
        false as is_usage_unknown,

        case
            when message.usage.speed = 'fast' and coalesce(message.usage.service_tier, '') <> 'batch' then 'fast'
            else coalesce(message.usage.service_tier, 'default')
        end as service_tier,
        true as stream,
        cast(null as varchar) as tool_count,
        'text' as output_type,
        cast(null as varchar) as message_count,
        cast(null as varchar) as prompt_hash,
        message.stop_reason as response_finish_reason,

        coalesce("isApiErrorMessage" = 'true', false) as is_failed,
        cast(null as varchar) as error_type,
        cast(null as varchar) as http_response_status_code,
        cast(null as varchar) as user_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as team_id,
        -- the folder alone: the path names the user
        nullif(regexp_extract(cwd, '([^/\\]+)$', 1), '') as project_id,
        cast(null as varchar) as api_key_id,
        "sessionId" as conversation_id,
        cast(null as varchar) as trace_id,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as attempt,
        false as gateway_cache_hit,
        cast(null as varchar) as feedback_score,
        "costUSD" as billed_cost,
        true as input_excludes_cache,
        false as output_excludes_reasoning,
        cast(null as varchar) as usage_note
    from source
)

select * from renamed
