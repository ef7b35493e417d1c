-- grain: load_id, source_format, billing_period, endpoint, provider_name, model, service_tier, operation_name, has_tools, is_json, has_images, has_audio, token_classes, outcome, length_band, request_grain, input_bin, output_bin, cache_read_bin, reasoning_bin
-- Every traffic cell with the one workload whose frozen bounds hold it; null where its endpoint and model have no rules.
with

segments as (
    select distinct
        workload_rules.endpoint,
        workload_rules.model,
        workload_rules.is_embedding,
        workload_rules.has_tools,
        workload_rules.is_json,
        workload_rules.is_default_segment
    from workload_rules
),

placed_cells as (
    select
        segmented_cells.*,
        coalesce(own.is_embedding, fallback.is_embedding) as rule_is_embedding,
        coalesce(own.has_tools, fallback.has_tools) as rule_has_tools,
        coalesce(own.is_json, fallback.is_json) as rule_is_json
    from segmented_cells
    left join segments as own
        on segmented_cells.endpoint = own.endpoint
        and segmented_cells.model = own.model
        and segmented_cells.is_embedding = own.is_embedding
        and coalesce(segmented_cells.has_tools, false) = own.has_tools
        and coalesce(segmented_cells.is_json, false) = own.is_json
    left join segments as fallback
        on segmented_cells.endpoint = fallback.endpoint
        and segmented_cells.model = fallback.model
        and fallback.is_default_segment
)

select
    placed_cells.load_id,
    placed_cells.source_format,
    placed_cells.billing_period,
    placed_cells.endpoint,
    placed_cells.provider_name,
    placed_cells.model,
    placed_cells.service_tier,
    placed_cells.operation_name,
    placed_cells.has_tools,
    placed_cells.is_json,
    placed_cells.has_images,
    placed_cells.has_audio,
    placed_cells.token_classes,
    placed_cells.outcome,
    placed_cells.length_band,
    placed_cells.request_grain,
    placed_cells.input_bin,
    placed_cells.output_bin,
    placed_cells.cache_read_bin,
    placed_cells.reasoning_bin,
    placed_cells.request_count,
    placed_cells.usage_input_tokens,
    placed_cells.usage_cache_read_input_tokens,
    placed_cells.usage_cache_creation_input_tokens,
    placed_cells.usage_cache_creation_1h_input_tokens,
    placed_cells.usage_output_tokens,
    placed_cells.usage_reasoning_output_tokens,
    placed_cells.usage_audio_input_tokens,
    placed_cells.usage_audio_output_tokens,
    placed_cells.image_count,
    placed_cells.billed_cost,
    placed_cells.billed_cost_count,
    placed_cells.duration_ms,
    placed_cells.duration_count,
    placed_cells.is_embedding,
    workload_rules.workload_id,
    workload_rules.is_clustered
from placed_cells
left join workload_rules
    on placed_cells.endpoint = workload_rules.endpoint
    and placed_cells.model = workload_rules.model
    and placed_cells.rule_is_embedding = workload_rules.is_embedding
    and placed_cells.rule_has_tools = workload_rules.has_tools
    and placed_cells.rule_is_json = workload_rules.is_json
    and (workload_rules.input_bin_low is null or placed_cells.input_bin >= workload_rules.input_bin_low)
    and (workload_rules.input_bin_high is null or placed_cells.input_bin < workload_rules.input_bin_high)
    and (workload_rules.output_bin_low is null or placed_cells.output_bin >= workload_rules.output_bin_low)
    and (workload_rules.output_bin_high is null or placed_cells.output_bin < workload_rules.output_bin_high)
    and (workload_rules.cache_read_bin_low is null or placed_cells.cache_read_bin >= workload_rules.cache_read_bin_low)
    and (workload_rules.cache_read_bin_high is null or placed_cells.cache_read_bin < workload_rules.cache_read_bin_high)
    and (workload_rules.reasoning_bin_low is null or placed_cells.reasoning_bin >= workload_rules.reasoning_bin_low)
    and (workload_rules.reasoning_bin_high is null or placed_cells.reasoning_bin < workload_rules.reasoning_bin_high)
    and (workload_rules.size_low is null or placed_cells.input_bin + placed_cells.output_bin >= workload_rules.size_low)
    and (workload_rules.size_high is null or placed_cells.input_bin + placed_cells.output_bin < workload_rules.size_high)
    and (workload_rules.ratio_low is null or placed_cells.output_bin - placed_cells.input_bin >= workload_rules.ratio_low)
    and (workload_rules.ratio_high is null or placed_cells.output_bin - placed_cells.input_bin < workload_rules.ratio_high)
