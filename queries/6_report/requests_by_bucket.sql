-- grain: bucket
-- Every request in exactly one bucket: what its workload's verdict is, or why it was not up for a verdict; the buckets add up to all traffic.
select
    case
        when is_gated then 'gated'
        when verdict = 'keep' then 'keep_eligible'
        else verdict
    end as bucket,
    cast(sum(request_count) as bigint) as request_count,
    sum(list_cost) as list_cost
from report_workloads
group by
    case
        when is_gated then 'gated'
        when verdict = 'keep' then 'keep_eligible'
        else verdict
    end
union all
select
    disposition as bucket,
    request_count,
    list_cost
from spend_by_disposition
where disposition not in ('eligible', 'gated')
