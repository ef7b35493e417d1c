-- grain: one row per span of a trace, and one per trace without any, in file order
-- MLflow spans under the project's names; counts and times are still text.
with source as (
    select * from raw_mlflow
),

renamed as (
    select
        span_id is not null or trace_id is not null as is_record,
        case
            when span_id is null and start_time is null
                then 'a trace without its spans; export with search_traces(include_spans=True)'
            when coalesce(span_type, '') not in ('LLM', 'CHAT_MODEL', 'EMBEDDING')
                then 'not a model call: span of type ' || coalesce(span_type, 'none')
        end as reject_hint,

        span_id as request_id,
        start_time,
        end_time,
        cast(null as varchar) as first_chunk_time,
        cast(null as varchar) as duration_ms,
        cast(null as varchar) as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        provider as provider_name,
        model as request_model,
        served_model as response_model,
        case when span_type = 'EMBEDDING' then 'embeddings' else 'chat' end as operation_name,
        cast(null as varchar[]) as tags,
        -- the name of a trace is that of its outermost span: a function of the application, or the call itself
        case when trace_name <> span_name then trace_name end as route,
        prompt_name,
        template_hash,
        cast(null as varchar) as url_path,
        kept_metadata as metadata,

        usage.input_tokens as usage_input_tokens,
        usage.cache_read_input_tokens as usage_cache_read_input_tokens,
        usage.cache_creation_input_tokens as usage_cache_creation_input_tokens,
        cast(null as varchar) as usage_cache_creation_1h_input_tokens,
        case
            when span_type = 'EMBEDDING' and usage.input_tokens is not null then coalesce(usage.output_tokens, '0')
            else usage.output_tokens
        end as usage_output_tokens,
        cast(null as varchar) as usage_reasoning_output_tokens,
        cast(null as varchar) as usage_audio_input_tokens,
        cast(null as varchar) as usage_audio_output_tokens,
        image_count,
        usage.input_tokens is null and usage.output_tokens is null as is_usage_unknown,

        'default' as service_tier,
        lower(stream) = 'true' as stream,
        cast(tool_count as varchar) as tool_count,
        case when response_format in ('json_object', 'json_schema') then 'json' else 'text' end as output_type,
        message_count,
        prompt_hash,
        cast(null as varchar) as response_finish_reason,

        coalesce(upper(status) in ('STATUS_CODE_ERROR', 'ERROR'), false) as is_failed,
        cast(null as varchar) as error_type,
        cast(null as varchar) as http_response_status_code,
        user_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as team_id,
        cast(null as varchar) as project_id,
        cast(null as varchar) as api_key_id,
        conversation_id,
        trace_id,
        parent_id,
        cast(null as varchar) as attempt,
        false as gateway_cache_hit,
        cast(null as varchar) as feedback_score,
        cost as billed_cost,
        -- older releases copied Anthropic's input, which stands beside its cache
        cast(null as boolean) as input_excludes_cache,
        false as output_excludes_reasoning,
        case
            when usage.input_tokens is null
                and not coalesce(upper(status) in ('STATUS_CODE_ERROR', 'ERROR'), false)
                then 'no token counts; MLflow writes them since 3.2'
        end as usage_note
    from source
)

select * from renamed
