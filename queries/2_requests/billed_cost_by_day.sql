-- grain: cost_date, currency
-- What the provider billed a day: its groups added up, or the organization's total where no groups were exported.
with days as (
    select
        cast(period_start as date) as cost_date,
        currency,
        sum(case when not is_organization_total then amount end) as grouped_amount,
        sum(case when is_organization_total then amount end) as total_amount,
        count(*) as record_count
    from loaded_costs
    group by cast(period_start as date), currency
)

select
    cost_date,
    currency,
    coalesce(grouped_amount, total_amount) as billed_amount,
    grouped_amount is null as is_organization_total,
    record_count
from days
