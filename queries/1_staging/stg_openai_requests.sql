-- grain: one row per record of the export, in file order
-- Calls of model APIs as an application logged them under the project's names; counts and times are still text.
with source as (
    select * from raw_openai_requests
),

renamed as (
    select
        is_record,
        -- a usage object that is there but unreadable is no unknown usage: it would vanish from the mean
        case
            when response_object = 'chat.completion.chunk' and not has_usage
                then 'a chunk of a streamed reply, not a whole call'
            when has_usage and input_tokens is null then 'usage holds no readable count of input tokens'
        end as reject_hint,

        coalesce(response_id, logged_id) as request_id,
        coalesce(logged_start, created) as start_time,
        coalesce(logged_end, completed) as end_time,
        cast(null as varchar) as first_chunk_time,
        coalesce(duration_ms, cast(try_cast(duration_s as double) * 1000 as varchar)) as duration_ms,
        time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        provider as provider_name,
        coalesce(request_model, logged_model) as request_model,
        response_model,
        case
            when response_object = 'list' or coalesce(response_model, request_model, logged_model) like '%embedding%'
                then 'embeddings'
            when response_object = 'response' or url like '%/responses%' then 'responses'
            when response_object = 'text_completion' or url like '%/v1/completions%' then 'text_completion'
            else 'chat'
        end as operation_name,
        tags,
        coalesce(logged_route, route) as route,
        coalesce(logged_prompt_name, prompt_name) as prompt_name,
        template_hash,
        url as url_path,
        kept_metadata as metadata,

        input_tokens as usage_input_tokens,
        cached_tokens as usage_cache_read_input_tokens,
        cache_write_tokens as usage_cache_creation_input_tokens,
        hour_cache_write_tokens as usage_cache_creation_1h_input_tokens,
        -- embeddings have no output, and their usage says nothing of it
        case
            when response_object = 'list' or coalesce(response_model, request_model, logged_model) like '%embedding%'
                then coalesce(output_tokens, '0')
            else output_tokens
        end as usage_output_tokens,
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

        coalesce(has_logged_error, false)
            or coalesce(has_error, false)
            or coalesce(response_status = 'failed', false)
            or coalesce(lower(logged_status) in ('error', 'failed', 'failure', 'timeout'), false) as is_failed,
        coalesce(logged_error, response_error) as error_type,
        case when regexp_matches(logged_status, '^[1-5][0-9][0-9]$') then logged_status end as http_response_status_code,
        coalesce(logged_user, requested_by, labelled_user) as user_id,
        coalesce(logged_customer, customer) as customer_id,
        coalesce(logged_team, team) as team_id,
        project as project_id,
        api_key as api_key_id,
        coalesce(logged_conversation, conversation) as conversation_id,
        trace as trace_id,
        parent as parent_id,
        coalesce(attempt, cast(try_cast(retries as bigint) + 1 as varchar)) as attempt,
        lower(cache_hit) = 'true' as gateway_cache_hit,
        score as feedback_score,
        cost as billed_cost,
        coalesce(reply_kind = 'anthropic', false) as input_excludes_cache,
        coalesce(reply_kind = 'gemini', false) as output_excludes_reasoning,
        cast(null as varchar) as usage_note
    from source
)

select * from renamed
