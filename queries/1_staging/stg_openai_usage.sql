-- grain: one row per record of the export, in file order
-- OpenAI usage buckets under the project's names; counts and times are still text.
with source as (
    select * from raw_openai_usage
),

read as (
    select
        source.*,
        coalesce(num_model_requests, n_requests, num_requests) as requests,
        coalesce(input_tokens, n_context_tokens_total) as tokens_in,
        coalesce(output_tokens, n_generated_tokens_total) as tokens_out,
        coalesce(model, snapshot_id, model_id) as served_model,
        -- the time in seconds is trusted before its text, which is naive in some rows and not in others
        coalesce(start_time, aggregation_timestamp, "timestamp", start_time_iso) as started,
        coalesce(end_time, end_time_iso) as ended
    from source
),

judged as (
    select
        read.*,
        -- a minute with one request is that request; anything longer or fuller is a mean
        requests in ('1', '1.0') and (
            aggregation_timestamp is not null
            or try_cast(end_time as double) - try_cast(start_time as double) <= 60
        ) as is_request,
        served_model like '%embedding%' or object like '%.embeddings.%' as is_embedding,
        served_model like '%moderation%' or object like '%.moderations.%' as is_moderation
    from read
),

renamed as (
    select
        coalesce(started, requests, tokens_in) is not null as is_record,
        case
            when started is not null and requests is null and tokens_in is null
                then 'an empty bucket: no request was made in it'
            when started is not null and tokens_in is null
                then 'a bucket without token counts: images, speech and sessions are not billed by token'
            when regexp_matches(requests, '^0([.]0*)?$') then 'an empty bucket: no request was made in it'
        end as reject_hint,

        cast(null as varchar) as request_id,
        started as start_time,
        case when coalesce(is_request, false) then null else ended end as end_time,
        cast(null as varchar) as first_chunk_time,
        cast(null as varchar) as duration_ms,
        cast(null as varchar) as time_to_first_chunk_ms,
        case when coalesce(is_request, false) then 'request' else 'bucket' end as request_grain,
        requests as request_count,

        'openai' as provider_name,
        -- without grouping by model there is no model: that is no unknown model
        cast(null as varchar) as request_model,
        served_model as response_model,
        case when is_embedding then 'embeddings' when is_moderation then 'moderation' else 'chat' end as operation_name,
        cast(null as varchar[]) as tags,
        cast(null as varchar) as route,
        cast(null as varchar) as prompt_name,
        cast(null as varchar) as template_hash,
        cast(null as varchar) as url_path,
        cast(null as varchar) as metadata,

        tokens_in as usage_input_tokens,
        coalesce(
            input_cached_tokens,
            n_cached_context_tokens_total,
            cast(try_cast(n_context_tokens_total as bigint) - try_cast(n_non_cached_context_tokens_total as bigint)
                as varchar)
        ) as usage_cache_read_input_tokens,
        input_cache_write_tokens as usage_cache_creation_input_tokens,
        cast(null as varchar) as usage_cache_creation_1h_input_tokens,
        case when is_embedding or is_moderation then coalesce(tokens_out, '0') else tokens_out end as usage_output_tokens,
        cast(null as varchar) as usage_reasoning_output_tokens,
        -- cached audio stands apart from the rest of the audio
        case
            when coalesce(input_audio_tokens, '0') in ('0', '0.0') then input_cached_audio_tokens
            else input_audio_tokens
        end as usage_audio_input_tokens,
        output_audio_tokens as usage_audio_output_tokens,
        -- image tokens tell that there were images, not how many
        case
            when coalesce(input_image_tokens, '0') not in ('0', '0.0')
                or coalesce(input_cached_image_tokens, '0') not in ('0', '0.0')
                then '1'
        end as image_count,
        false as is_usage_unknown,

        case when lower(batch) = 'true' then 'batch' else coalesce(service_tier, 'default') end as service_tier,
        cast(null as boolean) as stream,
        cast(null as varchar) as tool_count,
        'text' as output_type,
        cast(null as varchar) as message_count,
        cast(null as varchar) as prompt_hash,
        cast(null as varchar) as response_finish_reason,

        false as is_failed,
        cast(null as varchar) as error_type,
        cast(null as varchar) as http_response_status_code,
        coalesce(user_id, email) as user_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as team_id,
        project_id,
        api_key_id,
        cast(null as varchar) as conversation_id,
        cast(null as varchar) as trace_id,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as attempt,
        false as gateway_cache_hit,
        cast(null as varchar) as feedback_score,
        cost as billed_cost,
        false as input_excludes_cache,
        false as output_excludes_reasoning,
        case
            when try_cast(input_uncached_tokens as double) + coalesce(try_cast(input_cached_tokens as double), 0)
                + coalesce(try_cast(input_cache_write_tokens as double), 0) <> try_cast(input_tokens as double)
                then 'input is not the sum of its cached, written and uncached tokens'
        end as usage_note
    from judged
)

select * from renamed
