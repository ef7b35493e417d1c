-- grain: customer_id, endpoint, provider_name, model, disposition, workload_key
-- What each customer's requests cost, and would cost on the candidate, by workload; the customers add up to all traffic, and no row mixes requests with and without a price.
with cells as (
    select
        customer_usage.*,
        cell_costs.cell_disposition,
        cell_costs.workload_id || coalesce(':' || cell_costs.cell_gate, '') as workload_key,
        cell_costs.list_cost as cell_list_cost,
        cell_costs.candidate_input_cost as cell_candidate_input_cost,
        cell_costs.candidate_output_cost as cell_candidate_output_cost,
        cast(
            customer_usage.usage_input_tokens - customer_usage.usage_cache_read_input_tokens
            - customer_usage.usage_cache_creation_input_tokens - customer_usage.usage_audio_input_tokens
            as decimal(17, 0)
        ) as uncached_tokens,
        cast(customer_usage.usage_cache_read_input_tokens as decimal(17, 0)) as cache_read_tokens,
        cast(
            customer_usage.usage_cache_creation_input_tokens - customer_usage.usage_cache_creation_1h_input_tokens
            as decimal(17, 0)
        ) as cache_creation_tokens,
        cast(customer_usage.usage_cache_creation_1h_input_tokens as decimal(17, 0)) as cache_creation_1h_tokens,
        cast(customer_usage.usage_audio_input_tokens as decimal(17, 0)) as audio_input_tokens,
        cast(customer_usage.usage_output_tokens - customer_usage.usage_audio_output_tokens as decimal(17, 0))
            as text_output_tokens,
        cast(customer_usage.usage_audio_output_tokens as decimal(17, 0)) as audio_output_tokens
    from customer_usage
    inner join cell_costs
        on customer_usage.load_id = cell_costs.load_id
        and customer_usage.source_format = cell_costs.source_format
        and customer_usage.billing_period = cell_costs.billing_period
        and customer_usage.endpoint = cell_costs.endpoint
        and customer_usage.provider_name = cell_costs.provider_name
        and customer_usage.model = cell_costs.model
        and customer_usage.service_tier = cell_costs.service_tier
        and customer_usage.operation_name = cell_costs.operation_name
        and customer_usage.has_tools is not distinct from cell_costs.has_tools
        and customer_usage.is_json is not distinct from cell_costs.is_json
        and customer_usage.has_images is not distinct from cell_costs.has_images
        and customer_usage.has_audio is not distinct from cell_costs.has_audio
        and customer_usage.token_classes = cell_costs.token_classes
        and customer_usage.outcome = cell_costs.outcome
        and customer_usage.length_band is not distinct from cell_costs.length_band
        and customer_usage.request_grain = cell_costs.request_grain
        and customer_usage.input_bin is not distinct from cell_costs.input_bin
        and customer_usage.output_bin is not distinct from cell_costs.output_bin
        and customer_usage.cache_read_bin is not distinct from cell_costs.cache_read_bin
        and customer_usage.reasoning_bin is not distinct from cell_costs.reasoning_bin
),

-- A cell has one price for each class of tokens, so its customers' costs add up to its own; a cell without one has none
-- for any of its customers.
priced as (
    select
        cells.*,
        case
            when cell_list_cost is null then null
            when outcome <> 'billed' then 0
            else case when uncached_tokens = 0 then 0 else uncached_tokens * own.input_price end
                + case when cache_read_tokens = 0 then 0 else cache_read_tokens * own.cache_read_price end
                + case when cache_creation_tokens = 0 then 0 else cache_creation_tokens * own.cache_creation_price end
                + case
                    when cache_creation_1h_tokens = 0 then 0
                    else cache_creation_1h_tokens * own.cache_creation_1h_price
                end
                + case when audio_input_tokens = 0 then 0 else audio_input_tokens * own.audio_input_price end
                + case when text_output_tokens = 0 then 0 else text_output_tokens * own.output_price end
                + case when audio_output_tokens = 0 then 0 else audio_output_tokens * own.audio_output_price end
        end as list_cost,
        case
            when cell_candidate_input_cost is not null
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
            when cell_candidate_output_cost is not null
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
)

select
    customer_id,
    endpoint,
    provider_name,
    model,
    cell_disposition as disposition,
    case when cell_disposition in ('eligible', 'gated') then workload_key end as workload_key,
    cast(sum(request_count) as bigint) as request_count,
    cast(sum(usage_input_tokens) as bigint) as usage_input_tokens,
    cast(sum(usage_output_tokens) as bigint) as usage_output_tokens,
    sum(list_cost) as list_cost,
    case when sum(billed_cost_count) > 0 then sum(billed_cost) end as billed_cost,
    sum(candidate_input_cost) as candidate_input_cost,
    sum(candidate_output_cost) as candidate_output_cost
from priced
group by
    customer_id,
    endpoint,
    provider_name,
    model,
    cell_disposition,
    case when cell_disposition in ('eligible', 'gated') then workload_key end
