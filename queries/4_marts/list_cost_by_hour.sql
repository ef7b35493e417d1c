-- grain: usage_hour, is_long_bucket, provider_name, model, service_tier, project_id
-- List cost of billed traffic by the hour, class of tokens and project, and how many requests it leaves out, to hold against a bill.
with calls as (
    select
        hourly_usage.usage_hour,
        hourly_usage.is_long_bucket,
        hourly_usage.billing_period,
        hourly_usage.provider_name,
        hourly_usage.model,
        hourly_usage.service_tier,
        hourly_usage.length_band,
        hourly_usage.project_id,
        hourly_usage.request_count,
        cast(hourly_usage.input_tokens as decimal(17, 0)) as input_tokens,
        cast(hourly_usage.cache_read_tokens as decimal(17, 0)) as cache_read_tokens,
        cast(hourly_usage.cache_creation_tokens as decimal(17, 0)) as cache_creation_tokens,
        cast(hourly_usage.cache_creation_1h_tokens as decimal(17, 0)) as cache_creation_1h_tokens,
        cast(hourly_usage.audio_input_tokens as decimal(17, 0)) as audio_input_tokens,
        cast(hourly_usage.output_tokens as decimal(17, 0)) as output_tokens,
        cast(hourly_usage.audio_output_tokens as decimal(17, 0)) as audio_output_tokens
    from hourly_usage
    inner join report_sources on hourly_usage.source_format = report_sources.source_format
),

priced as (
    select
        calls.usage_hour,
        calls.is_long_bucket,
        calls.provider_name,
        calls.model,
        calls.service_tier,
        calls.project_id,
        calls.request_count,
        case when input_tokens = 0 then 0 else input_tokens * own.input_price end as input_cost,
        case when cache_read_tokens = 0 then 0 else cache_read_tokens * own.cache_read_price end as cache_read_cost,
        case when cache_creation_tokens = 0 then 0 else cache_creation_tokens * own.cache_creation_price end
            as cache_creation_cost,
        case when cache_creation_1h_tokens = 0 then 0 else cache_creation_1h_tokens * own.cache_creation_1h_price end
            as cache_creation_1h_cost,
        case when audio_input_tokens = 0 then 0 else audio_input_tokens * own.audio_input_price end as audio_input_cost,
        case when output_tokens = 0 then 0 else output_tokens * own.output_price end as output_cost,
        case when audio_output_tokens = 0 then 0 else audio_output_tokens * own.audio_output_price end
            as audio_output_cost,
        own.model is not null as has_card
    from calls
    left join price_cards as own
        on calls.provider_name = own.provider_name
        and calls.model = own.model
        and calls.service_tier = own.service_tier
        and calls.length_band = own.length_band
        and calls.billing_period >= own.valid_from
        and calls.billing_period < coalesce(own.valid_to, date '9999-12-31')
),

-- A call with tokens that have no price is unpriced as a whole, as everywhere.
costed as (
    select
        priced.*,
        case
            when has_card
                then input_cost + cache_read_cost + cache_creation_cost + cache_creation_1h_cost + audio_input_cost
                    + output_cost + audio_output_cost
        end as list_cost
    from priced
)

select
    usage_hour,
    is_long_bucket,
    provider_name,
    model,
    service_tier,
    project_id,
    cast(sum(request_count) as bigint) as request_count,
    cast(sum(case when list_cost is null then request_count else 0 end) as bigint) as unpriced_request_count,
    sum(case when list_cost is not null then input_cost end) as input_cost,
    sum(case when list_cost is not null then cache_read_cost end) as cache_read_cost,
    sum(case when list_cost is not null then cache_creation_cost end) as cache_creation_cost,
    sum(case when list_cost is not null then cache_creation_1h_cost end) as cache_creation_1h_cost,
    sum(case when list_cost is not null then audio_input_cost end) as audio_input_cost,
    sum(case when list_cost is not null then output_cost end) as output_cost,
    sum(case when list_cost is not null then audio_output_cost end) as audio_output_cost,
    sum(list_cost) as list_cost
from costed
group by
    usage_hour,
    is_long_bucket,
    provider_name,
    model,
    service_tier,
    project_id
