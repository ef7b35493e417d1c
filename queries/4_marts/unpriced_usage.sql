-- grain: provider_name, model
-- Billed requests of all sources that have no price, all their tokens, and for want of a price of which classes of tokens.
with used as (
    select
        traffic_cells.provider_name,
        traffic_cells.model,
        request_count,
        usage_input_tokens + usage_output_tokens as tokens,
        own.model is not null as has_card,
        token_classes % 2 = 1 and own.input_price is null as lacks_input,
        token_classes // 2 % 2 = 1 and own.cache_read_price is null as lacks_cache_read,
        token_classes // 4 % 2 = 1 and own.cache_creation_price is null as lacks_cache_creation,
        token_classes // 8 % 2 = 1 and own.audio_input_price is null as lacks_audio_input,
        token_classes // 16 % 2 = 1 and own.output_price is null as lacks_output,
        token_classes // 32 % 2 = 1 and own.audio_output_price is null as lacks_audio_output,
        token_classes // 64 % 2 = 1 and own.cache_creation_1h_price is null as lacks_cache_creation_1h
    from traffic_cells
    left join price_cards as own
        on traffic_cells.provider_name = own.provider_name
        and traffic_cells.model = own.model
        and traffic_cells.service_tier = own.service_tier
        and traffic_cells.length_band = own.length_band
        and traffic_cells.billing_period >= own.valid_from
        and traffic_cells.billing_period < coalesce(own.valid_to, date '9999-12-31')
    where outcome = 'billed'
)

select
    provider_name,
    model,
    cast(sum(request_count) as bigint) as request_count,
    cast(sum(tokens) as bigint) as token_count,
    bool_or(lacks_input) as lacks_input,
    bool_or(lacks_cache_read) as lacks_cache_read,
    bool_or(lacks_cache_creation) as lacks_cache_creation,
    bool_or(lacks_cache_creation_1h) as lacks_cache_creation_1h,
    bool_or(lacks_output) as lacks_output,
    bool_or(lacks_audio_input) as lacks_audio_input,
    bool_or(lacks_audio_output) as lacks_audio_output
from used
where not has_card or lacks_input or lacks_cache_read or lacks_cache_creation or lacks_cache_creation_1h or lacks_output
    or lacks_audio_input or lacks_audio_output
group by provider_name, model
