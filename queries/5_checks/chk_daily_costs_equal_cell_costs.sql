-- grain: provider_name, model
-- when: report
-- The same traffic costs the same by day and by cell, to the last digit.
with days as (
    select
        provider_name,
        model,
        sum(list_cost) as list_cost
    from spend_by_day
    group by provider_name, model
),

cells as (
    select
        provider_name,
        model,
        sum(list_cost) as list_cost
    from cell_costs
    group by provider_name, model
)

select
    cells.provider_name,
    cells.model,
    days.list_cost as daily_list_cost,
    cells.list_cost
from cells
left join days on cells.provider_name = days.provider_name and cells.model = days.model
where days.list_cost is distinct from cells.list_cost
