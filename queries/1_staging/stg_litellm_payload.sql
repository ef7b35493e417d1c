-- grain: one row per record of the export, in file order
-- LiteLLM StandardLoggingPayload objects under the project's names; counts and times are still text.
with source as (
    select * from raw_litellm_payload
),

renamed as (
    select
        id is not null or "startTime" is not null or model is not null as is_record,
        case
            when call_type in ('acompletion', 'completion') then null
            when call_type in ('aget_responses', 'get_responses', 'alist_input_items', 'list_input_items')
                or call_type like 'afile_%' or call_type like 'file_%'
                then 'not a model call: call_type ' || call_type || ' bills a fetched object again'
        end as reject_hint,

        nullif(nullif(id, ''), 'None') as request_id,
        "startTime" as start_time,
        "endTime" as end_time,
        case when "completionStartTime" < "endTime" then "completionStartTime" end as first_chunk_time,
        -- response_time is the time to the first chunk for streams, so the difference of the times is used
        cast(null as varchar) as duration_ms,
        cast(null as varchar) as time_to_first_chunk_ms,
        case when hidden_params.batch_successful_requests is not null then 'bucket' else 'request' end as request_grain,
        hidden_params.batch_successful_requests as request_count,

        nullif(custom_llm_provider, '') as provider_name,
        coalesce(nullif(model_group, ''), nullif(model, '')) as request_model,
        coalesce(response.model, nullif(model, '')) as response_model,
        case
            when call_type in ('acompletion', 'completion') then 'chat'
            when call_type like '%embedding%' then 'embeddings'
            when call_type like '%text_completion%' then 'text_completion'
            when call_type like '%image%' then 'image_generation'
            when call_type like '%transcription%' or call_type like '%speech%' then 'audio'
            when call_type like '%rerank%' then 'rerank'
            when call_type like '%moderation%' then 'moderation'
            else 'chat'
        end as operation_name,
        -- the classifier of `audit policy --target model-based` has the tags of the request it reads; the payload does
        -- not say that it is a call of the proxy's own, as the spend logs do
        case
            when model_group = 'classifier: reads a request first' then ['endpoint:autorouter_classifier']
            else request_tags
        end as tags,
        cast(null as varchar) as route,
        cast(null as varchar) as prompt_name,
        template_hash,
        cast(null as varchar) as url_path,
        kept_metadata as metadata,

        prompt_tokens as usage_input_tokens,
        coalesce(
            metadata.usage_object.prompt_tokens_details.cached_tokens,
            metadata.usage_object.cache_read_input_tokens,
            response.usage.prompt_tokens_details.cached_tokens,
            response.usage.cache_read_input_tokens
        ) as usage_cache_read_input_tokens,
        coalesce(
            metadata.usage_object.prompt_tokens_details.cache_creation_tokens,
            metadata.usage_object.cache_creation_input_tokens,
            response.usage.cache_creation_input_tokens
        ) as usage_cache_creation_input_tokens,
        metadata.usage_object.prompt_tokens_details.cache_creation_token_details.ephemeral_1h_input_tokens
            as usage_cache_creation_1h_input_tokens,
        completion_tokens as usage_output_tokens,
        coalesce(
            metadata.usage_object.completion_tokens_details.reasoning_tokens,
            response.usage.completion_tokens_details.reasoning_tokens
        ) as usage_reasoning_output_tokens,
        coalesce(
            metadata.usage_object.prompt_tokens_details.audio_tokens,
            response.usage.prompt_tokens_details.audio_tokens
        ) as usage_audio_input_tokens,
        coalesce(
            metadata.usage_object.completion_tokens_details.audio_tokens,
            response.usage.completion_tokens_details.audio_tokens
        ) as usage_audio_output_tokens,
        image_count,
        coalesce(prompt_tokens, '0') = '0' and coalesce(completion_tokens, '0') = '0' as is_usage_unknown,

        case
            when hidden_params.batch_successful_requests is not null then 'batch'
            else coalesce(response.service_tier, cost_breakdown.service_tier, 'default')
        end as service_tier,
        coalesce(lower(coalesce(stream, model_parameters.stream)) = 'true', "completionStartTime" < "endTime") as stream,
        cast(tool_count as varchar) as tool_count,
        case
            when model_parameters.response_format.type in ('json_object', 'json_schema') then 'json'
            else 'text'
        end as output_type,
        message_count,
        prompt_hash,
        cast(null as varchar) as response_finish_reason,

        status = 'failure' as is_failed,
        nullif(error_information.error_class, '') as error_type,
        nullif(error_information.error_code, '') as http_response_status_code,
        metadata.user_api_key_user_id as user_id,
        coalesce(nullif(end_user, ''), metadata.user_api_key_end_user_id) as customer_id,
        metadata.user_api_key_team_id as team_id,
        metadata.user_api_key_project_id as project_id,
        coalesce(metadata.user_api_key_alias, metadata.user_api_key_hash) as api_key_id,
        nullif(session_id, '') as conversation_id,
        coalesce(nullif(trace_id, ''), litellm_call_id) as trace_id,
        cast(null as varchar) as parent_id,
        cast(try_cast(metadata.attempted_retries as bigint) + 1 as varchar) as attempt,
        lower(cache_hit) = 'true' as gateway_cache_hit,
        cast(null as varchar) as feedback_score,
        response_cost as billed_cost,
        cast(null as boolean) as input_excludes_cache,
        false as output_excludes_reasoning,
        case
            when call_type in ('aresponses', 'responses')
                and custom_llm_provider in ('anthropic', 'gemini', 'vertex_ai', 'vertex_ai_beta', 'bedrock')
                then 'responses call that some LiteLLM versions log a second time as a completion (issue 15740)'
        end as usage_note
    from source
)

select * from renamed
