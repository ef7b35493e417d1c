-- grain: candidate_model, workload_id
-- What a candidate may be given of each workload of the incumbent, with its cost on both models; a gate stops the rest.
select
    candidate_model,
    workload_id,
    cast(sum(request_count) as bigint) as whole_request_count,
    sum(list_cost) as whole_list_cost,
    cast(coalesce(sum(request_count) filter (where cell_gate is null), 0) as bigint) as request_count,
    cast(coalesce(sum(request_count) filter (where cell_gate is null and length_band >= 50000), 0) as bigint)
        as long_request_count,
    coalesce(sum(list_cost) filter (where cell_gate is null), 0) as list_cost,
    coalesce(sum(candidate_input_cost) filter (where cell_gate is null), 0) as candidate_input_cost,
    coalesce(sum(candidate_output_cost) filter (where cell_gate is null), 0) as candidate_output_cost,
    min(cell_gate) as first_gate
from cell_costs
where cell_disposition in ('eligible', 'gated')
group by
    candidate_model,
    workload_id
