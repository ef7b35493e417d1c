-- grain: endpoint, model
-- when: report
-- Every eligible or gated cell belongs to exactly one workload.
select
    endpoint,
    model,
    count(*) as cell_count,
    count(workload_id) as placed_count
from cell_costs
where cell_disposition in ('eligible', 'gated')
group by
    endpoint,
    model
having count(*) <> count(workload_id)
