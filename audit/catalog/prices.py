"""Unit prices by day, tier, token class and input length, as a table: SQL prices millions of requests by a join.

genai-prices prices one call at a time, in 0.2 ms. Here its data becomes rows, completed where it publishes nothing,
and overridden by the user's own rates. Four rules differ from `genai_prices.calc_price`, all on purpose:

1. A tier verified from some day on (batch since 2026-10-14) also covers earlier days, flagged `is_assumed_before`, at
   the same ratio to the standard price; calc_price charges the full standard price there.
2. Cached input on Batch, where the Batch price list has no cached rate, costs what Batch input costs: OpenAI gives no
   cache discount on Batch. calc_price takes the standard cached rate. The two agree on gpt-4o and gpt-4o-mini and
   differ on gpt-4.1, o3 and o4-mini. Google states that the standard cached rate stays, so there it does.
3. Audio tokens are never billed at the text rate: no audio price, no row, hence unpriced.
4. Cache writes for an hour are never billed at the rate of other writes: without a price they cost twice the input rate
   of a Claude model, as Anthropic lists them; of any other model they are unpriced, unless the user says what its cache
   writes cost.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.catalog.facts import catalogue_model, last_checked, length_bands
from audit.catalog.models import EARLIEST
from audit.catalog.price_file import TIERS, TOKEN_CLASSES, PriceOverride, Tier, TokenClass
from audit.catalog.published import Quote, change_days, price_at, published_prices
from audit.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    import polars as pl
    from genai_prices.types import ModelInfo, Provider

_CACHE: tuple[TokenClass, ...] = ("cache_read", "cache_creation")
_HOUR_WRITES = Decimal(2)
_HOUR_SOURCE = "https://platform.claude.com/en/docs/build-with-claude/prompt-caching"
"""Where Anthropic says that a cache write for an hour costs twice the input rate, on Batch and at every length too."""
STANDARD_INSTEAD = "rate published: standard rate"
"""How the source of a price ends that stands in for the one of a tier."""
_STANDARD_CACHE_ON_BATCH = frozenset({"google"})
"""Providers whose Batch price list says that cached input stays at the standard rate."""

NO_RATE = r"; no \w+ rate published: "
"""In the source of a price that stands in for one nobody has published: a pattern that finds it."""

_SCALE = Decimal("0.00000001")

_Quotes = dict[tuple[Tier, TokenClass], Quote]


def price_rows(
    models: Iterable[tuple[str, str]],
    overrides: Sequence[PriceOverride] = (),
    discount: Decimal = Decimal(0),
) -> pl.DataFrame:
    """The table `prices` for pairs of (provider_name, canonical model), sorted; no row where nothing is known.

    Columns: provider_name, model, service_tier, token_class, length_band, valid_from, valid_to (exclusive, null:
    open), usd_per_million, source, checked_on, is_assumed_before. A priced class has a row for every tier and every
    length band: joins are equalities, but for the day. `discount` is the fraction taken off catalogue prices, not off
    `overrides`. Raises ConfigError for a discount outside 0 to 1.
    """
    import polars as pl

    if not 0 <= discount < 1:
        raise ConfigError(f"discount {discount} is not a fraction from 0 to below 1; write 0.15 for 15 percent")
    rows: list[tuple[str, str, str, str, int, date, date | None, Decimal, str, date, bool]] = []
    for provider_name, model in sorted(set(models)):
        for tier, token_class, start, end, quote in _timeline(provider_name, model, overrides, discount):
            key = (provider_name, model, tier, token_class)
            tail = (quote.source, last_checked(), quote.is_assumed)
            for band in length_bands():
                price = price_at(quote.steps, band)
                if price is not None:
                    rows.append((*key, band, start, end, price.quantize(_SCALE), *tail))
    schema = {
        "provider_name": pl.String, "model": pl.String, "service_tier": pl.String, "token_class": pl.String,
        "length_band": pl.Int64, "valid_from": pl.Date, "valid_to": pl.Date, "usd_per_million": pl.Decimal(14, 8),
        "source": pl.String, "checked_on": pl.Date, "is_assumed_before": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def unit_prices(
    prices: pl.DataFrame, provider_name: str, model: str, on: date, tier: Tier = "default", input_tokens: int = 0
) -> dict[str, Decimal]:
    """Dollars per million tokens by token class, for one request: its model, day, tier and whole input length."""
    import polars as pl

    band = max(band for band in length_bands() if band == 0 or input_tokens > band)
    found = prices.filter(
        (pl.col("provider_name") == provider_name)
        & (pl.col("model") == model)
        & (pl.col("service_tier") == tier)
        & (pl.col("length_band") == band)
        & (pl.col("valid_from") <= on)
        & (pl.col("valid_to").is_null() | (pl.col("valid_to") > on))
    )
    return dict(found.select("token_class", "usd_per_million").iter_rows())


def request_cost(unit: Mapping[str, Decimal], tokens: Mapping[TokenClass, int]) -> Decimal | None:
    """Dollars of one request, or None if tokens of some class have no price.

    `tokens` counts as the exports do: 'input' includes cache reads, cache writes and audio, 'cache_creation' the writes
    for an hour, 'output' audio.
    cost = Σ tokens·price / 10⁶ over disjoint token classes.
    """
    apart = {token_class: tokens.get(token_class, 0) for token_class in TOKEN_CLASSES}
    apart["input"] -= apart["cache_read"] + apart["cache_creation"] + apart["audio_input"]
    apart["cache_creation"] -= apart["cache_creation_1h"]
    apart["output"] -= apart["audio_output"]
    used = {token_class: count for token_class, count in apart.items() if count}
    if not unit or any(token_class not in unit for token_class in used):
        return None
    return sum((count * unit[token_class] for token_class, count in used.items()), Decimal(0)) / 1_000_000


def as_offered(unit: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Unit prices with that of a cache write also for one of an hour, where the model that might serve has no other."""
    return {"cache_creation_1h": unit["cache_creation"], **unit} if "cache_creation" in unit else dict(unit)


