"""Typical requests of a log on two models: the mean one, exact, and the middle one, as far as bins can tell.

Token sums are linear in cells, and so is money: a mean request costs what all of them cost, divided by their number.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import cast

import polars as pl

from audit.catalog.price_file import PriceOverride, Tier, TokenClass
from audit.catalog.prices import as_offered, price_rows, request_cost, unit_prices
from audit.workloads.shapes import INPUT_OFFSET, OUTPUT_OFFSET, quantiles

Document = dict[str, object]
Usd = list[float | None]

TOKENS: dict[TokenClass, str] = {
    "input": "usage_input_tokens",
    "cache_read": "usage_cache_read_input_tokens",
    "cache_creation": "usage_cache_creation_input_tokens",
    "cache_creation_1h": "usage_cache_creation_1h_input_tokens",
    "output": "usage_output_tokens",
}
MIDDLES: dict[TokenClass, int] = {"input": INPUT_OFFSET, "output": OUTPUT_OFFSET}


class PairPrices:
    """The prices of two models, A and B, on one day."""

    def __init__(
        self, pairs: list[tuple[str, str]], on: date, overrides: tuple[PriceOverride, ...], discount: Decimal
    ) -> None:
        """Look up (provider, model) of A and of B."""
        self.table = price_rows(pairs, overrides, discount)
        self.pairs, self.on = pairs, on
        self.cards: dict[tuple[str, int], list[dict[str, Decimal]]] = {}

    def usd(self, tokens: Mapping[TokenClass, int], tier: str = "default", band: int = 0) -> list[Decimal | None]:
        """Dollars of so many tokens on A and on B, all of requests in one length band; None for what has no price."""
        if (tier, band) not in self.cards:
            self.cards[tier, band] = [
                as_offered(unit_prices(self.table, *pair, self.on, cast("Tier", tier), band + 1)) for pair in self.pairs
            ]
        return [request_cost(card, tokens) for card in self.cards[tier, band]]


@dataclass(slots=True, kw_only=True)
class Usage:
    """What some requests used: all that their price and their middle depend on."""

    request_count: int = 0
    tokens: dict[tuple[str, int], dict[TokenClass, int]] = field(
        default_factory=dict[tuple[str, int], dict[TokenClass, int]]
    )
    """Token sums by tier and length band."""
    bins: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict[str, list[tuple[int, int, int]]])
    """Of input and output tokens of single requests: (bin, requests, tokens), ascending; empty for buckets alone."""

    @property
    def sums(self) -> dict[TokenClass, int]:
        """Token sums over all tiers and lengths."""
        return {name: sum(part[name] for part in self.tokens.values()) for name in TOKENS}

    def costs(self, prices: PairPrices, *, is_cached: bool = True) -> list[Decimal | None]:
        """What all of it costs on A and on B; without the cache, every input token is paid in full."""
        totals: list[Decimal | None] = [Decimal(0), Decimal(0)]
        for (tier, band), sums in self.tokens.items():
            paid: dict[TokenClass, int] = sums if is_cached else {name: sums[name] for name in MIDDLES}
            for place, usd in enumerate(prices.usd(paid, tier, band)):
                total = totals[place]
                totals[place] = None if usd is None or total is None else total + usd
        return totals

    def cache_savings(self, prices: PairPrices) -> Usd:
        """1 - cost with the cache of the log / cost without any, on A and on B."""
        both = zip(self.costs(prices), self.costs(prices, is_cached=False), strict=True)
        return [None if paid is None or not full else 1 - float(paid / full) for paid, full in both]

    def typical(self, prices: PairPrices) -> Document:
        """{requests, cache_read_share, mean, median}; cached tokens keep their share of the input in both.

        The middle request has half of the requests below its input, and half below its output: no request need be it.
        """
        sums = self.sums
        share = sums["cache_read"] / sums["input"] if sums["input"] else 0.0
        mean: dict[TokenClass, float] = {name: total / self.request_count for name, total in sums.items()}
        median: Document | None = None
        if self.bins:
            into, out = (round(quantiles(self.bins[name], offset, (0.5,))[0]) for name, offset in MIDDLES.items())
            tokens: dict[TokenClass, int] = {"input": into, "cache_read": round(share * into), "output": out}
            median = _request(tokens, prices.usd(tokens))
        usd = [None if cost is None else cost / self.request_count for cost in self.costs(prices)]
        return {
            "requests": self.request_count,
            "cache_read_share": share,
            "mean": _request(mean, usd),
            "median": median,
        }


def split(text_usage: pl.DataFrame, prices: PairPrices) -> tuple[pl.DataFrame, pl.DataFrame, list[int]]:
    """The rows of `text_usage` that both models have prices for, the others, and how many requests each has none for.

    A model that has a price for none of them is not asked, so that the other's costs stay.
    """
    key = ["service_tier", "length_band", "token_classes"]
    parts = text_usage.group_by(key, maintain_order=True).agg(pl.col("request_count", *TOKENS.values()).sum())
    lacking, lost = list[tuple[bool, bool]](), [0, 0]
    for tier, band, _, count, *sums in parts.iter_rows():
        usd = prices.usd({name: int(total) for name, total in zip(TOKENS, sums, strict=True)}, str(tier), int(band))
        lacking.append((usd[0] is None, usd[1] is None))
        lost = [lost[side] + (int(count) if usd[side] is None else 0) for side in (0, 1)]
    asked = [side for side in (0, 1) if not all(lacks[side] for lacks in lacking)]
    is_priced = [bool(asked) and not any(lacks[side] for side in asked) for lacks in lacking]
    known = parts.select(key).filter(pl.Series(is_priced, dtype=pl.Boolean))
    return text_usage.join(known, on=key, how="semi"), text_usage.join(known, on=key, how="anti"), lost


def usage_by_endpoint(text_usage: pl.DataFrame) -> dict[str, Usage]:
    """The rows of `text_usage` added up by endpoint."""
    found: dict[str, Usage] = {}
    summed = text_usage.group_by("endpoint", "service_tier", "length_band", maintain_order=True).agg(
        pl.col("request_count", *TOKENS.values()).sum()
    )
    for endpoint, tier, band, count, *sums in summed.iter_rows():
        usage = found.setdefault(str(endpoint), Usage())
        usage.request_count += int(count)
        usage.tokens[str(tier), int(band)] = {name: int(total) for name, total in zip(TOKENS, sums, strict=True)}
    single = text_usage.filter(pl.col("request_grain") == "request")
    for name in MIDDLES:
        bins = (
            single.group_by("endpoint", f"{name}_bin")
            .agg(pl.sum("request_count"), pl.sum(f"usage_{name}_tokens"))
            .sort("endpoint", f"{name}_bin")
        )
        for endpoint, *counted in cast("Iterable[tuple[str, int, int, int]]", bins.iter_rows()):
            found[endpoint].bins.setdefault(name, []).append(cast("tuple[int, int, int]", tuple(counted)))
    return found


def _request(tokens: Mapping[TokenClass, float], usd: list[Decimal | None]) -> Document:
    a, b = (None if each is None else float(each) for each in usd)
    return {
        "input_tokens": tokens["input"],
        "cache_read_tokens": tokens["cache_read"],
        "output_tokens": tokens["output"],
        "usd": [a, b],
        "ratio": a / b if a is not None and b else None,
    }
