-- grain: one row per record of the export, in file order
-- Typed facts of every staged record, and the reason why it cannot be loaded where there is one.
-- A count is digits, or digits with an empty fraction: 12.7, -5 and "twelve" are seen here and never rounded away.
-- Most are whole numbers as they are written, which a cast and its way back tell at half the price of the pattern.
with numbered as (
    select
        staged.*,
        -- the end only matters where the export states no duration
        case when duration_ms is null or request_grain = 'bucket' then end_time end as needed_end,
        try_cast(request_count as bigint) as requests_number,
        try_cast(usage_input_tokens as bigint) as input_tokens_number,
        try_cast(usage_cache_read_input_tokens as bigint) as cache_read_tokens_number,
        try_cast(usage_cache_creation_input_tokens as bigint) as cache_creation_tokens_number,
        try_cast(usage_cache_creation_1h_input_tokens as bigint) as cache_creation_1h_tokens_number,
        try_cast(usage_output_tokens as bigint) as output_tokens_number,
        try_cast(usage_reasoning_output_tokens as bigint) as reasoning_tokens_number,
        try_cast(usage_audio_input_tokens as bigint) as audio_input_tokens_number,
        try_cast(usage_audio_output_tokens as bigint) as audio_output_tokens_number,
        try_cast(image_count as bigint) as images_number,
        try_cast(tool_count as bigint) as tools_number
    from staged
),

counted as (
    select
        numbered.*,
        case
            when requests_number between 0 and 999999999999999999
                and cast(requests_number as varchar) = request_count
                then requests_number
            when regexp_matches(request_count, '^[0-9]{1,18}([.]0*)?$')
                then cast(split_part(request_count, '.', 1) as bigint)
        end as requests,
        case
            when input_tokens_number between 0 and 999999999999999999
                and cast(input_tokens_number as varchar) = usage_input_tokens
                then input_tokens_number
            when regexp_matches(usage_input_tokens, '^[0-9]{1,18}([.]0*)?$')
                then cast(split_part(usage_input_tokens, '.', 1) as bigint)
        end as input_tokens,
        case
            when cache_read_tokens_number between 0 and 999999999999999999
                and cast(cache_read_tokens_number as varchar) = usage_cache_read_input_tokens
                then cache_read_tokens_number
            when regexp_matches(usage_cache_read_input_tokens, '^[0-9]{1,18}([.]0*)?$')
                then cast(split_part(usage_cache_read_input_tokens, '.', 1) as bigint)
        end as cache_read_tokens,
        case
            when cache_creation_tokens_number between 0 and 999999999999999999
                and cast(cache_creation_tokens_number as varchar) = usage_cache_creation_input_tokens
                then cache_creation_tokens_number
            when regexp_matches(usage_cache_creation_input_tokens, '^[0-9]{1,18}([.]0*)?$')
                then cast(split_part(usage_cache_creation_input_tokens, '.', 1) as bigint)
        end as cache_creation_tokens,
        case
            when cache_creation_1h_tokens_number between 0 and 999999999999999999
                and cast(cache_creation_1h_tokens_number as varchar) = usage_cache_creation_1h_input_tokens
                then cache_creation_1h_tokens_number
            when regexp_matches(usage_cache_creation_1h_input_tokens, '^[0-9]{1,18}([.]0*)?$')
                then cast(split_part(usage_cache_creation_1h_input_tokens, '.', 1) as bigint)
        end as cache_creation_1h_tokens,
        case
            when output_tokens_number between 0 and 999999999999999999
                and cast(output_tokens_number as varchar) = usage_output_tokens
                then output_tokens_number
            when regexp_matches(usage_output_tokens, '^[0-9]{1,18}([.]0*)?$')
                then cast(split_part(usage_output_tokens, '.', 1) as bigint)
        end as output_tokens,
        case
            when reasoning_tokens_number between 0 and 999999999999999999
                and cast(reasoning_tokens_number as varchar) = usage_reasoning_output_tokens
                then reasoning_tokens_number
            when regexp_matches(usage_reasoning_output_tokens, '^[0-9]{1,18}([.]0*)?$')
                then cast(split_part(usage_reasoning_output_tokens, '.', 1) as bigint)
        end as reasoning_tokens,
        case
            when audio_input_tokens_number between 0 and 999999999999999999
                and cast(audio_input_tokens_number as varchar) = usage_audio_input_tokens
                then audio_input_tokens_number
            when regexp_matches(usage_audio_input_tokens, '^[0-9]{1,18}([.]0*)?$')
                then cast(split_part(usage_audio_input_tokens, '.', 1) as bigint)
        end as audio_input_tokens,
        case
            when audio_output_tokens_number between 0 and 999999999999999999
                and cast(audio_output_tokens_number as varchar) = usage_audio_output_tokens
                then audio_output_tokens_number
            when regexp_matches(usage_audio_output_tokens, '^[0-9]{1,18}([.]0*)?$')
                then cast(split_part(usage_audio_output_tokens, '.', 1) as bigint)
        end as audio_output_tokens,
        case
            when images_number between 0 and 999999
                and cast(images_number as varchar) = image_count
                then images_number
            when regexp_matches(image_count, '^[0-9]{1,6}([.]0*)?$')
                then cast(split_part(image_count, '.', 1) as bigint)
        end as images,
        case
            when tools_number between 0 and 999999999999999999
                and cast(tools_number as varchar) = tool_count
                then tools_number
            when regexp_matches(tool_count, '^[0-9]{1,18}([.]0*)?$')
                then cast(split_part(tool_count, '.', 1) as bigint)
        end as tools
    from numbered
),