def _timeline(
    provider_name: str, model: str, overrides: Sequence[PriceOverride], discount: Decimal
) -> Iterator[tuple[Tier, TokenClass, date, date | None, Quote]]:
    """Stretches of days with one price, by tier and class; neighbours that say the same are joined."""
    found = catalogue_model(provider_name, model)
    own = [override for override in overrides if override.prices(provider_name, model)]
    starts = sorted(
        (change_days(found[1]) if found else {EARLIEST})
        | {day for override in own for day in (override.valid_from, override.valid_to) if day}
    )
    days = [_quotes(start, found, own, model, discount) for start in starts]
    for tier in TIERS:
        for token_class in TOKEN_CLASSES:
            since, current = starts[0], days[0].get((tier, token_class))
            for start, quotes in zip(starts[1:], days[1:], strict=True):
                quote = quotes.get((tier, token_class))
                if quote == current:
                    continue
                if current:
                    yield tier, token_class, since, start, current
                since, current = start, quote
            if current:
                yield tier, token_class, since, None, current


def _quotes(
    day: date, found: tuple[Provider, ModelInfo] | None, own: Sequence[PriceOverride], model: str, discount: Decimal
) -> _Quotes:
    """Every price that holds on `day`, gaps filled by the rules at the top of this module."""
    quotes: _Quotes = {}
    for tier in TIERS:
        published = published_prices(day, *found, tier, discount) if found else {}
        for token_class in TOKEN_CLASSES:
            contract = _contract(day, own, model, tier, token_class, is_listed=found is not None)
            quote = _overlay(published.get(token_class), contract)
            if quote:
                quotes[tier, token_class] = quote
        has_input = (tier, "input") in quotes
        for token_class in TOKEN_CLASSES:
            quote = quotes.get((tier, token_class))
            if quote is None or quote.steps[0][0] > 0:
                filled = _overlay(_substitute(quotes, tier, token_class, found, model, has_input=has_input), quote)
                quotes.update({(tier, token_class): filled} if filled else {})
    return quotes


def _substitute(
    quotes: _Quotes,
    tier: Tier,
    token_class: TokenClass,
    found: tuple[Provider, ModelInfo] | None,
    model: str,
    *,
    has_input: bool,
) -> Quote | None:
    """What stands in for a price nobody published: a cache class takes its tier's input rate, else the standard."""
    paid = quotes.get((tier, "input")) if has_input else None
    standard = quotes.get(("default", token_class)) if tier != "default" else None
    is_kept = found is not None and found[0].id in _STANDARD_CACHE_ON_BATCH
    if paid and not (is_kept and standard and not standard.is_substitute):
        if token_class in _CACHE:
            note = f"{paid.source}; no {token_class} rate published: input rate"
            return replace(paid, source=note, is_substitute=True)
        if token_class == "cache_creation_1h" and "claude" in model:
            doubled = tuple((band, _HOUR_WRITES * price) for band, price in paid.steps)
            note = f"{paid.source}; twice the input rate ({_HOUR_SOURCE})"
            return replace(paid, steps=doubled, source=note, is_substitute=True)
    written = quotes.get((tier, "cache_creation"))
    if token_class == "cache_creation_1h" and written and written.is_own and not written.is_substitute:
        return replace(written, source=f"{written.source}; no cache_creation_1h price given: that of cache_creation")
    return standard and replace(standard, source=f"{standard.source}; no {tier} {STANDARD_INSTEAD}")


def _contract(
    day: date, own: Sequence[PriceOverride], model: str, tier: Tier, token_class: TokenClass, *, is_listed: bool
) -> Quote | None:
    """The user's price: a line for the snapshot beats one for the family, a named provider beats every provider."""
    lines = [line for line in own if (line.service_tier, line.token_class) == (tier, token_class)]
    today = [line for line in lines if line.covers(day)]
    is_assumed = False
    if not today and lines and not is_listed:
        first = min(line.valid_from for line in lines)
        today = [line for line in lines if line.covers(first)] if day < first else []
        is_assumed = bool(today)
    if not today:
        return None
    best = max((line.model == model, line.provider_name != "") for line in today)
    chosen = sorted(
        (line for line in today if (line.model == model, line.provider_name != "") == best),
        key=lambda line: line.length_band,
    )
    return Quote(
        steps=tuple((line.length_band, line.usd_per_million) for line in chosen),
        source=chosen[-1].source,
        is_assumed=is_assumed,
        is_own=True,
    )


def _overlay(published: Quote | None, contract: Quote | None) -> Quote | None:
    """The contract's price from its first length band on, the catalogue's below."""
    if contract is None or published is None:
        return contract or published
    below = tuple(step for step in published.steps if step[0] < contract.steps[0][0])
    return replace(contract, steps=below + contract.steps)
