-- grain: one row per record of the export, in file order
-- Replies of OpenAI batches, with their requests, under the project's names; counts and times are still text.
with source as (
    select * from raw_openai_batch
),

renamed as (
    select
        custom_id is not null or batch_request_id is not null as is_record,
        case
            when has_usage and input_tokens is null then 'usage holds no readable count of input tokens'
            when has_batch_error and created is null
                then 'a call that failed, without a time; load it together with the output file of its batch'
        end as reject_hint,

        coalesce(response_id, batch_request_id, custom_id) as request_id,
        created as start_time,
        -- a batch runs within a day: its times say nothing of latency
        cast(null as varchar) as end_time,
        cast(null as varchar) as first_chunk_time,
        cast(null as varchar) as duration_ms,
        cast(null as varchar) as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        'openai' as provider_name,
        request_model,
        response_model,
        case
            when url like '%/embeddings%' or response_object = 'list'
                or coalesce(response_model, request_model) like '%embedding%'
                then 'embeddings'
            when url like '%/responses%' or response_object = 'response' then 'responses'
            when url like '%/v1/completions%' or response_object = 'text_completion' then 'text_completion'
            when url like '%/moderations%' then 'moderation'
            else 'chat'
        end as operation_name,
        cast(null as varchar[]) as tags,
        route,
        prompt_name,
        template_hash,
        url as url_path,
        kept_metadata as metadata,

        input_tokens as usage_input_tokens,
        cached_tokens as usage_cache_read_input_tokens,
        cache_write_tokens as usage_cache_creation_input_tokens,
        cast(null as varchar) as usage_cache_creation_1h_input_tokens,
        case
            when url like '%/embeddings%' or response_object = 'list'
                or coalesce(response_model, request_model) like '%embedding%'
                then coalesce(output_tokens, '0')
            else output_tokens
        end as usage_output_tokens,
        reasoning_tokens as usage_reasoning_output_tokens,
        audio_input_tokens as usage_audio_input_tokens,
        audio_output_tokens as usage_audio_output_tokens,
        image_count,
        not has_usage as is_usage_unknown,

        -- whatever the reply says of its tier, a batch is billed as one
        'batch' as service_tier,
        false as stream,
        cast(tool_count as varchar) as tool_count,
        case when response_format in ('json_object', 'json_schema') then 'json' else 'text' end as output_type,
        message_count,
        prompt_hash,
        finish_reason as response_finish_reason,

        coalesce(has_batch_error, false) or coalesce(has_error, false) or coalesce(response_status = 'failed', false)
            as is_failed,
        coalesce(batch_error, response_error) as error_type,
        status_code as http_response_status_code,
        coalesce(requested_by, labelled_user) as user_id,
        customer as customer_id,
        team as team_id,
        cast(null as varchar) as project_id,
        cast(null as varchar) as api_key_id,
        conversation as conversation_id,
        cast(null as varchar) as trace_id,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as attempt,
        false as gateway_cache_hit,
        cast(null as varchar) as feedback_score,
        cast(null as varchar) as billed_cost,
        false as input_excludes_cache,
        false as output_excludes_reasoning,
        cast(null as varchar) as usage_note
    from source
)

select * from renamed
