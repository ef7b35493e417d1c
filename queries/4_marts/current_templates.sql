-- grain: workload_id, template_hash
-- The prompt templates that both stored pairs and the traffic of a workload have; null where the traffic has others.
with places as (
    select distinct
        workload_id,
        endpoint,
        model
    from cell_workloads
    where workload_id is not null and outcome = 'billed'
),

paired as (
    select distinct template_hash
    from paired_outcomes
)

select distinct
    places.workload_id,
    paired.template_hash
from endpoint_templates
inner join report_sources on endpoint_templates.source_format = report_sources.source_format
inner join places
    on endpoint_templates.endpoint = places.endpoint
    and endpoint_templates.model = places.model
left join paired on endpoint_templates.template_hash = paired.template_hash
