-- grain: load_id, source_format, usage_hour, is_long_bucket, billing_period, provider_name, model, service_tier, length_band, project_id, token_classes
-- Billed tokens by the hour and project, to hold against a bill; calls with other classes of tokens apart, for one without a price leaves its call unpriced.
select
    load_id,
    source_format,
    cast(date_trunc('hour', start_time) as timestamp) as usage_hour,
    coalesce(bucket_seconds, 0) > 3600 as is_long_bucket,
    billing_period,
    provider_name,
    model,
    service_tier,
    length_band,
    coalesce(project_id, '') as project_id,
    token_classes,
    cast(sum(request_count) as bigint) as request_count,
    cast(
        sum(
            usage_input_tokens - coalesce(usage_cache_read_input_tokens, 0)
            - coalesce(usage_cache_creation_input_tokens, 0) - coalesce(usage_audio_input_tokens, 0)
        ) as bigint
    ) as input_tokens,
    cast(coalesce(sum(usage_cache_read_input_tokens), 0) as bigint) as cache_read_tokens,
    cast(
        coalesce(sum(usage_cache_creation_input_tokens - coalesce(usage_cache_creation_1h_input_tokens, 0)), 0) as bigint
    ) as cache_creation_tokens,
    cast(coalesce(sum(usage_cache_creation_1h_input_tokens), 0) as bigint) as cache_creation_1h_tokens,
    cast(coalesce(sum(usage_audio_input_tokens), 0) as bigint) as audio_input_tokens,
    cast(sum(usage_output_tokens - coalesce(usage_audio_output_tokens, 0)) as bigint) as output_tokens,
    cast(coalesce(sum(usage_audio_output_tokens), 0) as bigint) as audio_output_tokens
from requests
where outcome = 'billed'
group by
    load_id,
    source_format,
    cast(date_trunc('hour', start_time) as timestamp),
    coalesce(bucket_seconds, 0) > 3600,
    billing_period,
    provider_name,
    model,
    service_tier,
    length_band,
    coalesce(project_id, ''),
    token_classes
