"""One model of a comparison, on a day: its prices, what requests of given sizes cost, and what is published of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl

from audit.catalog.facts import Fact, catalogue_info, catalogue_model, facts, image_tokens, retirement
from audit.catalog.price_file import TIERS, TokenClass
from audit.catalog.prices import NO_RATE, request_cost, unit_prices

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

REQUESTS: dict[str, dict[TokenClass, int]] = {
    "small": {"input": 500, "output": 200},
    "medium": {"input": 5_000, "output": 1_000},
    "large": {"input": 50_000, "output": 4_000},
}
CACHED: dict[TokenClass, int] = {**REQUESTS["medium"], "cache_read": REQUESTS["medium"]["input"]}

BENCHMARKS = ("intelligence_index", "mmlu_pro", "gpqa", "aime")
FACTS = (
    *BENCHMARKS,
    "output_tokens_per_second",
    "time_to_first_token_seconds",
    "context_window",
    "max_output_tokens",
    "supports_images",
    "supports_audio",
)

TILES = 4
"""512-pixel tiles of a 1024 x 1024 image at high detail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One model of a comparison, on a day, at list price; None where nothing is known."""

    name: str
    model: str
    provider_name: str
    prices: dict[str, dict[str, Decimal]]
    substitutes: dict[str, list[str]]
    requests: dict[str, Decimal | None]
    cached_medium: Decimal | None
    image: Decimal | None
    facts: dict[str, Fact]
    retires_on: date | None

    def value(self, fact: str) -> Decimal | None:
        """A published figure."""
        return self.facts[fact].value if fact in self.facts else None

    @property
    def medium(self) -> Decimal | None:
        """Dollars of the medium request."""
        return self.requests["medium"]

    @property
    def cache_saving_share(self) -> Decimal | None:
        """1 - cost with every input token read from the cache / cost with none, of the medium request."""
        if not self.medium or self.cached_medium is None:
            return None
        return 1 - self.cached_medium / self.medium

    @property
    def usd_per_index_point(self) -> Decimal | None:
        """Dollars of the medium request per point of the intelligence index."""
        index = self.value("intelligence_index")
        return self.medium / index if self.medium is not None and index else None


def side_of(name: str, provider: str, model: str, table: pl.DataFrame, on: date) -> Side:
    """The canonical `model` at `provider` as `name` means it on a day, priced by rows of the table `prices`."""

    def cost(tokens: Mapping[TokenClass, int]) -> Decimal | None:
        return request_cost(unit_prices(table, provider, model, on, input_tokens=tokens["input"]), tokens)

    found = catalogue_model(provider, model)
    known = facts(model)
    if "context_window" not in known and found and found[1].context_window:
        info = catalogue_info(on)
        window = Fact(
            value=Decimal(found[1].context_window),
            source=f"genai-prices {info.version}",
            checked_on=info.checked_on,
        )
        known = {**known, "context_window": window}
    prices = {tier: unit_prices(table, provider, model, on, tier) for tier in TIERS}
    substitutes = _substitutes(table, provider, model, on)
    image = image_tokens(model, TILES)
    end = retirement(provider, model)
    return Side(
        name=name,
        model=model,
        provider_name=provider,
        prices=prices,
        substitutes=substitutes,
        requests={size: cost(tokens) for size, tokens in REQUESTS.items()},
        # a rate that only stands in for a cached one says nothing about what caching saves
        cached_medium=None if "cache_read" in substitutes["default"] else cost(CACHED),
        image=request_cost(prices["default"], {"input": image}) if image else None,
        facts={fact: known[fact] for fact in FACTS if fact in known},
        retires_on=end.retires_on if end else None,
    )


def _substitutes(table: pl.DataFrame, provider: str, model: str, on: date) -> dict[str, list[str]]:
    """By tier, the token classes that nobody has published a price for and another rate stands in for."""
    rows = table.filter(
        (pl.col("provider_name") == provider)
        & (pl.col("model") == model)
        & (pl.col("length_band") == 0)
        & (pl.col("valid_from") <= on)
        & (pl.col("valid_to").is_null() | (pl.col("valid_to") > on))
        & pl.col("source").str.contains(NO_RATE)
    )
    return {tier: rows.filter(pl.col("service_tier") == tier)["token_class"].sort().to_list() for tier in TIERS}
