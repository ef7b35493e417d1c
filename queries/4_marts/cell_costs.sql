-- grain: load_id, source_format, billing_period, endpoint, provider_name, model, service_tier, operation_name, has_tools, is_json, has_images, has_audio, token_classes, outcome, length_band, request_grain, input_bin, output_bin, cache_read_bin, reasoning_bin
-- Every cell with its workload, what it cost at list price, and what the same tokens cost on the candidate; null is unpriced or of unknown usage.
with cells as (
    select
        cell_workloads.*,
        cast(
            usage_input_tokens - usage_cache_read_input_tokens - usage_cache_creation_input_tokens
            - usage_audio_input_tokens as decimal(17, 0)
        ) as uncached_tokens,
        cast(usage_cache_read_input_tokens as decimal(17, 0)) as cache_read_tokens,
        cast(usage_cache_creation_input_tokens - usage_cache_creation_1h_input_tokens as decimal(17, 0)) as cache_creation_tokens,
        cast(usage_cache_creation_1h_input_tokens as decimal(17, 0)) as cache_creation_1h_tokens,
        cast(usage_audio_input_tokens as decimal(17, 0)) as audio_input_tokens,
        cast(usage_output_tokens - usage_audio_output_tokens as decimal(17, 0)) as text_output_tokens,
        cast(usage_audio_output_tokens as decimal(17, 0)) as audio_output_tokens
    from cell_workloads
    inner join report_sources on cell_workloads.source_format = report_sources.source_format
),

-- Token classes are disjoint here, so each token is priced once. A price is needed only where there are tokens of its
-- class: few models price audio, and those that embed have no output. A candidate that has one price for writes to
-- the cache is paid it for those of an hour too.
paired as (
    select
        cells.*,
        report_pairs.candidate_model,
        report_pairs.candidate_context_window,
        report_pairs.candidate_output_limit,
        own.is_assumed_before as is_price_assumed,
        own.model is not null as has_card,
        case when uncached_tokens = 0 then 0 else uncached_tokens * own.input_price end as input_cost,
        case when cache_read_tokens = 0 then 0 else cache_read_tokens * own.cache_read_price end as cache_read_cost,
        case when cache_creation_tokens = 0 then 0 else cache_creation_tokens * own.cache_creation_price end
            as cache_creation_cost,
        case when cache_creation_1h_tokens = 0 then 0 else cache_creation_1h_tokens * own.cache_creation_1h_price end
            as cache_creation_1h_cost,
        case when audio_input_tokens = 0 then 0 else audio_input_tokens * own.audio_input_price end as audio_input_cost,
        case when text_output_tokens = 0 then 0 else text_output_tokens * own.output_price end as output_cost,
        case when audio_output_tokens = 0 then 0 else audio_output_tokens * own.audio_output_price end
            as audio_output_cost,
        case
            when other.model is not null
                then case when uncached_tokens = 0 then 0 else uncached_tokens * other.input_price end
                    + case when cache_read_tokens = 0 then 0 else cache_read_tokens * other.cache_read_price end
                    + case when cache_creation_tokens = 0 then 0 else cache_creation_tokens * other.cache_creation_price end
                    + case
                        when cache_creation_1h_tokens = 0 then 0
                        else cache_creation_1h_tokens * coalesce(other.cache_creation_1h_price, other.cache_creation_price)
                    end
                    + case when audio_input_tokens = 0 then 0 else audio_input_tokens * other.audio_input_price end
        end as candidate_input_cost,
        case
            when other.model is not null
                then case when text_output_tokens = 0 then 0 else text_output_tokens * other.output_price end
                    + case when audio_output_tokens = 0 then 0 else audio_output_tokens * other.audio_output_price end
        end as candidate_output_cost
    from cells
    left join price_cards as own
        on cells.provider_name = own.provider_name
        and cells.model = own.model
        and cells.service_tier = own.service_tier
        and cells.length_band = own.length_band
        and cells.billing_period >= own.valid_from
        and cells.billing_period < coalesce(own.valid_to, date '9999-12-31')
    left join report_pairs
        on cells.model = report_pairs.incumbent_model
        and cells.provider_name = report_pairs.incumbent_provider_name
    left join price_cards as other
        on report_pairs.candidate_provider_name = other.provider_name
        and report_pairs.candidate_model = other.model
        and cells.service_tier = other.service_tier
        and cells.length_band = other.length_band
        and cells.billing_period >= other.valid_from
        and cells.billing_period < coalesce(other.valid_to, date '9999-12-31')
),

costed as (
    select
        paired.*,
        case
            when outcome = 'unknown_usage' then null
            when outcome <> 'billed' then 0
            when has_card
                then input_cost + cache_read_cost + cache_creation_cost + cache_creation_1h_cost + audio_input_cost
                    + output_cost + audio_output_cost
        end as list_cost,
        case when has_card then output_cost + audio_output_cost end as list_output_cost
    from paired
),

-- A gate is a fact about the request, not a judgement: what the candidate cannot or should not be given unmeasured.
gated as (
    select
        costed.*,
        case
            when outcome <> 'billed' or list_cost is null or candidate_model is null then null
            when has_images then 'images'
            when has_audio then 'audio'
            when candidate_input_cost is null or candidate_output_cost is null then 'candidate_unpriced'
            when length_band >= candidate_context_window then 'context_limit'
            when output_bin >= floor(2 * log2(candidate_output_limit + 8)) + 1 then 'output_limit'
        end as cell_gate
    from costed
)

select
    gated.* exclude (
        has_card, uncached_tokens, cache_read_tokens, cache_creation_tokens, cache_creation_1h_tokens,
        audio_input_tokens, text_output_tokens, audio_output_tokens
    ),
    case
        when outcome <> 'billed' then outcome
        when list_cost is null then 'unpriced'
        when candidate_model is null then 'other_model'
        when cell_gate is not null then 'gated'
        else 'eligible'
    end as cell_disposition
from gated
