-- grain: load_id, source_format, usage_hour, is_long_bucket, billing_period, provider_name, model, service_tier, length_band, project_id, token_classes
-- Billed tokens by the hour and project, to hold against a bill; calls with other classes of tokens apart, for one without a price leaves its call unpriced.
with calls as (
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
        request_count,
        coalesce(usage_input_tokens, 0) - coalesce(usage_cache_read_input_tokens, 0)
        - coalesce(usage_cache_creation_input_tokens, 0) - coalesce(usage_audio_input_tokens, 0) as input_tokens,
        coalesce(usage_cache_read_input_tokens, 0) as cache_read_tokens,
        coalesce(usage_cache_creation_input_tokens, 0) as cache_creation_tokens,
        coalesce(usage_audio_input_tokens, 0) as audio_input_tokens,
        coalesce(usage_output_tokens, 0) - coalesce(usage_audio_output_tokens, 0) as output_tokens,
        coalesce(usage_audio_output_tokens, 0) as audio_output_tokens
    from requests
    where outcome = 'billed'
),

classed as (
    select
        calls.*,
        case when input_tokens <> 0 then 1 else 0 end
        + case when cache_read_tokens <> 0 then 2 else 0 end
        + case when cache_creation_tokens <> 0 then 4 else 0 end
        + case when audio_input_tokens <> 0 then 8 else 0 end
        + case when output_tokens <> 0 then 16 else 0 end
        + case when audio_output_tokens <> 0 then 32 else 0 end as token_classes
    from calls
)

select
    load_id,
    source_format,
    usage_hour,
    is_long_bucket,
    billing_period,
    provider_name,
    model,
    service_tier,
    length_band,
    project_id,
    token_classes,
    cast(sum(request_count) as bigint) as request_count,
    cast(sum(input_tokens) as bigint) as input_tokens,
    cast(sum(cache_read_tokens) as bigint) as cache_read_tokens,
    cast(sum(cache_creation_tokens) as bigint) as cache_creation_tokens,
    cast(sum(audio_input_tokens) as bigint) as audio_input_tokens,
    cast(sum(output_tokens) as bigint) as output_tokens,
    cast(sum(audio_output_tokens) as bigint) as audio_output_tokens
from classed
group by
    load_id,
    source_format,
    usage_hour,
    is_long_bucket,
    billing_period,
    provider_name,
    model,
    service_tier,
    length_band,
    project_id,
    token_classes
