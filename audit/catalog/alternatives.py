"""Other candidates than the one that was asked for: what else the incumbent's maker sells for less.

Only models with published limits: a gate that cannot be checked would let traffic through that the model refuses.
They are looked for among all known names and not among `candidates`, which miss a snapshot with limits whose short name
has none (gpt-5.1-2025-11-13) and are those of one provider: here one list serves every provider of the incumbent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.catalog.candidates import kind
from audit.catalog.comparison import REQUESTS
from audit.catalog.facts import facts, first_party_names, retirement, vendor
from audit.catalog.models import canonical
from audit.catalog.prices import price_rows, request_cost, unit_prices

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import polars as pl

    from audit.catalog.price_file import PriceOverride

MOST = 7
"""Alternatives that are offered; with the candidate that was asked for they are eight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A model that could be the candidate, and the day it is switched off, if one is known."""

    model: str
    retires_on: date | None
    context_window: int
    output_limit: int


def alternatives(
    served: Sequence[tuple[str, str]],
    *,
    leave_out: Collection[str],
    on: date,
    today: date,
    overrides: Sequence[PriceOverride] = (),
    discount: Decimal = Decimal(0),
) -> tuple[list[Alternative], pl.DataFrame]:
    """Models of the same maker that cost less for a medium request at every provider, and the table `prices` of all.

    `served` is (provider_name, incumbent model) with traffic; `on` is the day of the prices. The ones that stay
    longest come first, then the cheapest; a model that `today` is switched off is none.
    """
    makers = {maker.id for _, model in served if (maker := vendor(model)) is not None}
    providers = sorted({provider for provider, _ in served})
    kinds = {kind(model) for _, model in served}
    known = {canonical(name, on) for name in first_party_names() if kind(name) in kinds}
    found = [
        Alternative(
            model=model,
            retires_on=min(ends, default=None),
            context_window=int(limits["context_window"].value),
            output_limit=int(limits["max_output_tokens"].value),
        )
        for model in sorted(known - {*leave_out, *(model for _, model in served)})
        if {"context_window", "max_output_tokens"} <= (limits := facts(model)).keys()
        and (maker := vendor(model)) is not None
        and maker.id in makers
        and min(ends := _ends(providers, model, maker.id), default=date.max) > today
    ]
    wanted = [(provider, each.model) for provider in providers for each in found]
    prices = price_rows([*served, *wanted], overrides, discount)
    medium = {pair: _medium(prices, *pair, on) for pair in (*served, *wanted)}

    def is_cheaper(model: str) -> bool:
        """Whether it costs less than the dearest incumbent of each provider; no price is not cheaper."""
        return all(
            (cost := medium[provider, model]) is not None
            and cost < max((medium[pair] or 0 for pair in served if pair[0] == provider), default=0)
            for provider in providers
        )

    def order(each: Alternative) -> tuple[date, Decimal, str]:
        costs = (medium[provider, each.model] for provider in providers)
        return each.retires_on or date.max, -sum((cost or Decimal(0) for cost in costs), Decimal(0)), each.model

    chosen = sorted((each for each in found if is_cheaper(each.model)), key=order, reverse=True)[:MOST]
    return chosen, prices


def _medium(prices: pl.DataFrame, provider: str, model: str, on: date) -> Decimal | None:
    tokens = REQUESTS["medium"]
    return request_cost(unit_prices(prices, provider, model, on, input_tokens=tokens["input"]), tokens)


def _ends(providers: Iterable[str], model: str, maker: str) -> list[date]:
    """The days on which some provider switches the model off; the maker's day where a provider has published none."""
    ends = (retirement(provider, model) or retirement(maker, model) for provider in providers)
    return [end.retires_on for end in ends if end is not None]
