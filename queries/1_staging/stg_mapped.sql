-- grain: one row per record of the export, in file order
-- Tables read through a column map; counts and times are still text.
with source as (
    select * from raw_mapped
),

renamed as (
    select
        is_record,
        case
            when not is_call then 'not a model call: another request of the gateway'
            when is_part then 'a further part of a request whose tokens stand in another record'
            when request_grain = 'bucket' and coalesce(request_count, '0') in ('0', '0.0')
                and coalesce(usage_input_tokens, '0') in ('0', '0.0')
                then 'an empty bucket: no request was made in it'
        end as reject_hint,

        request_id,
        start_time,
        end_time,
        first_chunk_time,
        duration_ms,
        time_to_first_chunk_ms,
        coalesce(request_grain, case when request_count is null then 'request' else 'bucket' end) as request_grain,
        request_count,

        provider_name,
        request_model,
        response_model,
        coalesce(
            operation_name,
            case when coalesce(response_model, request_model) like '%embedding%' then 'embeddings' end,
            'chat'
        ) as operation_name,
        tags,
        route,
        prompt_name,
        coalesce(given_template_hash, template_hash) as template_hash,
        url_path,
        kept_metadata as metadata,

        usage_input_tokens,
        usage_cache_read_input_tokens,
        usage_cache_creation_input_tokens,
        usage_cache_creation_1h_input_tokens,
        case
            when operation_name = 'embeddings' or coalesce(response_model, request_model) like '%embedding%'
                then coalesce(usage_output_tokens, '0')
            else usage_output_tokens
        end as usage_output_tokens,
        usage_reasoning_output_tokens,
        usage_audio_input_tokens,
        usage_audio_output_tokens,
        coalesce(given_image_count, image_count, cast(nullif(cast(has_images as bigint), 0) as varchar)) as image_count,
        -- no call has neither input nor output: gateways write 0 for counts they did not get
        coalesce(is_usage_unknown, false)
            or (
                coalesce(request_grain, 'request') = 'request'
                and request_count is null
                and coalesce(usage_input_tokens, '') in ('0', '0.0')
                and coalesce(usage_output_tokens, '') in ('0', '0.0')
            ) as is_usage_unknown,

        coalesce(service_tier, 'default') as service_tier,
        stream,
        coalesce(given_tool_count, cast(listed_tool_count as varchar), cast(cast(has_tools as bigint) as varchar)) as tool_count,
        case
            when is_json or given_output_type in ('json', 'json_object', 'json_schema') then 'json'
            else 'text'
        end as output_type,
        coalesce(given_message_count, message_count) as message_count,
        prompt_hash,
        response_finish_reason,

        coalesce(is_failed, false) as is_failed,
        error_type,
        case
            when regexp_matches(http_response_status_code, '^[1-5][0-9][0-9]$') then http_response_status_code
        end as http_response_status_code,
        user_id,
        customer_id,
        team_id,
        project_id,
        api_key_id,
        conversation_id,
        trace_id,
        parent_id,
        attempt,
        coalesce(gateway_cache_hit, false) as gateway_cache_hit,
        feedback_score,
        billed_cost,
        input_excludes_cache,
        output_excludes_reasoning,
        cast(null as varchar) as usage_note
    from source
)

select * from renamed
