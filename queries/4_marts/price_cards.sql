-- grain: provider_name, model, service_tier, length_band, valid_from
-- Dollars per token with one column per token class; null where a class has no price.
with days as (
    select provider_name, model, service_tier, length_band, valid_from as first_day
    from prices
    union
    select provider_name, model, service_tier, length_band, valid_to as first_day
    from prices
    where valid_to is not null
),

-- The classes of a model need not change on the same day: a card holds from the change of any to the change of the next.
spans as (
    select
        days.*,
        lead(first_day) over (
            partition by provider_name, model, service_tier, length_band
            order by first_day
        ) as next_day
    from days
)

select
    spans.provider_name,
    spans.model,
    spans.service_tier,
    spans.length_band,
    spans.first_day as valid_from,
    spans.next_day as valid_to,
    max(case when token_class = 'input' then usd_per_million * cast('0.000001' as decimal(7, 6)) end) as input_price,
    max(case when token_class = 'cache_read' then usd_per_million * cast('0.000001' as decimal(7, 6)) end)
        as cache_read_price,
    max(case when token_class = 'cache_creation' then usd_per_million * cast('0.000001' as decimal(7, 6)) end)
        as cache_creation_price,
    max(case when token_class = 'cache_creation_1h' then usd_per_million * cast('0.000001' as decimal(7, 6)) end)
        as cache_creation_1h_price,
    max(case when token_class = 'output' then usd_per_million * cast('0.000001' as decimal(7, 6)) end) as output_price,
    max(case when token_class = 'audio_input' then usd_per_million * cast('0.000001' as decimal(7, 6)) end)
        as audio_input_price,
    max(case when token_class = 'audio_output' then usd_per_million * cast('0.000001' as decimal(7, 6)) end)
        as audio_output_price,
    bool_or(prices.is_assumed_before) as is_assumed_before
from spans
inner join prices
    on spans.provider_name = prices.provider_name
    and spans.model = prices.model
    and spans.service_tier = prices.service_tier
    and spans.length_band = prices.length_band
    and spans.first_day >= prices.valid_from
    and spans.first_day < coalesce(prices.valid_to, date '9999-12-31')
group by
    spans.provider_name,
    spans.model,
    spans.service_tier,
    spans.length_band,
    spans.first_day,
    spans.next_day
