-- grain: workload_id, template_hash
-- The prompt templates of each workload's traffic in the window, where the logs know them: pairs of others are of an old prompt.
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

select distinct
    places.workload_id,
    requests.template_hash
from requests
inner join report_sources on requests.source_format = report_sources.source_format
inner join places
    on requests.endpoint = places.endpoint
    and requests.model = places.model
    and requests.operation_name = places.operation_name
    and requests.has_tools = places.has_tools
    and requests.is_json = places.is_json
    and requests.input_bin = places.input_bin
    and requests.output_bin = places.output_bin
    and requests.cache_read_bin = places.cache_read_bin
    and requests.reasoning_bin = places.reasoning_bin
where requests.outcome = 'billed' and requests.template_hash <> '' and places.workload_id is not null
