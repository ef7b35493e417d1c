-- grain: endpoint, provider_name, model
-- Requests, tokens and list cost per endpoint and model, and how many requests the cost leaves out: where the money is.
select
    endpoint,
    provider_name,
    model,
    cast(sum(request_count) as bigint) as request_count,
    cast(sum(case when outcome = 'billed' then request_count else 0 end) as bigint) as billed_request_count,
    cast(sum(case when cell_disposition = 'unpriced' then request_count else 0 end) as bigint) as unpriced_request_count,
    cast(sum(case when outcome = 'unknown_usage' then request_count else 0 end) as bigint)
        as unknown_usage_request_count,
    cast(sum(usage_input_tokens) as bigint) as usage_input_tokens,
    cast(sum(usage_cache_read_input_tokens) as bigint) as usage_cache_read_input_tokens,
    cast(sum(usage_output_tokens) as bigint) as usage_output_tokens,
    case
        when count(list_cost) filter (where outcome = 'billed') > 0 or count(list_cost) = count(*) then sum(list_cost)
    end as list_cost,
    case when sum(billed_cost_count) > 0 then sum(billed_cost) end as billed_cost,
    sum(duration_ms) / nullif(sum(duration_count), 0) as mean_duration_ms
from cell_costs
group by
    endpoint,
    provider_name,
    model
