-- grain: usage_date, source_format, billing_period, endpoint, provider_name, model, service_tier, length_band, token_class
-- What a bill would list: one charge per day, endpoint, model, tier and class of tokens, at the price of that day; the charges add up to the list cost of all priced traffic.
with days as (
    select
        daily_usage.usage_date,
        daily_usage.source_format,
        daily_usage.billing_period,
        daily_usage.endpoint,
        daily_usage.provider_name,
        daily_usage.model,
        daily_usage.service_tier,
        daily_usage.token_classes,
        daily_usage.length_band,
        cast(sum(request_count) as bigint) as request_count,
        sum(usage_input_tokens) as usage_input_tokens,
        sum(usage_cache_read_input_tokens) as usage_cache_read_input_tokens,
        sum(usage_cache_creation_input_tokens) as usage_cache_creation_input_tokens,
        sum(usage_cache_creation_1h_input_tokens) as usage_cache_creation_1h_input_tokens,
        sum(usage_output_tokens) as usage_output_tokens,
        sum(usage_audio_input_tokens) as usage_audio_input_tokens,
        sum(usage_audio_output_tokens) as usage_audio_output_tokens
    from daily_usage
    inner join report_sources on daily_usage.source_format = report_sources.source_format
    where outcome = 'billed'
    group by
        daily_usage.usage_date,
        daily_usage.source_format,
        daily_usage.billing_period,
        daily_usage.endpoint,
        daily_usage.provider_name,
        daily_usage.model,
        daily_usage.service_tier,
        daily_usage.token_classes,
        daily_usage.length_band
),

classes as (
    select
        days.*,
        'input' as token_class,
        1 as class_place,
        usage_input_tokens - usage_cache_read_input_tokens
        - usage_cache_creation_input_tokens - usage_audio_input_tokens as consumed_quantity
    from days
    union all
    select
        days.*,
        'cache_read' as token_class,
        2 as class_place,
        usage_cache_read_input_tokens as consumed_quantity
    from days
    union all
    select
        days.*,
        'cache_creation' as token_class,
        3 as class_place,
        usage_cache_creation_input_tokens - usage_cache_creation_1h_input_tokens as consumed_quantity
    from days
    union all
    select
        days.*,
        'cache_creation_1h' as token_class,
        4 as class_place,
        usage_cache_creation_1h_input_tokens as consumed_quantity
    from days
    union all
    select
        days.*,
        'audio_input' as token_class,
        5 as class_place,
        usage_audio_input_tokens as consumed_quantity
    from days
    union all
    select
        days.*,
        'output' as token_class,
        6 as class_place,
        usage_output_tokens - usage_audio_output_tokens as consumed_quantity
    from days
    union all
    select
        days.*,
        'audio_output' as token_class,
        7 as class_place,
        usage_audio_output_tokens as consumed_quantity
    from days
),

-- The requests of a day stand on its first charge, so that they add up like the money does. A day that has tokens
-- without a price is unpriced as a whole, as everywhere.
charges as (
    select
        classes.*,
        prices.usd_per_million,
        prices.valid_from,
        row_number() over (day order by class_place) as charge_place,
        bool_and(prices.usd_per_million is not null) over day as is_priced
    from classes
    left join prices
        on classes.provider_name = prices.provider_name
        and classes.model = prices.model
        and classes.service_tier = prices.service_tier
        and classes.token_class = prices.token_class
        and classes.length_band = prices.length_band
        and classes.billing_period >= prices.valid_from
        and classes.billing_period < coalesce(prices.valid_to, date '9999-12-31')
    where classes.consumed_quantity > 0
    window day as (
        partition by
            usage_date,
            source_format,
            billing_period,
            endpoint,
            classes.provider_name,
            classes.model,
            classes.service_tier,
            classes.token_classes,
            classes.length_band
    )
),

-- Calls with audio may be unpriced where those of text alone are not; priced, they are charged together.
priced as (
    select
        usage_date,
        source_format,
        billing_period,
        endpoint,
        provider_name,
        model,
        service_tier,
        length_band,
        token_class,
        usd_per_million,
        valid_from,
        sum(case when charge_place = 1 then request_count else 0 end) as request_count,
        cast(sum(consumed_quantity) as decimal(17, 0)) as consumed_quantity
    from charges
    where is_priced
    group by
        usage_date,
        source_format,
        billing_period,
        endpoint,
        provider_name,
        model,
        service_tier,
        length_band,
        token_class,
        usd_per_million,
        valid_from
)

select
    usage_date,
    source_format,
    billing_period,
    endpoint,
    provider_name,
    model,
    service_tier,
    length_band,
    token_class,
    cast(request_count as bigint) as request_count,
    cast(consumed_quantity as bigint) as consumed_quantity,
    consumed_quantity * cast('0.000001' as decimal(7, 6)) as pricing_quantity,
    usd_per_million,
    valid_from,
    consumed_quantity * (usd_per_million * cast('0.000001' as decimal(7, 6))) as list_cost
from priced
