-- grain: endpoint, model
-- How long the answers of both models took on endpoints that both serve, as the log has it: medians of billed single requests.
select
    requests.endpoint,
    requests.model,
    count(*) as timed_request_count,
    median(requests.duration_ms) as median_duration_ms,
    count(*) filter (where requests.usage_output_tokens > 0) as answered_request_count,
    median(
        case
            when requests.usage_output_tokens > 0
                then 1000 * cast(requests.usage_output_tokens as double) / requests.duration_ms
        end
    ) as median_output_tokens_per_second,
    count(requests.time_to_first_chunk_ms) as first_chunk_count,
    median(requests.time_to_first_chunk_ms) as median_time_to_first_chunk_ms
from requests
inner join report_sources on requests.source_format = report_sources.source_format
where
    requests.outcome = 'billed'
    and requests.request_grain = 'request'
    and requests.duration_ms > 0
    and requests.model in (
        select report_pairs.incumbent_model
        from report_pairs
        union
        select report_pairs.candidate_model
        from report_pairs
    )
    and requests.endpoint in (
        select traffic_cells.endpoint
        from traffic_cells
        inner join report_pairs on traffic_cells.model = report_pairs.incumbent_model
    )
    and requests.endpoint in (
        select traffic_cells.endpoint
        from traffic_cells
        inner join report_pairs on traffic_cells.model = report_pairs.candidate_model
    )
group by
    requests.endpoint,
    requests.model
