-- grain: workload_key
-- The incumbent's traffic per workload, in tokens and dollars; what a gate stops is a workload of its own, what has no price is in none.
select
    workload_id || coalesce(':' || cell_gate, '') as workload_key,
    workload_id,
    endpoint,
    model,
    candidate_model,
    coalesce(cell_gate, '') as cell_gate,
    bool_or(is_clustered) as is_clustered,
    cast(sum(request_count) as bigint) as request_count,
    cast(sum(case when length_band >= 50000 then request_count else 0 end) as bigint) as long_request_count,
    cast(sum(case when request_grain = 'bucket' then request_count else 0 end) as bigint) as bucket_request_count,
    cast(sum(usage_input_tokens) as bigint) as usage_input_tokens,
    cast(sum(usage_cache_read_input_tokens) as bigint) as usage_cache_read_input_tokens,
    cast(sum(usage_output_tokens) as bigint) as usage_output_tokens,
    cast(sum(duration_ms) as bigint) as duration_ms,
    cast(sum(duration_count) as bigint) as duration_count,
    sum(list_cost) as list_cost,
    sum(coalesce(list_output_cost, 0)) as list_output_cost,
    sum(candidate_input_cost) as candidate_input_cost,
    sum(candidate_output_cost) as candidate_output_cost
from cell_costs
where cell_disposition in ('eligible', 'gated')
group by
    workload_id || coalesce(':' || cell_gate, ''),
    workload_id,
    endpoint,
    model,
    candidate_model,
    coalesce(cell_gate, '')
