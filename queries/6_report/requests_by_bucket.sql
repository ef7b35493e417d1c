-- grain: bucket
-- Every request in exactly one bucket: its workload's verdict, or why it was not up for one; the buckets add up to all traffic.
with parts as (
    select
        case
            when is_gated then 'gated'
            when verdict = 'keep' then 'keep_eligible'
            else verdict
        end as bucket,
        request_count,
        list_cost
    from report_workloads
    union all
    select
        disposition as bucket,
        request_count,
        list_cost
    from spend_by_disposition
    where disposition not in ('eligible', 'gated')
)

select
    bucket,
    cast(sum(request_count) as bigint) as request_count,
    sum(list_cost) as list_cost
from parts
group by bucket
