-- The query behind every figure of the report, as the page shows it; `simulated`: points only, their bounds are drawn.

-- figure: spend
select
    list_cost, monthly_list_cost, billed_cost, request_count, unpriced_request_count, unknown_usage_request_count,
    window_start, window_end, window_days
from report_totals

-- figure: measured, simulated
select saving, monthly_saving, share_of_spend, request_share, cost_share
from savings_by_level
where level = 'measured'

-- figure: expected, simulated
select saving, monthly_saving, share_of_spend, request_share, cost_share
from savings_by_level
where level = 'expected'

-- figure: ceiling, simulated
select saving, monthly_saving, share_of_spend, request_share, cost_share
from savings_by_level
where level = 'ceiling'

-- figure: judges
select
    endpoint,
    incumbent_model,
    candidate_model,
    grader,
    count(*) as pairs,
    count(*) filter (where is_labelled) as labels,
    sum(weight) filter (where is_labelled and is_agreed) / sum(weight) filter (where is_labelled) as agreement
from (
    select
        *,
        not coalesce(parse_failed, false) and incumbent_human_score is not null and candidate_human_score is not null
            as is_labelled,
        sign(incumbent_human_score - candidate_human_score) = sign(incumbent_score - candidate_score) as is_agreed
    from outcome_pairs
) as pairs
group by endpoint, incumbent_model, candidate_model, grader
having starts_with(grader, 'judge:') or count(*) filter (where is_labelled) > 0

-- figure: next
select workload_id, endpoint, pairs_needed, saving
from report_workloads
where verdict = 'pilot' and pairs_needed is not null
order by saving desc, workload_id

-- figure: waterfall, simulated
select *
from savings_by_level
order by level = 'ceiling', level = 'expected'

-- figure: blended
select
    level,
    1000 * (report_totals.list_cost - saving) / report_totals.request_count as per_1k_requests,
    1000000 * (report_totals.list_cost - saving) / report_totals.token_count as per_1m_tokens
from (
    select 'now' as level, 0 as saving
    union all
    select level, saving from savings_by_level
) as levels
cross join report_totals
order by level <> 'now', level = 'ceiling', level = 'expected'

-- figure: shares
select workload_id, endpoint, name, request_share, cost_share
from report_workloads
order by list_cost desc, workload_id

-- figure: workloads, simulated
select *
from report_workloads
order by list_cost desc, workload_id

-- figure: shape-map
select input_bin, output_bin, request_count, list_cost
from token_shape
order by list_cost desc, input_bin, output_bin

-- figure: quality
select
    workload_id, verdict, quality_loss_low, quality_loss_point, quality_loss_high, margin, p_value, adjusted_p, pairs,
    pairs_needed
from report_workloads
where quality_loss_point is not null
order by list_cost desc, workload_id

-- figure: frontier
select position, workload_id, verdict, is_measured, spend, saving, measured_answers_lost, unmeasured_answers_lost
from policy_frontier
order by position

-- figure: pairs
select workload_id, pairs, pairs_effective, pairs_discounted, pairs_refused
from verdicts
where pairs_effective < pairs or pairs_discounted > 0 or len(pairs_refused) > 0

-- figure: strata
select workload_id, kind, part.name, part.pairs, part.low, part.point, part.high, part.adjusted_p, part.reading
from (
    select workload_id, strata.kind as kind, unnest(strata.parts) as part
    from verdicts
    where strata.disagree
) as parts

-- figure: observational
select
    workload_id,
    model,
    request_count,
    failed_count / nullif(request_count, 0) as error_rate,
    truncated_count / nullif(finish_count, 0) as truncation_rate,
    retried_count / nullif(retry_known_count, 0) as retry_rate,
    feedback_sum / nullif(feedback_count, 0) as feedback_score,
    output_sum / nullif(output_count, 0) as output_tokens,
    duration_sum / nullif(duration_count, 0) as duration_ms
from observational_models
order by workload_id, model

-- figure: cascades, simulated
select *
from workload_checks
where beats_direct

-- figure: accounting
select bucket, request_count, list_cost
from requests_by_bucket

-- figure: daily
select usage_date, model, request_count, unpriced_request_count, unknown_usage_request_count, list_cost
from spend_by_day_and_model
order by usage_date, model

-- figure: models
select model, provider_name, request_count, unpriced_request_count, unknown_usage_request_count, list_cost
from spend_by_model
order by list_cost desc nulls first, model, provider_name

-- figure: assumptions
select name, value, source
from report_assumptions

-- figure: files
select path, source_format, read_count, loaded_count, duplicate_count, rejected_count
from request_files
order by file_id

-- figure: data
select
    coalesce(sum(case when request_grain = 'bucket' then request_count end), 0) as requests_in_buckets,
    coalesce(sum(case when is_price_assumed then request_count end), 0) as requests_priced_before_first_known_price,
    coalesce(sum(case when outcome = 'billed' and exists (
        select 1 from prices
        where prices.provider_name = cell_costs.provider_name and prices.model = cell_costs.model
            and prices.service_tier = cell_costs.service_tier and prices.length_band = cell_costs.length_band
            and cell_costs.billing_period >= prices.valid_from
            and cell_costs.billing_period < coalesce(prices.valid_to, date '9999-12-31')
            and prices.token_class in ('input', 'output')
            and ends_with(prices.source, 'rate published: standard rate')
    ) then request_count end), 0) as requests_of_a_tier_priced_at_the_standard_rate,
    (select coalesce(sum(id_collision_count), 0) from request_files) as id_collisions,
    (select coalesce(sum(rejected_count), 0) from request_files) as rejected_records
from cell_costs

-- figure: prices
select provider_name, model, retires_on, source
from retirement_dates
where model in (
    select incumbent_model from report_pairs
    union all
    select candidate_model from report_pairs
)
order by retires_on, model

-- figure: intelligence
select model, value as intelligence_index, source, checked_on
from model_facts
where fact = 'intelligence_index'
order by model

-- figure: latency
select
    cast(sum(incumbent_count) as bigint) as incumbent_requests,
    cast(sum(candidate_count) as bigint) as candidate_requests,
    sum(incumbent_ms) / sum(incumbent_count) / 1000 as incumbent_seconds,
    sum(candidate_ms / candidate_count * incumbent_count) / sum(incumbent_count) / 1000 as candidate_seconds
from answer_times
where incumbent_count > 0 and candidate_count > 0
