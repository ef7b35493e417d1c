-- grain: load_id, source_format, billing_period, endpoint, provider_name, model, service_tier, operation_name, has_tools, is_json, has_images, has_audio, token_classes, outcome, length_band, request_grain, input_bin, output_bin, cache_read_bin, reasoning_bin
-- Traffic cells with the third flag of a segment: a model embeds if the operation says so or no billed answer has a token.
select
    traffic_cells.load_id,
    traffic_cells.source_format,
    traffic_cells.billing_period,
    traffic_cells.endpoint,
    traffic_cells.provider_name,
    traffic_cells.model,
    traffic_cells.service_tier,
    traffic_cells.operation_name,
    traffic_cells.has_tools,
    traffic_cells.is_json,
    traffic_cells.has_images,
    traffic_cells.has_audio,
    traffic_cells.token_classes,
    traffic_cells.outcome,
    traffic_cells.length_band,
    traffic_cells.request_grain,
    traffic_cells.input_bin,
    traffic_cells.output_bin,
    traffic_cells.cache_read_bin,
    traffic_cells.reasoning_bin,
    traffic_cells.request_count,
    traffic_cells.usage_input_tokens,
    traffic_cells.usage_cache_read_input_tokens,
    traffic_cells.usage_cache_creation_input_tokens,
    traffic_cells.usage_cache_creation_1h_input_tokens,
    traffic_cells.usage_output_tokens,
    traffic_cells.usage_reasoning_output_tokens,
    traffic_cells.usage_audio_input_tokens,
    traffic_cells.usage_audio_output_tokens,
    traffic_cells.image_count,
    traffic_cells.billed_cost,
    traffic_cells.billed_cost_count,
    traffic_cells.duration_ms,
    traffic_cells.duration_count,
    coalesce(traffic_cells.operation_name = 'embeddings', false)
    or coalesce(
        sum(case when traffic_cells.outcome = 'billed' then traffic_cells.usage_output_tokens end)
            over (partition by traffic_cells.endpoint, traffic_cells.model),
        1
    ) = 0 as is_embedding
from traffic_cells
