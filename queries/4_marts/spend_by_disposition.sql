-- grain: disposition
-- Every request of the window in exactly one class, with its list cost; long-input workloads are still among the eligible.
select
    cell_disposition as disposition,
    cast(sum(request_count) as bigint) as request_count,
    cast(sum(usage_input_tokens + usage_output_tokens) as bigint) as token_count,
    sum(list_cost) as list_cost,
    case when sum(billed_cost_count) > 0 then sum(billed_cost) end as billed_cost,
    cast(sum(billed_cost_count) as bigint) as billed_cost_count
from cell_costs
group by cell_disposition
