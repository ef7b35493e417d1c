-- grain: one row per stored pair
-- Paired outcomes with the workload they speak for; null where they name only an endpoint, which they decide as a whole.
with places as (
    select distinct
        endpoint,
        model,
        operation_name,
        has_tools,
        is_json,
        input_bin,
        output_bin,
        cache_read_bin,
        reasoning_bin,
        workload_id
    from cell_workloads
)

select
    places.workload_id,
    paired_outcomes.endpoint,
    paired_outcomes.incumbent_model,
    paired_outcomes.candidate_model,
    paired_outcomes.incumbent_score,
    paired_outcomes.candidate_score,
    paired_outcomes.incumbent_output_tokens,
    paired_outcomes.candidate_output_tokens,
    paired_outcomes.weight,
    paired_outcomes.parse_failed,
    paired_outcomes.grader,
    coalesce(paired_outcomes.sample_hash, paired_outcomes.outcome_file_hash) as drawn_with,
    paired_outcomes.request_id,
    paired_outcomes.stratum,
    paired_outcomes.template_hash,
    paired_outcomes.request_date,
    paired_outcomes.observed_on,
    paired_outcomes.incumbent_human_score,
    paired_outcomes.candidate_human_score,
    paired_outcomes.input_bin,
    paired_outcomes.length_band as input_tokens_band
from paired_outcomes
left join places
    on paired_outcomes.scope = 'request'
    and paired_outcomes.endpoint = places.endpoint
    and paired_outcomes.model = places.model
    and paired_outcomes.operation_name = places.operation_name
    and paired_outcomes.has_tools = places.has_tools
    and paired_outcomes.is_json = places.is_json
    and paired_outcomes.input_bin = places.input_bin
    and paired_outcomes.output_bin = places.output_bin
    and paired_outcomes.cache_read_bin = places.cache_read_bin
    and paired_outcomes.reasoning_bin = places.reasoning_bin
where (paired_outcomes.scope = 'endpoint' or places.workload_id is not null)
    -- the incumbent against itself is its noise, and an answer of its own that nobody could read is no yardstick
    and paired_outcomes.incumbent_model <> paired_outcomes.candidate_model
    and paired_outcomes.incumbent_failed is not true
