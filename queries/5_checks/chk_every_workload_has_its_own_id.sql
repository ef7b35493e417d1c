-- grain: workload_id
-- when: report
-- No two workloads have one id; `audit cluster --refit` tells those apart that an earlier version gave one.
select
    workload_id,
    count(*) as workload_count
from workload_rules
group by workload_id
having count(*) > 1
