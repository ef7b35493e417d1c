-- grain: endpoint, model, is_embedding, has_tools, is_json, input_bin, output_bin, cache_read_bin, reasoning_bin
-- Billed requests of known shape per segment and bins; a bucket has an average, not a shape, and counts 0 unless it is one call.
select
    segmented_cells.endpoint,
    segmented_cells.model,
    segmented_cells.is_embedding,
    coalesce(segmented_cells.has_tools, false) as has_tools,
    coalesce(segmented_cells.is_json, false) as is_json,
    segmented_cells.input_bin,
    segmented_cells.output_bin,
    segmented_cells.cache_read_bin,
    segmented_cells.reasoning_bin,
    cast(
        coalesce(sum(segmented_cells.request_count) filter (where segmented_cells.request_grain = 'request'), 0)
        + case
            when sum(segmented_cells.request_count) filter (where segmented_cells.request_grain = 'bucket') = 1 then 1
            else 0
        end
        as bigint
    ) as request_count
from segmented_cells
where segmented_cells.outcome = 'billed'
group by
    segmented_cells.endpoint,
    segmented_cells.model,
    segmented_cells.is_embedding,
    coalesce(segmented_cells.has_tools, false),
    coalesce(segmented_cells.is_json, false),
    segmented_cells.input_bin,
    segmented_cells.output_bin,
    segmented_cells.cache_read_bin,
    segmented_cells.reasoning_bin
