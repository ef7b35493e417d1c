-- grain: load_id, source_format, usage_date, billing_period, endpoint, provider_name, model, service_tier, outcome, length_band
-- The measures of traffic_cells per day and without token bins: time series and day-block bootstrap.
select
    load_id,
    source_format,
    cast(date_trunc('day', start_time) as date) as usage_date,
    billing_period,
    endpoint,
    provider_name,
    model,
    service_tier,
    outcome,
    length_band,
    cast(sum(request_count) as bigint) as request_count,
    cast(coalesce(sum(usage_input_tokens), 0) as bigint) as usage_input_tokens,
    cast(coalesce(sum(usage_cache_read_input_tokens), 0) as bigint) as usage_cache_read_input_tokens,
    cast(coalesce(sum(usage_cache_creation_input_tokens), 0) as bigint) as usage_cache_creation_input_tokens,
    cast(coalesce(sum(usage_output_tokens), 0) as bigint) as usage_output_tokens,
    cast(coalesce(sum(usage_reasoning_output_tokens), 0) as bigint) as usage_reasoning_output_tokens,
    cast(coalesce(sum(usage_audio_input_tokens), 0) as bigint) as usage_audio_input_tokens,
    cast(coalesce(sum(usage_audio_output_tokens), 0) as bigint) as usage_audio_output_tokens,
    cast(coalesce(sum(image_count), 0) as bigint) as image_count,
    cast(coalesce(sum(billed_cost), 0) as decimal(38, 12)) as billed_cost,
    count(billed_cost) as billed_cost_count,
    cast(coalesce(sum(duration_ms), 0) as bigint) as duration_ms,
    count(duration_ms) as duration_count
from requests
group by
    load_id,
    source_format,
    cast(date_trunc('day', start_time) as date),
    billing_period,
    endpoint,
    provider_name,
    model,
    service_tier,
    outcome,
    length_band
