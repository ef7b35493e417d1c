-- grain: provider_name, model
-- when: report
-- The same traffic costs the same by day and by cell, to the last digit, and leaves out the same requests.
with days as (
    select
        provider_name,
        model,
        coalesce(sum(list_cost), 0) as list_cost,
        cast(sum(unpriced_request_count) as bigint) as unpriced_request_count
    from spend_by_day
    group by provider_name, model
),

cells as (
    select
        provider_name,
        model,
        coalesce(sum(list_cost), 0) as list_cost,
        cast(sum(case when cell_disposition = 'unpriced' then request_count else 0 end) as bigint)
            as unpriced_request_count
    from cell_costs
    group by provider_name, model
)

select
    cells.provider_name,
    cells.model,
    days.list_cost as daily_list_cost,
    cells.list_cost,
    days.unpriced_request_count as daily_unpriced_request_count,
    cells.unpriced_request_count
from cells
left join days on cells.provider_name = days.provider_name and cells.model = days.model
where
    days.list_cost is distinct from cells.list_cost
    or days.unpriced_request_count is distinct from cells.unpriced_request_count
