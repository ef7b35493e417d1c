-- grain: endpoint, has_tools, is_json, input_bin
-- How long both models took for the same kind of question, as sums over the answers whose duration the log states; batch and flex wait by design.
with roles as (
    select
        incumbent_model as model,
        'incumbent' as role
    from report_pairs
    where incumbent_model <> candidate_model
    union
    select
        candidate_model as model,
        'candidate' as role
    from report_pairs
    where incumbent_model <> candidate_model
),

timed as (
    select
        traffic_cells.endpoint,
        traffic_cells.has_tools,
        traffic_cells.is_json,
        traffic_cells.input_bin,
        traffic_cells.duration_count,
        traffic_cells.duration_ms,
        roles.role
    from traffic_cells
    inner join report_sources on traffic_cells.source_format = report_sources.source_format
    inner join roles on traffic_cells.model = roles.model
    where traffic_cells.outcome = 'billed'
        and traffic_cells.request_grain = 'request'
        and traffic_cells.service_tier not in ('batch', 'flex')
        and traffic_cells.duration_count > 0
)

select
    endpoint,
    has_tools,
    is_json,
    input_bin,
    cast(sum(case when role = 'incumbent' then duration_count else 0 end) as bigint) as incumbent_count,
    cast(sum(case when role = 'incumbent' then duration_ms else 0 end) as bigint) as incumbent_ms,
    cast(sum(case when role = 'candidate' then duration_count else 0 end) as bigint) as candidate_count,
    cast(sum(case when role = 'candidate' then duration_ms else 0 end) as bigint) as candidate_ms
from timed
group by
    endpoint,
    has_tools,
    is_json,
    input_bin
