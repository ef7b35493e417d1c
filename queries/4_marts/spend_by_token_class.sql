-- grain: endpoint, provider_name, model, service_tier, length_band
-- Billed traffic that has a price, each class of tokens with its list cost: what a change of spend is explained from.
select
    endpoint,
    provider_name,
    model,
    service_tier,
    length_band,
    cast(sum(request_count) as bigint) as request_count,
    cast(
        sum(
            usage_input_tokens - usage_cache_read_input_tokens - usage_cache_creation_input_tokens
            - usage_audio_input_tokens
        ) as bigint
    ) as input_tokens,
    cast(sum(usage_cache_read_input_tokens) as bigint) as cache_read_tokens,
    cast(sum(usage_cache_creation_input_tokens - usage_cache_creation_1h_input_tokens) as bigint)
        as cache_creation_tokens,
    cast(sum(usage_cache_creation_1h_input_tokens) as bigint) as cache_creation_1h_tokens,
    cast(sum(usage_audio_input_tokens) as bigint) as audio_input_tokens,
    cast(sum(usage_output_tokens - usage_audio_output_tokens) as bigint) as output_tokens,
    cast(sum(usage_audio_output_tokens) as bigint) as audio_output_tokens,
    sum(input_cost) as input_cost,
    sum(cache_read_cost) as cache_read_cost,
    sum(cache_creation_cost) as cache_creation_cost,
    sum(cache_creation_1h_cost) as cache_creation_1h_cost,
    sum(audio_input_cost) as audio_input_cost,
    sum(output_cost) as output_cost,
    sum(audio_output_cost) as audio_output_cost
from cell_costs
where outcome = 'billed' and list_cost is not null
group by
    endpoint,
    provider_name,
    model,
    service_tier,
    length_band
