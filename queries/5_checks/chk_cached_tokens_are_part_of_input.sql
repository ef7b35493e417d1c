-- grain: endpoint, model
-- when: report
-- Cache reads and writes are part of the input tokens, writes for an hour of all writes, reasoning of the output tokens, in every cell.
select
    endpoint,
    model,
    usage_input_tokens,
    usage_cache_read_input_tokens,
    usage_cache_creation_input_tokens,
    usage_cache_creation_1h_input_tokens,
    usage_output_tokens,
    usage_reasoning_output_tokens
from traffic_cells
where
    usage_cache_read_input_tokens + usage_cache_creation_input_tokens > usage_input_tokens
    or usage_cache_creation_1h_input_tokens > usage_cache_creation_input_tokens
    or usage_reasoning_output_tokens > usage_output_tokens
