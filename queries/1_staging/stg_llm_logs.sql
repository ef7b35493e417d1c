-- grain: one row per record of the export, in file order
-- Calls made with the command line tool llm under the project's names; counts and times are still text.
with source as (
    select * from raw_llm_logs
),

renamed as (
    select
        id is not null or model is not null as is_record,
        cast(null as varchar) as reject_hint,

        id as request_id,
        datetime_utc as start_time,
        cast(null as varchar) as end_time,
        cast(null as varchar) as first_chunk_time,
        duration_ms,
        cast(null as varchar) as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        cast(null as varchar) as provider_name,
        model as request_model,
        -- the model is called by an alias of the user's
        coalesce(nullif(resolved_model, ''), served_model) as response_model,
        'chat' as operation_name,
        cast(null as varchar[]) as tags,
        cast(null as varchar) as route,
        cast(null as varchar) as prompt_name,
        template_hash,
        cast(null as varchar) as url_path,
        cast(null as varchar) as metadata,

        input_tokens as usage_input_tokens,
        coalesce(
            details.prompt_tokens_details.cached_tokens,
            details.input_tokens_details.cached_tokens,
            details.cache_read_input_tokens,
            details."cachedContentTokenCount"
        ) as usage_cache_read_input_tokens,
        details.cache_creation_input_tokens as usage_cache_creation_input_tokens,
        details.cache_creation.ephemeral_1h_input_tokens as usage_cache_creation_1h_input_tokens,
        output_tokens as usage_output_tokens,
        coalesce(
            details.completion_tokens_details.reasoning_tokens,
            details.output_tokens_details.reasoning_tokens,
            details.output_tokens_details.thinking_tokens,
            details."thoughtsTokenCount"
        ) as usage_reasoning_output_tokens,
        details.prompt_tokens_details.audio_tokens as usage_audio_input_tokens,
        details.completion_tokens_details.audio_tokens as usage_audio_output_tokens,
        image_count,
        input_tokens is null and output_tokens is null as is_usage_unknown,

        coalesce(details.service_tier, 'default') as service_tier,
        cast(null as boolean) as stream,
        coalesce(tool_count, '0') as tool_count,
        case when has_schema then 'json' else 'text' end as output_type,
        message_count,
        prompt_hash,
        finish_reason as response_finish_reason,

        false as is_failed,
        cast(null as varchar) as error_type,
        cast(null as varchar) as http_response_status_code,
        cast(null as varchar) as user_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as team_id,
        cast(null as varchar) as project_id,
        cast(null as varchar) as api_key_id,
        conversation as conversation_id,
        cast(null as varchar) as trace_id,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as attempt,
        false as gateway_cache_hit,
        cast(null as varchar) as feedback_score,
        cast(null as varchar) as billed_cost,
        -- the plugin for Anthropic keeps its counts as they are: input beside the cache
        coalesce(details.cache_read_input_tokens, details.cache_creation_input_tokens) is not null
            as input_excludes_cache,
        -- the plugin for Gemini left thoughts out of the output as long as it took the answer's own count away; an
        -- output of as many tokens as thoughts has no answer
        details."thoughtsTokenCount" <> output_tokens and details."candidatesTokenCount" is null
            as output_excludes_reasoning,
        cast(null as varchar) as usage_note
    from source
)

select * from renamed
