-- grain: workload_id
-- The workload table of the report: traffic, share of all traffic, shape, verdict, evidence, and what moving would save in the window.
select
    workloads.workload_id,
    workloads.endpoint,
    workloads.model,
    workloads.name,
    verdicts.verdict,
    verdicts.risk,
    verdicts.is_gated,
    workloads.request_count,
    workloads.request_count / cast(nullif(report_totals.request_count, 0) as double) as request_share,
    workloads.list_cost,
    cast(workloads.list_cost as double) / cast(nullif(report_totals.list_cost, 0) as double) as cost_share,
    workloads.input_p50,
    workloads.input_p95,
    workloads.output_p50,
    workloads.output_p95,
    verdicts.evidence,
    verdicts.pairs,
    verdicts.pairs_needed,
    verdicts.quality_loss_low,
    verdicts.quality_loss_point,
    verdicts.quality_loss_high,
    verdicts.margin,
    verdicts.p_value,
    verdicts.adjusted_p,
    verdicts.pass_probability,
    workload_savings.output_ratio,
    workload_savings.saving,
    workload_savings.ceiling
from workloads
inner join verdicts on workloads.workload_id = verdicts.workload_id
inner join workload_savings on workloads.workload_id = workload_savings.workload_id
cross join report_totals
