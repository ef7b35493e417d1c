"""What the catalogue itself publishes for a model on a day: prices by token class and tier, nothing filled in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.catalog.facts import catalogue_version
from audit.catalog.models import EARLIEST
from audit.catalog.price_file import Tier, TokenClass

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, PriceVariant, Provider, TieredPrices

Steps = tuple[tuple[int, Decimal], ...]
"""Prices by the input length they start above, ascending. Crossing a step reprices all tokens of the request."""

_PRICE_KEYS: dict[TokenClass, str] = {
    "input": "input_mtok",
    "cache_read": "cache_read_mtok",
    "cache_creation": "cache_write_mtok",
    "cache_creation_1h": "cache_write_1h_mtok",
    "output": "output_mtok",
    "audio_input": "input_audio_mtok",
    "audio_output": "output_audio_mtok",
}
_CONTEXTS: dict[Tier, tuple[dict[str, str], ...]] = {
    # genai-prices silently returns the standard price for service_tier 'batch'
    "batch": ({"processing": "batch"},),
    "flex": ({"service_tier": "flex"},),
    "priority": ({"service_tier": "priority"},),
    # OpenAI's is a tier, Anthropic's a speed
    "fast": ({"service_tier": "fast"}, {"speed": "fast"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A price of one token class on one day, with where it comes from."""

    steps: Steps
    source: str
    is_assumed: bool = False
    is_substitute: bool = False
    is_own: bool = False
    """The user's, not the catalogue's."""


def published_prices(
    day: date, provider: Provider, info: ModelInfo, tier: Tier, discount: Decimal
) -> dict[TokenClass, Quote]:
    """What the catalogue itself says for a tier; days before a tier's first known price are flagged."""
    source = f"genai-prices {catalogue_version()} {provider.id}/{info.id}"
    source += "; price of most hours of the day" if _has_hours(info) else ""
    source += f"; less {discount.normalize():f} discount" if discount else ""
    standard = _standard(info, day)
    if tier == "default":
        steps = {token_class: _steps(getattr(standard, key)) for token_class, key in _PRICE_KEYS.items()}
        is_assumed = False
    else:
        # prices by tier are known for a provider's own models only, as in genai-prices
        listed = any(info is model for model in provider.models)
        variants = [v for v in info.price_variants or () if v.when in _CONTEXTS[tier] and vars(v.prices)]
        if not variants or not listed:
            return {}
        first = min(_start(variant) for variant in variants)
        is_assumed = day < first
        known = max(day, first)
        then = _standard(info, known)
        steps: dict[TokenClass, Steps | None] = {}
        for token_class, key in _PRICE_KEYS.items():
            price = next(
                (p for v in variants if _start(v) <= known and (p := getattr(v.prices, key)) is not None), None
            )
            steps[token_class] = _rescaled(_steps(price), _steps(getattr(then, key)), _steps(getattr(standard, key)))
    return {
        token_class: Quote(
            steps=tuple((band, price * (1 - discount)) for band, price in known_steps),
            source=source + ("; before the first known price" if is_assumed else ""),
            is_assumed=is_assumed,
        )
        for token_class, known_steps in steps.items()
        if known_steps is not None
    }


def change_days(info: ModelInfo) -> set[date]:
    """The days on which some price of the model begins, and the beginning of time."""
    conditions = [price.constraint for price in info.prices] if isinstance(info.prices, list) else []
    constraints = (*conditions, *(variant.constraint for variant in info.price_variants or ()))
    return {EARLIEST} | {getattr(constraint, "start_date", EARLIEST) for constraint in constraints}


def price_at(steps: Steps, band: int) -> Decimal | None:
    """The price in a length band; None below the first step."""
    return next((price for start, price in reversed(steps) if start <= band), None)


def _standard(info: ModelInfo, day: date) -> ModelPrice:
    """The standard prices of a day; where they change with the hour, those of most of its hours."""
    midnight = datetime.combine(day, time(), UTC)
    if not _has_hours(info):
        return info.get_prices(midnight)
    # a quarter past and a quarter to: price hours start on the half hour at the finest
    hours = [info.get_prices(midnight + timedelta(minutes=15 + 30 * half)) for half in range(48)]
    (most, _), *_ = Counter(id(prices) for prices in hours).most_common(1)
    return next(prices for prices in hours if id(prices) == most)


def _has_hours(info: ModelInfo) -> bool:
    from genai_prices.types import TimeOfDateConstraint

    return isinstance(info.prices, list) and any(isinstance(p.constraint, TimeOfDateConstraint) for p in info.prices)


def _start(variant: PriceVariant) -> date:
    return getattr(variant.constraint, "start_date", EARLIEST)


def _steps(price: Decimal | TieredPrices | None) -> Steps | None:
    if price is None or isinstance(price, Decimal):
        return None if price is None else ((0, price),)
    return ((0, price.base), *((tier.start, tier.price) for tier in price.tiers))


def _rescaled(price: Steps | None, then: Steps | None, now: Steps | None) -> Steps | None:
    """A tier's first known price carried back, at the same ratio, to a day when the standard price was another."""
    if price is None or then is None or now is None or then == now:
        return price
    scaled: list[tuple[int, Decimal]] = []
    for band in sorted({band for steps in (price, then, now) for band, _ in steps}):
        at_tier, at_then, at_now = (price_at(steps, band) for steps in (price, then, now))
        if at_tier is not None:
            scaled.append((band, at_tier * at_now / at_then if at_now is not None and at_then else at_tier))
    return tuple(scaled)
