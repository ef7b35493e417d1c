-- grain: endpoint, provider_name, model, service_tier, length_band
-- Billed traffic that has a price, each class of tokens with its list cost: what a change of spend is explained from.
with cells as (
    select
        cell_costs.*,
        cast(
            usage_input_tokens - usage_cache_read_input_tokens - usage_cache_creation_input_tokens
            - usage_audio_input_tokens as decimal(17, 0)
        ) as input_tokens,
        cast(usage_cache_read_input_tokens as decimal(17, 0)) as cache_read_tokens,
        cast(usage_cache_creation_input_tokens as decimal(17, 0)) as cache_creation_tokens,
        cast(usage_audio_input_tokens as decimal(17, 0)) as audio_input_tokens,
        cast(usage_output_tokens - usage_audio_output_tokens as decimal(17, 0)) as output_tokens,
        cast(usage_audio_output_tokens as decimal(17, 0)) as audio_output_tokens
    from cell_costs
    where outcome = 'billed' and list_cost is not null
)

select
    cells.endpoint,
    cells.provider_name,
    cells.model,
    cells.service_tier,
    cells.length_band,
    cast(sum(request_count) as bigint) as request_count,
    cast(sum(input_tokens) as bigint) as input_tokens,
    cast(sum(cache_read_tokens) as bigint) as cache_read_tokens,
    cast(sum(cache_creation_tokens) as bigint) as cache_creation_tokens,
    cast(sum(audio_input_tokens) as bigint) as audio_input_tokens,
    cast(sum(output_tokens) as bigint) as output_tokens,
    cast(sum(audio_output_tokens) as bigint) as audio_output_tokens,
    sum(case when input_tokens = 0 then 0 else input_tokens * input_price end) as input_cost,
    sum(case when cache_read_tokens = 0 then 0 else cache_read_tokens * cache_read_price end) as cache_read_cost,
    sum(case when cache_creation_tokens = 0 then 0 else cache_creation_tokens * cache_creation_price end) as cache_creation_cost,
    sum(case when audio_input_tokens = 0 then 0 else audio_input_tokens * audio_input_price end) as audio_input_cost,
    sum(case when output_tokens = 0 then 0 else output_tokens * output_price end) as output_cost,
    sum(case when audio_output_tokens = 0 then 0 else audio_output_tokens * audio_output_price end) as audio_output_cost
from cells
inner join price_cards as own
    on cells.provider_name = own.provider_name
    and cells.model = own.model
    and cells.service_tier = own.service_tier
    and cells.length_band = own.length_band
    and cells.billing_period >= own.valid_from
    and cells.billing_period < coalesce(own.valid_to, date '9999-12-31')
group by
    cells.endpoint,
    cells.provider_name,
    cells.model,
    cells.service_tier,
    cells.length_band
