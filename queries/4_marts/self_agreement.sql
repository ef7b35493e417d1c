-- grain: one row per stored pair of the incumbent with itself
-- The incumbent asked the same twice: no candidate can agree with it more than it does, whatever its quality.
select
    endpoint,
    incumbent_model,
    grader,
    scope,
    case when parse_failed then 0 else 1 - abs(incumbent_score - candidate_score) end as agreement,
    weight,
    stratum,
    observed_on
from paired_outcomes
where incumbent_model = candidate_model and incumbent_failed is not true
