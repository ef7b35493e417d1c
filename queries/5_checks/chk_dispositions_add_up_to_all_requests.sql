-- grain: source_format
-- when: report
-- Every cell is priced, gated, set apart or named as unpriced exactly once: no join lost or doubled one.
with classified as (
    select
        source_format,
        cast(sum(request_count) as bigint) as request_count
    from cell_costs
    group by source_format
),

everything as (
    select
        traffic_cells.source_format,
        cast(sum(traffic_cells.request_count) as bigint) as request_count
    from traffic_cells
    inner join report_sources on traffic_cells.source_format = report_sources.source_format
    group by traffic_cells.source_format
)

select
    everything.source_format,
    everything.request_count,
    classified.request_count as classified_request_count
from everything
left join classified on everything.source_format = classified.source_format
where everything.request_count is distinct from classified.request_count