-- Writes for an hour are part of all writes: where a source states no total, they are the least that it can be.
written as (
    select
        counted.* exclude (cache_creation_tokens),
        usage_cache_creation_input_tokens is null and cache_creation_1h_tokens > 0 as is_total_of_the_hour,
        case
            when usage_cache_creation_input_tokens is null then cache_creation_1h_tokens
            else cache_creation_tokens
        end as cache_creation_tokens
    from counted
),

-- Input includes what was read from and written to the cache, output includes reasoning: added where a source counts
-- them apart. Where a source does not say (null), more cached tokens than input can only mean that it does.
cached as (
    select
        written.*,
        coalesce(cache_read_tokens, 0) + coalesce(cache_creation_tokens, 0) as cached_tokens,
        input_excludes_cache is null
            and coalesce(cache_read_tokens, 0) + coalesce(cache_creation_tokens, 0) > input_tokens as is_cache_beside_input
    from written
),

summed as (
    select
        cached.* exclude (input_tokens, output_tokens, usage_note),
        case
            when input_excludes_cache or is_cache_beside_input then input_tokens + cached_tokens
            else input_tokens
        end as input_tokens,
        case
            when output_excludes_reasoning then output_tokens + coalesce(reasoning_tokens, 0)
            else output_tokens
        end as output_tokens,
        -- 1.000 is 1 as a number with an empty fraction, and 1,000 where the point divides thousands
        coalesce(
            case
                when request_count like '%.000' and length(request_count) < 8
                    and request_count not like '0%' then 'request_count'
                when usage_input_tokens like '%.000' and length(usage_input_tokens) < 8
                    and usage_input_tokens not like '0%' then 'usage_input_tokens'
                when usage_cache_read_input_tokens like '%.000' and length(usage_cache_read_input_tokens) < 8
                    and usage_cache_read_input_tokens not like '0%' then 'usage_cache_read_input_tokens'
                when usage_cache_creation_input_tokens like '%.000' and length(usage_cache_creation_input_tokens) < 8
                    and usage_cache_creation_input_tokens not like '0%' then 'usage_cache_creation_input_tokens'
                when usage_cache_creation_1h_input_tokens like '%.000' and length(usage_cache_creation_1h_input_tokens) < 8
                    and usage_cache_creation_1h_input_tokens not like '0%' then 'usage_cache_creation_1h_input_tokens'
                when usage_output_tokens like '%.000' and length(usage_output_tokens) < 8
                    and usage_output_tokens not like '0%' then 'usage_output_tokens'
                when usage_reasoning_output_tokens like '%.000' and length(usage_reasoning_output_tokens) < 8
                    and usage_reasoning_output_tokens not like '0%' then 'usage_reasoning_output_tokens'
                when usage_audio_input_tokens like '%.000' and length(usage_audio_input_tokens) < 8
                    and usage_audio_input_tokens not like '0%' then 'usage_audio_input_tokens'
                when usage_audio_output_tokens like '%.000' and length(usage_audio_output_tokens) < 8
                    and usage_audio_output_tokens not like '0%' then 'usage_audio_output_tokens'
            end || ' ends in .000, as in 1.000: read as a whole number, 1, not as thousands',
            usage_note,
            case
                when is_cache_beside_input then 'cached tokens exceed input; treated as exclusive'
                when is_total_of_the_hour then 'no total of cache writes: those for an hour are taken as all'
            end
        ) as usage_note
    from cached
),

