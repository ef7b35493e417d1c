-- grain: one row per record of the export, in file order
-- Buckets of Anthropic usage under the project's names; counts and times are still text.
with source as (
    select * from raw_anthropic_usage
),

summed as (
    select
        source.*,
        case
            when cache_write_5m is null or cache_write_1h is null then coalesce(cache_write_5m, cache_write_1h)
            when regexp_matches(cache_write_5m, '^[0-9]{1,17}$') and regexp_matches(cache_write_1h, '^[0-9]{1,17}$')
                then cast(cast(cache_write_5m as bigint) + cast(cache_write_1h as bigint) as varchar)
            -- what is no count is shown, and rejected
            else cache_write_5m || ' and ' || cache_write_1h
        end as cache_written,
        case
            when context_window is null or regexp_matches(context_window, '^(≤|<=|0-)') then 200000
            else 1000000
        end as longest_input
    from source
),

sized as (
    select
        summed.*,
        coalesce(try_cast(uncached_input_tokens as bigint), 0)
            + coalesce(try_cast(cache_read_input_tokens as bigint), 0)
            + coalesce(try_cast(cache_written as bigint), 0) as input_size
    from summed
),

renamed as (
    select
        coalesce(starting_at, uncached_input_tokens, output_tokens) is not null as is_record,
        case
            when starting_at is not null and uncached_input_tokens is null and output_tokens is null
                then 'an empty bucket: no usage in it'
        end as reject_hint,

        cast(null as varchar) as request_id,
        starting_at as start_time,
        ending_at as end_time,
        cast(null as varchar) as first_chunk_time,
        cast(null as varchar) as duration_ms,
        cast(null as varchar) as time_to_first_chunk_ms,
        'bucket' as request_grain,
        -- the exports count no requests: no fewer than these fit into the context window, and more would be a guess
        cast(greatest(cast(ceil(input_size / cast(longest_input as double)) as bigint), 1) as varchar) as request_count,

        'anthropic' as provider_name,
        cast(null as varchar) as request_model,
        nullif(model, '') as response_model,
        'chat' as operation_name,
        cast(null as varchar[]) as tags,
        cast(null as varchar) as route,
        cast(null as varchar) as prompt_name,
        cast(null as varchar) as template_hash,
        cast(null as varchar) as url_path,
        cast(null as varchar) as metadata,

        uncached_input_tokens as usage_input_tokens,
        cache_read_input_tokens as usage_cache_read_input_tokens,
        cache_written as usage_cache_creation_input_tokens,
        cache_write_1h as usage_cache_creation_1h_input_tokens,
        output_tokens as usage_output_tokens,
        cast(null as varchar) as usage_reasoning_output_tokens,
        cast(null as varchar) as usage_audio_input_tokens,
        cast(null as varchar) as usage_audio_output_tokens,
        cast(null as varchar) as image_count,
        false as is_usage_unknown,

        case
            when service_tier like 'batch%' then 'batch'
            when service_tier like 'flex%' then 'flex'
            when speed = 'fast' then 'fast'
            else 'default'
        end as service_tier,
        cast(null as boolean) as stream,
        cast(null as varchar) as tool_count,
        'text' as output_type,
        cast(null as varchar) as message_count,
        cast(null as varchar) as prompt_hash,
        cast(null as varchar) as response_finish_reason,

        false as is_failed,
        cast(null as varchar) as error_type,
        cast(null as varchar) as http_response_status_code,
        cast(null as varchar) as user_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as team_id,
        nullif(workspace_id, '') as project_id,
        nullif(api_key_id, '') as api_key_id,
        cast(null as varchar) as conversation_id,
        cast(null as varchar) as trace_id,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as attempt,
        false as gateway_cache_hit,
        cast(null as varchar) as feedback_score,
        cast(null as varchar) as billed_cost,
        true as input_excludes_cache,
        false as output_excludes_reasoning,
        'no count of requests; the fewest that its context window allows' as usage_note
    from sized
)

select * from renamed
