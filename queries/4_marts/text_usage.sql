-- grain: endpoint, provider_name, model, service_tier, length_band, token_classes, request_grain, input_bin, output_bin
-- Billed requests without images or audio, by all that their price and their middle depend on: what a typical request is made from.
select
    traffic_cells.endpoint,
    traffic_cells.provider_name,
    traffic_cells.model,
    traffic_cells.service_tier,
    traffic_cells.length_band,
    traffic_cells.token_classes,
    traffic_cells.request_grain,
    traffic_cells.input_bin,
    traffic_cells.output_bin,
    cast(sum(traffic_cells.request_count) as bigint) as request_count,
    cast(sum(traffic_cells.usage_input_tokens) as bigint) as usage_input_tokens,
    cast(sum(traffic_cells.usage_cache_read_input_tokens) as bigint) as usage_cache_read_input_tokens,
    cast(sum(traffic_cells.usage_cache_creation_input_tokens) as bigint) as usage_cache_creation_input_tokens,
    cast(sum(traffic_cells.usage_cache_creation_1h_input_tokens) as bigint) as usage_cache_creation_1h_input_tokens,
    cast(sum(traffic_cells.usage_output_tokens) as bigint) as usage_output_tokens
from traffic_cells
inner join report_sources on traffic_cells.source_format = report_sources.source_format
where
    traffic_cells.outcome = 'billed'
    and not coalesce(traffic_cells.has_images, false)
    and not coalesce(traffic_cells.has_audio, false)
    and traffic_cells.usage_audio_input_tokens = 0
    and traffic_cells.usage_audio_output_tokens = 0
group by
    traffic_cells.endpoint,
    traffic_cells.provider_name,
    traffic_cells.model,
    traffic_cells.service_tier,
    traffic_cells.length_band,
    traffic_cells.token_classes,
    traffic_cells.request_grain,
    traffic_cells.input_bin,
    traffic_cells.output_bin
