-- grain: level
-- What moves and what that saves at each level of evidence, as sums over workloads: points only, the intervals around them are simulated.
with levels as (
    select 'measured' as level
    union all
    select 'expected' as level
    union all
    select 'ceiling' as level
),

-- Only what saves is moved; a pilot counts with its odds of passing, the ceiling takes everything without a gate.
moved as (
    select 'measured' as level, 1.0 as weight, request_count, list_cost, saving
    from report_workloads
    where verdict = 'route' and saving > 0
    union all
    select
        'expected' as level,
        case when verdict = 'route' then 1.0 else pass_probability end as weight,
        request_count,
        list_cost,
        saving
    from report_workloads
    where verdict in ('route', 'pilot') and saving > 0
    union all
    select 'ceiling' as level, 1.0 as weight, request_count, list_cost, ceiling as saving
    from report_workloads
    where ceiling > 0
),

summed as (
    select
        levels.level,
        coalesce(sum(moved.weight * moved.request_count), 0) as request_count,
        coalesce(sum(moved.weight * cast(moved.list_cost as double)), 0) as list_cost,
        coalesce(sum(moved.weight * moved.saving), 0) as saving
    from levels
    left join moved on levels.level = moved.level
    group by levels.level
)

select
    summed.level,
    summed.request_count,
    summed.request_count / nullif(report_totals.request_count, 0) as request_share,
    summed.list_cost,
    summed.list_cost / cast(nullif(report_totals.list_cost, 0) as double) as cost_share,
    summed.saving,
    summed.saving * report_totals.windows_per_month as monthly_saving,
    summed.saving / cast(nullif(report_totals.list_cost, 0) as double) as share_of_spend
from summed
cross join report_totals