-- Epochs come in s, ms, us or ns, told apart by size; text without an offset is UTC (the session's time zone is UTC,
-- and a cast of text straight to TIMESTAMP would drop the offset without a word). By way of its microseconds a
-- TIMESTAMPTZ becomes a TIMESTAMP at a sixth of what `at time zone 'UTC'` takes.
timed as (
    select
        summed.*,
        case
            when not contains(start_time, '-') and regexp_matches(start_time, '^[0-9]{1,19}([.][0-9]+)?$')
                then make_timestamp(cast(round(
                    cast(start_time as double)
                    * case
                        when cast(start_time as double) < 1e11 then 1e6
                        when cast(start_time as double) < 1e14 then 1e3
                        when cast(start_time as double) < 1e17 then 1
                        else 1e-3
                    end
                ) as bigint))
            else make_timestamp(epoch_us(try_cast(start_time as timestamptz)))
        end as started,
        case
            when not contains(needed_end, '-') and regexp_matches(needed_end, '^[0-9]{1,19}([.][0-9]+)?$')
                then make_timestamp(cast(round(
                    cast(needed_end as double)
                    * case
                        when cast(needed_end as double) < 1e11 then 1e6
                        when cast(needed_end as double) < 1e14 then 1e3
                        when cast(needed_end as double) < 1e17 then 1
                        else 1e-3
                    end
                ) as bigint))
            else make_timestamp(epoch_us(try_cast(needed_end as timestamptz)))
        end as ended,
        case
            when not contains(first_chunk_time, '-') and regexp_matches(first_chunk_time, '^[0-9]{1,19}([.][0-9]+)?$')
                then make_timestamp(cast(round(
                    cast(first_chunk_time as double)
                    * case
                        when cast(first_chunk_time as double) < 1e11 then 1e6
                        when cast(first_chunk_time as double) < 1e14 then 1e3
                        when cast(first_chunk_time as double) < 1e17 then 1
                        else 1e-3
                    end
                ) as bigint))
            else make_timestamp(epoch_us(try_cast(first_chunk_time as timestamptz)))
        end as first_chunk_at,
        coalesce(is_failed, false) or coalesce(try_cast(http_response_status_code as bigint), 200) >= 400 as failed,
        10000000 * least(greatest(coalesce(requests, 1), 1), 1000000000) as most_tokens
    from summed
),

judged as (
    select
        timed.*,
        case
            when not is_record then 'not a readable record of this format'
            when reject_hint is not null then reject_hint
            when start_time is null then 'start_time is missing'
            when started is null then 'start_time ' || substr(start_time, 1, 40) || ' is not a time'
            when started < timestamp '2015-01-01' or started >= timestamp '2100-01-01'
                then 'start_time ' || substr(start_time, 1, 40) || ' is not between 2015 and 2100'
            when request_count is not null and coalesce(requests, 0) = 0
                then 'request_count ' || substr(request_count, 1, 40) || ' is not a positive count'
            when requests > 1000000000
                then 'request_count ' || request_count || ' is more than any bucket holds'
            when usage_input_tokens is not null and input_tokens is null
                then 'usage_input_tokens ' || substr(usage_input_tokens, 1, 40) || ' is not a count'
            when usage_output_tokens is not null and output_tokens is null
                then 'usage_output_tokens ' || substr(usage_output_tokens, 1, 40) || ' is not a count'
            when usage_cache_read_input_tokens is not null and cache_read_tokens is null
                then 'usage_cache_read_input_tokens ' || substr(usage_cache_read_input_tokens, 1, 40) || ' is not a count'
            when usage_cache_creation_input_tokens is not null and cache_creation_tokens is null
                then 'usage_cache_creation_input_tokens ' || substr(usage_cache_creation_input_tokens, 1, 40)
                    || ' is not a count'
            when usage_cache_creation_1h_input_tokens is not null and cache_creation_1h_tokens is null
                then 'usage_cache_creation_1h_input_tokens ' || substr(usage_cache_creation_1h_input_tokens, 1, 40)
                    || ' is not a count'
            when usage_reasoning_output_tokens is not null and reasoning_tokens is null
                then 'usage_reasoning_output_tokens ' || substr(usage_reasoning_output_tokens, 1, 40) || ' is not a count'
            when usage_audio_input_tokens is not null and audio_input_tokens is null
                then 'usage_audio_input_tokens ' || substr(usage_audio_input_tokens, 1, 40) || ' is not a count'
            when usage_audio_output_tokens is not null and audio_output_tokens is null
                then 'usage_audio_output_tokens ' || substr(usage_audio_output_tokens, 1, 40) || ' is not a count'
            when input_tokens > most_tokens
                then 'usage_input_tokens ' || usage_input_tokens || ' is more than any model reads in a request'
            when output_tokens > most_tokens
                then 'usage_output_tokens ' || usage_output_tokens || ' is more than any model writes in a request'
            when cached_tokens > input_tokens
                then 'cached tokens ' || cast(cached_tokens as varchar)
                    || ' exceed usage_input_tokens ' || usage_input_tokens
            when cache_creation_1h_tokens > coalesce(cache_creation_tokens, 0)
                then 'usage_cache_creation_1h_input_tokens ' || usage_cache_creation_1h_input_tokens
                    || ' exceed usage_cache_creation_input_tokens ' || coalesce(usage_cache_creation_input_tokens, '0')
            when audio_input_tokens > input_tokens
                then 'usage_audio_input_tokens ' || usage_audio_input_tokens
                    || ' exceed usage_input_tokens ' || usage_input_tokens
            when audio_output_tokens > output_tokens
                then 'usage_audio_output_tokens ' || usage_audio_output_tokens
                    || ' exceed usage_output_tokens ' || usage_output_tokens
            when reasoning_tokens > output_tokens
                then 'usage_reasoning_output_tokens ' || usage_reasoning_output_tokens
                    || ' exceed usage_output_tokens ' || usage_output_tokens
        end as reject_reason,
        not coalesce(is_usage_unknown, false) and input_tokens is not null and output_tokens is not null as usage_is_known
    from timed
),

