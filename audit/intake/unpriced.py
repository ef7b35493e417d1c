"""Requests without a price: of which models, and which class of their tokens nobody has a price for."""

from typing import NamedTuple, cast

from audit.catalog.models import family_members
from audit.catalog.price_file import TOKEN_CLASSES
from audit.warehouse import Warehouse

TOKENS = {
    "input": "usage_input_tokens - usage_cache_read_input_tokens - usage_cache_creation_input_tokens "
    "- usage_audio_input_tokens",
    "cache_read": "usage_cache_read_input_tokens",
    "cache_creation": "usage_cache_creation_input_tokens - usage_cache_creation_1h_input_tokens",
    "cache_creation_1h": "usage_cache_creation_1h_input_tokens",
    "output": "usage_output_tokens - usage_audio_output_tokens",
    "audio_input": "usage_audio_input_tokens",
    "audio_output": "usage_audio_output_tokens",
}
"""The tokens of each class in a cell; each token is in one."""

UNPRICED = f"""
with used as (
    select
        provider_name, model, service_tier, length_band, billing_period,
        list_filter([{", ".join(f"case when {tokens} <> 0 then '{name}' end" for name, tokens in TOKENS.items())}],
            lambda name: name is not null) as classes,
        sum(request_count) as requests,
        sum(usage_input_tokens + usage_output_tokens) as tokens
    from traffic_cells
    where outcome = 'billed'
    group by all
),

listed as (
    select used.*, coalesce(list(prices.token_class) filter (where prices.token_class is not null), []) as priced
    from used
    left join prices
        on used.provider_name = prices.provider_name
        and used.model = prices.model
        and used.service_tier = prices.service_tier
        and used.length_band = prices.length_band
        and used.billing_period >= prices.valid_from
        and used.billing_period < coalesce(prices.valid_to, date '9999-12-31')
    group by all
)

select
    provider_name, model, sum(requests), sum(tokens),
    list_distinct(flatten(list(list_filter(classes, lambda name: not list_contains(priced, name)))))
from listed
where len(priced) = 0 or not list_has_all(priced, classes)
group by provider_name, model
"""
"""The requests that `cell_costs` leaves unpriced, of all sources, by model."""


class Unpriced(NamedTuple):
    """Requests of one model that have no price, all their tokens, and the classes of tokens that lack one."""

    requests: int = 0
    tokens: int = 0
    classes: tuple[str, ...] = ()


def unpriced(warehouse: Warehouse) -> dict[tuple[str, str], Unpriced]:
    """By (provider_name, model), where there are any; classes in the order of `TOKEN_CLASSES`.

    A request with no token at all is unpriced only where its model has no price whatever: it lacks no class.
    """
    return {
        (str(provider), str(model)): Unpriced(
            int(str(requests)),
            int(str(tokens)),
            tuple(name for name in TOKEN_CLASSES if name in cast("list[str]", classes)),
        )
        for provider, model, requests, tokens, classes in warehouse.rows(UNPRICED)
    }


def classes_without_price(warehouse: Warehouse, model: str) -> set[str]:
    """The classes of tokens for want of which requests of a model, or of any snapshot of a family, are unpriced."""
    members = family_members(model)
    return {name for (_, served), each in unpriced(warehouse).items() if served in members for name in each.classes}
