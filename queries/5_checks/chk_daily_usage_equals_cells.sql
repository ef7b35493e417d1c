-- grain: load_id, endpoint, provider_name, model, outcome
-- when: load
-- Daily usage and traffic cells are two sums of the same requests.
with days as (
    select
        load_id,
        endpoint,
        provider_name,
        model,
        outcome,
        cast(sum(request_count) as bigint) as request_count,
        cast(sum(usage_input_tokens + usage_output_tokens) as bigint) as token_count
    from daily_usage
    group by load_id, endpoint, provider_name, model, outcome
),

cells as (
    select
        load_id,
        endpoint,
        provider_name,
        model,
        outcome,
        cast(sum(request_count) as bigint) as request_count,
        cast(sum(usage_input_tokens + usage_output_tokens) as bigint) as token_count
    from traffic_cells
    group by load_id, endpoint, provider_name, model, outcome
)

select
    coalesce(days.load_id, cells.load_id) as load_id,
    coalesce(days.endpoint, cells.endpoint) as endpoint,
    coalesce(days.provider_name, cells.provider_name) as provider_name,
    coalesce(days.model, cells.model) as model,
    coalesce(days.outcome, cells.outcome) as outcome,
    days.request_count as daily_request_count,
    cells.request_count as cell_request_count
from days
full join cells
    on days.load_id = cells.load_id
    and days.endpoint = cells.endpoint
    and days.provider_name = cells.provider_name
    and days.model = cells.model
    and days.outcome = cells.outcome
where
    days.request_count is distinct from cells.request_count
    or days.token_count is distinct from cells.token_count
