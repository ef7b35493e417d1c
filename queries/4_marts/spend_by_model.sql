-- grain: provider_name, model
-- Requests, tokens and list cost per model, and how many requests the cost leaves out.
select
    provider_name,
    model,
    cast(sum(request_count) as bigint) as request_count,
    cast(sum(case when outcome = 'billed' then request_count else 0 end) as bigint) as billed_request_count,
    cast(sum(case when cell_disposition = 'unpriced' then request_count else 0 end) as bigint) as unpriced_request_count,
    cast(sum(case when outcome = 'unknown_usage' then request_count else 0 end) as bigint)
        as unknown_usage_request_count,
    cast(sum(usage_input_tokens) as bigint) as usage_input_tokens,
    cast(sum(usage_output_tokens) as bigint) as usage_output_tokens,
    case
        when count(list_cost) filter (where outcome = 'billed') > 0 or count(list_cost) = count(*) then sum(list_cost)
    end as list_cost,
    bool_or(coalesce(is_price_assumed, false)) as is_price_assumed
from cell_costs
group by
    provider_name,
    model