typed as (
    select
        reject_reason,
        request_id,
        started as start_time,
        case
            when request_grain = 'bucket' then null
            when try_cast(duration_ms as double) between 0 and 1e10 then cast(round(try_cast(duration_ms as double)) as bigint)
            when ended >= started then date_diff('millisecond', started, ended)
        end as duration_ms,
        case
            when try_cast(time_to_first_chunk_ms as double) between 0 and 1e10
                then cast(round(try_cast(time_to_first_chunk_ms as double)) as bigint)
            when first_chunk_at >= started then date_diff('millisecond', started, first_chunk_at)
        end as time_to_first_chunk_ms,
        request_grain,
        coalesce(requests, 1) as request_count,
        case when request_grain = 'bucket' then date_diff('second', started, ended) end as bucket_seconds,
        lower(provider_name) as provider_name,
        request_model,
        response_model,
        coalesce(operation_name, 'chat') as operation_name,
        tags,
        route,
        prompt_name,
        template_hash,
        url_path,
        metadata,
        usage_is_known as usage_known,
        case when usage_is_known then input_tokens end as usage_input_tokens,
        case when usage_is_known then coalesce(cache_read_tokens, 0) end as usage_cache_read_input_tokens,
        case when usage_is_known then coalesce(cache_creation_tokens, 0) end as usage_cache_creation_input_tokens,
        -- null where the export does not say, so that most loads need no column for it
        case when usage_is_known then cache_creation_1h_tokens end as usage_cache_creation_1h_input_tokens,
        case when usage_is_known then output_tokens end as usage_output_tokens,
        case when usage_is_known then coalesce(reasoning_tokens, 0) end as usage_reasoning_output_tokens,
        -- audio that was read from the cache is billed as cached: only the rest is audio
        case
            when usage_is_known
                then least(
                    coalesce(audio_input_tokens, 0),
                    input_tokens - cached_tokens
                )
        end as usage_audio_input_tokens,
        case when usage_is_known then coalesce(audio_output_tokens, 0) end as usage_audio_output_tokens,
        coalesce(images, 0) as image_count,
        case when lower(coalesce(service_tier, '')) in ('', 'auto', 'standard', 'default') then 'default'
            else lower(service_tier) end as service_tier,
        stream,
        tools as tool_count,
        coalesce(output_type, 'text') as output_type,
        try_cast(message_count as bigint) as message_count,
        prompt_hash,
        response_finish_reason,
        failed as is_failed,
        error_type,
        try_cast(http_response_status_code as bigint) as http_response_status_code,
        user_id,
        customer_id,
        team_id,
        project_id,
        api_key_id,
        conversation_id,
        trace_id,
        parent_id,
        try_cast(attempt as bigint) as attempt,
        coalesce(gateway_cache_hit, false) as gateway_cache_hit,
        try_cast(feedback_score as double) as feedback_score,
        try_cast(billed_cost as decimal(18, 10)) as billed_cost,
        coalesce(
            usage_note,
            case
                when trim(billed_cost) <> '' and try_cast(billed_cost as decimal(18, 10)) is null
                    then 'billed cost is no number of dollars; left out'
            end
        ) as usage_note
    from judged
)

select * from typed
