-- grain: source_format, billing_period, customer_id, endpoint, provider_name, model, service_tier
-- What each customer used, for margins; computed from the requests when asked, since customers can be as many as they.
select
    source_format,
    billing_period,
    coalesce(customer_id, '') as customer_id,
    endpoint,
    provider_name,
    model,
    service_tier,
    cast(sum(request_count) as bigint) as request_count,
    cast(coalesce(sum(usage_input_tokens), 0) as bigint) as usage_input_tokens,
    cast(coalesce(sum(usage_cache_read_input_tokens), 0) as bigint) as usage_cache_read_input_tokens,
    cast(coalesce(sum(usage_cache_creation_input_tokens), 0) as bigint) as usage_cache_creation_input_tokens,
    cast(coalesce(sum(usage_output_tokens), 0) as bigint) as usage_output_tokens,
    cast(coalesce(sum(usage_reasoning_output_tokens), 0) as bigint) as usage_reasoning_output_tokens,
    cast(coalesce(sum(billed_cost), 0) as decimal(38, 12)) as billed_cost
from requests
where outcome = 'billed'
group by
    source_format,
    billing_period,
    coalesce(customer_id, ''),
    endpoint,
    provider_name,
    model,
    service_tier
