-- grain: usage_date, endpoint, provider_name, model
-- Requests and list cost per day, endpoint and model, and how many requests the cost leaves out: time series, and the blocks of the bootstrap.
with days as (
    select
        daily_usage.*,
        cast(
            usage_input_tokens - usage_cache_read_input_tokens - usage_cache_creation_input_tokens
            - usage_audio_input_tokens as decimal(17, 0)
        ) as uncached_tokens,
        cast(usage_cache_read_input_tokens as decimal(17, 0)) as cache_read_tokens,
        cast(usage_cache_creation_input_tokens - usage_cache_creation_1h_input_tokens as decimal(17, 0)) as cache_creation_tokens,
        cast(usage_cache_creation_1h_input_tokens as decimal(17, 0)) as cache_creation_1h_tokens,
        cast(usage_audio_input_tokens as decimal(17, 0)) as audio_input_tokens,
        cast(usage_output_tokens - usage_audio_output_tokens as decimal(17, 0)) as text_output_tokens,
        cast(usage_audio_output_tokens as decimal(17, 0)) as audio_output_tokens
    from daily_usage
    inner join report_sources on daily_usage.source_format = report_sources.source_format
),

priced as (
    select
        days.*,
        case
            when days.outcome = 'unknown_usage' then null
            when days.outcome <> 'billed' then 0
            when own.model is not null
                then case when uncached_tokens = 0 then 0 else uncached_tokens * own.input_price end
                    + case when cache_read_tokens = 0 then 0 else cache_read_tokens * own.cache_read_price end
                    + case when cache_creation_tokens = 0 then 0 else cache_creation_tokens * own.cache_creation_price end
                    + case
                        when cache_creation_1h_tokens = 0 then 0
                        else cache_creation_1h_tokens * own.cache_creation_1h_price
                    end
                    + case when audio_input_tokens = 0 then 0 else audio_input_tokens * own.audio_input_price end
                    + case when text_output_tokens = 0 then 0 else text_output_tokens * own.output_price end
                    + case when audio_output_tokens = 0 then 0 else audio_output_tokens * own.audio_output_price end
        end as list_cost
    from days
    left join price_cards as own
        on days.provider_name = own.provider_name
        and days.model = own.model
        and days.service_tier = own.service_tier
        and days.length_band = own.length_band
        and days.billing_period >= own.valid_from
        and days.billing_period < coalesce(own.valid_to, date '9999-12-31')
)

select
    usage_date,
    endpoint,
    provider_name,
    model,
    cast(sum(request_count) as bigint) as request_count,
    cast(sum(case when outcome = 'billed' then request_count else 0 end) as bigint) as billed_request_count,
    cast(sum(case when outcome = 'billed' and list_cost is null then request_count else 0 end) as bigint)
        as unpriced_request_count,
    cast(sum(case when outcome = 'unknown_usage' then request_count else 0 end) as bigint)
        as unknown_usage_request_count,
    case
        when count(list_cost) filter (where outcome = 'billed') > 0 or count(list_cost) = count(*) then sum(list_cost)
    end as list_cost
from priced
group by
    usage_date,
    endpoint,
    provider_name,
    model
