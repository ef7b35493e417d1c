-- grain: one row per record of the export, in file order
-- Calls through Azure API Management under the project's names; counts and times are still text.
with source as (
    select * from raw_azure_apim_gateway
),

renamed as (
    select
        coalesce(logged, correlation_id) is not null as is_record,
        case
            when not has_usage and coalesce(url, '') not like '%/openai/%' and coalesce(url, '') not like '%/completions%'
                and coalesce(url, '') not like '%/responses%' and coalesce(url, '') not like '%/embeddings%'
                then 'not a model call: another API'
            when has_usage and input_tokens is null then 'usage holds no readable count of input tokens'
        end as reject_hint,

        coalesce(response_id, correlation_id) as request_id,
        -- the time at which the gateway received the request
        logged as start_time,
        cast(null as varchar) as end_time,
        cast(null as varchar) as first_chunk_time,
        coalesce(backend_ms, total_ms) as duration_ms,
        cast(null as varchar) as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        'azure' as provider_name,
        coalesce(deployment, request_model) as request_model,
        response_model,
        case
            when response_object = 'list' or url like '%/embeddings%' then 'embeddings'
            when response_object = 'response' or url like '%/responses%' then 'responses'
            when response_object = 'text_completion' or url like '%/completions%' and url not like '%/chat/%'
                then 'text_completion'
            else 'chat'
        end as operation_name,
        cast(null as varchar[]) as tags,
        coalesce(route, operation_id, api_id) as route,
        prompt_name,
        template_hash,
        nullif(regexp_replace(url, '^[a-z]+://[^/]*|[?].*$', '', 'g'), '') as url_path,
        kept_metadata as metadata,

        input_tokens as usage_input_tokens,
        cached_tokens as usage_cache_read_input_tokens,
        cache_write_tokens as usage_cache_creation_input_tokens,
        hour_cache_write_tokens as usage_cache_creation_1h_input_tokens,
        case when response_object = 'list' or url like '%/embeddings%' then coalesce(output_tokens, '0') else output_tokens end as usage_output_tokens,
        reasoning_tokens as usage_reasoning_output_tokens,
        audio_input_tokens as usage_audio_input_tokens,
        audio_output_tokens as usage_audio_output_tokens,
        image_count,
        not has_usage as is_usage_unknown,

        coalesce(service_tier, 'default') as service_tier,
        lower(stream) = 'true' as stream,
        cast(tool_count as varchar) as tool_count,
        case when response_format in ('json_object', 'json_schema') then 'json' else 'text' end as output_type,
        message_count,
        prompt_hash,
        finish_reason as response_finish_reason,

        coalesce(lower(succeeded) = 'false', false) or coalesce(has_error, false) as is_failed,
        response_error as error_type,
        response_code as http_response_status_code,
        requested_by as user_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as team_id,
        cast(null as varchar) as project_id,
        subscription as api_key_id,
        cast(null as varchar) as conversation_id,
        correlation_id as trace_id,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as attempt,
        false as gateway_cache_hit,
        cast(null as varchar) as feedback_score,
        cast(null as varchar) as billed_cost,
        false as input_excludes_cache,
        false as output_excludes_reasoning,
        case
            when not has_usage and is_cut_off then 'the logged reply is cut off, usage unknown'
            when not has_usage and not has_body then 'no reply was logged, usage unknown'
        end as usage_note
    from source
)

select * from renamed
