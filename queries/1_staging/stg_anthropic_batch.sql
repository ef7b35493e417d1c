-- grain: one row per record of the export, in file order
-- Results of Anthropic message batches under the project's names; counts and times are still text.
with source as (
    select * from raw_anthropic_batch
),

renamed as (
    select
        record_type is not null as is_record,
        case
            when record_type = 'message_batch' then 'not a model call: message batch'
            when batch_created is null
                then 'no batch object among the files has these counts: load the one of this batch too, for its time'
            when has_usage and input_tokens is null then 'usage holds no readable count of input tokens'
        end as reject_hint,

        coalesce(response_id, batch_id || '/' || custom_id) as request_id,
        batch_created as start_time,
        cast(null as varchar) as end_time,
        cast(null as varchar) as first_chunk_time,
        cast(null as varchar) as duration_ms,
        cast(null as varchar) as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        'anthropic' as provider_name,
        response_model as request_model,
        response_model,
        'chat' as operation_name,
        cast(null as varchar[]) as tags,
        cast(null as varchar) as route,
        cast(null as varchar) as prompt_name,
        cast(null as varchar) as template_hash,
        cast(null as varchar) as url_path,
        cast(null as varchar) as metadata,

        input_tokens as usage_input_tokens,
        cached_tokens as usage_cache_read_input_tokens,
        cache_write_tokens as usage_cache_creation_input_tokens,
        hour_cache_write_tokens as usage_cache_creation_1h_input_tokens,
        output_tokens as usage_output_tokens,
        reasoning_tokens as usage_reasoning_output_tokens,
        cast(null as varchar) as usage_audio_input_tokens,
        cast(null as varchar) as usage_audio_output_tokens,
        cast(null as varchar) as image_count,
        not has_usage as is_usage_unknown,

        'batch' as service_tier,
        false as stream,
        cast(null as varchar) as tool_count,
        'text' as output_type,
        cast(null as varchar) as message_count,
        cast(null as varchar) as prompt_hash,
        finish_reason as response_finish_reason,

        record_type <> 'succeeded' as is_failed,
        case when record_type <> 'succeeded' then coalesce(batch_error, record_type) end as error_type,
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
        true as input_excludes_cache,
        false as output_excludes_reasoning,
        case when batch_id is null then 'several batches have these counts; the time of the first' end as usage_note
    from source
)

select * from renamed
