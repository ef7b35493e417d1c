-- grain: load_id
-- when: load
-- Requests and tokens of the cells are those of the requests, or of their keys, load by load.
with facts as (
    select
        load_id,
        cast(sum(request_count) as bigint) as request_count,
        cast(coalesce(sum(usage_input_tokens), 0) as bigint) as usage_input_tokens,
        cast(coalesce(sum(usage_output_tokens), 0) as bigint) as usage_output_tokens
    from loaded_facts
    group by load_id
    union all
    select
        load_id,
        cast(sum(request_count) as bigint) as request_count,
        cast(coalesce(sum(usage_input_tokens), 0) as bigint) as usage_input_tokens,
        cast(coalesce(sum(usage_output_tokens), 0) as bigint) as usage_output_tokens
    from request_keys
    group by load_id
    union all
    -- of these nothing else is left
    select
        load_id,
        cast(sum(loaded_count) as bigint) as request_count,
        cast(null as bigint) as usage_input_tokens,
        cast(null as bigint) as usage_output_tokens
    from files
    where kept = 'cells' and loaded_count > 0
    group by load_id
),

cells as (
    select
        load_id,
        cast(sum(request_count) as bigint) as request_count,
        cast(sum(usage_input_tokens) as bigint) as usage_input_tokens,
        cast(sum(usage_output_tokens) as bigint) as usage_output_tokens
    from traffic_cells
    group by load_id
)

select
    coalesce(facts.load_id, cells.load_id) as load_id,
    facts.request_count as request_count,
    cells.request_count as cell_request_count
from facts
full join cells on facts.load_id = cells.load_id
where
    facts.request_count is distinct from cells.request_count
    or facts.usage_input_tokens <> cells.usage_input_tokens
    or facts.usage_output_tokens <> cells.usage_output_tokens
