-- grain: source_format, billing_period, endpoint, provider_name, model, service_tier, operation_name, has_tools, is_json, has_images, has_audio, length_band, input_bin, output_bin, cache_read_bin, reasoning_bin
-- The requests that a replay can choose from, with what a token of them costs on Batch at the latest price, on both models.
with replayable as (
    select
        source_format,
        billing_period,
        endpoint,
        provider_name,
        model,
        candidate_model,
        service_tier,
        operation_name,
        has_tools,
        is_json,
        has_images,
        has_audio,
        length_band,
        input_bin,
        output_bin,
        cache_read_bin,
        reasoning_bin,
        workload_id,
        cast(sum(request_count) as bigint) as request_count,
        cast(sum(usage_input_tokens) as bigint) as usage_input_tokens,
        cast(sum(usage_output_tokens) as bigint) as usage_output_tokens,
        sum(list_cost) as list_cost
    from cell_costs
    -- a bucket is no request, even if it counts one, and an embedding no answer that could be graded
    where
        cell_disposition = 'eligible'
        and request_grain = 'request'
        and source_format <> 'openai_usage'
        and not is_embedding
    group by
        source_format,
        billing_period,
        endpoint,
        provider_name,
        model,
        candidate_model,
        service_tier,
        operation_name,
        has_tools,
        is_json,
        has_images,
        has_audio,
        length_band,
        input_bin,
        output_bin,
        cache_read_bin,
        reasoning_bin,
        workload_id
)

-- Nothing is cached any more on the day of a replay: every input token is paid in full.
select
    replayable.*,
    candidate.input_price as candidate_input_price,
    candidate.output_price as candidate_output_price,
    incumbent.input_price as incumbent_input_price,
    incumbent.output_price as incumbent_output_price
from replayable
left join price_cards as candidate
    on replayable.provider_name = candidate.provider_name
    and replayable.candidate_model = candidate.model
    and replayable.length_band = candidate.length_band
    and candidate.service_tier = 'batch'
    and candidate.valid_to is null
left join price_cards as incumbent
    on replayable.provider_name = incumbent.provider_name
    and replayable.model = incumbent.model
    and replayable.length_band = incumbent.length_band
    and incumbent.service_tier = 'batch'
    and incumbent.valid_to is null
