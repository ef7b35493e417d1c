"""Two models side by side: every figure computed from the catalogue and the facts, none typed.

What a typical request costs, what caching saves, what a point of intelligence costs, which model is faster: the usual
beliefs do not always hold (gpt-4o-mini is the slower one of its pair), so each is read from data, and a model without
a published figure says so instead of getting an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from audit.catalog.facts import Fact, catalogue_info, catalogue_model, facts, image_tokens, retirement, vendor
from audit.catalog.models import canonical, known_model, model_family
from audit.catalog.price_file import TIERS, PriceOverride, TokenClass
from audit.catalog.prices import price_rows, request_cost, unit_prices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import polars as pl

SOURCE = "https://margindash.com/compare/gpt-4o-vs-gpt-4o-mini"
"""The public page whose request sizes and ratios are used here."""

REQUESTS: dict[str, dict[TokenClass, int]] = {
    "small": {"input": 500, "output": 200},
    "medium": {"input": 5_000, "output": 1_000},
    "large": {"input": 50_000, "output": 4_000},
}
CACHED: dict[TokenClass, int] = {**REQUESTS["medium"], "cache_read": REQUESTS["medium"]["input"]}

RATIOS: dict[str, tuple[int, int]] = {
    "chat": (2, 1),
    "code review": (3, 1),
    "document work, short": (10, 1),
    "document work, long": (50, 1),
    "embeddings": (1, 0),
}
"""Typical input to output tokens of a kind of work."""

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

ROUTABLE_CLAIM = "50 to 70 percent of requests are simple enough for the small model and spend falls 30 to 60 percent"

Document = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One model of a comparison, on a day, at list price; None where nothing is known."""

    name: str
    model: str
    provider_name: str
    prices: dict[str, dict[str, Decimal]]
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


def compare(
    a: str,
    b: str,
    *,
    on: date,
    provider_name: str = "",
    overrides: Sequence[PriceOverride] = (),
    discount: Decimal = Decimal(0),
) -> Document:
    """Models `a` and `b` on a day, as the document of `audit compare A B --json`: numbers, texts, null for unknown.

    `provider_name` '' means each model's own vendor. Keys: schema, on, catalogue, models (two, in the order asked),
    price_ratio (a / b by token class), request_ratio, image_ratio, claims, blended_per_million, unverified_claims,
    notes. Raises UnknownNameError for a model nobody knows.
    """
    also_known = {override.model for override in overrides}
    names = [(name, canonical(known_model(name, also_known), on)) for name in (a, b)]
    pairs = [(provider_name or _vendor_name(model), model) for _, model in names]
    table = price_rows(pairs, overrides, discount)
    sides = [_side(name, provider, model, table, on) for (name, _), (provider, model) in zip(names, pairs, strict=True)]
    one, other = sides
    catalogue = catalogue_info(on)
    return {
        "schema": "traffic-audit/compare/1",
        "on": on.isoformat(),
        "catalogue": {"version": catalogue.version, "checked_on": catalogue.checked_on.isoformat()},
        "models": [_document(side) for side in sides],
        "price_ratio": {
            token_class: _number(_ratio(price, other.prices["default"].get(token_class)))
            for token_class, price in one.prices["default"].items()
        },
        "request_ratio": {size: _number(_ratio(one.requests[size], other.requests[size])) for size in REQUESTS},
        "image_ratio": _number(_ratio(one.image, other.image)),
        "claims": claims(one, other),
        "blended_per_million": [_blended(kind, sides) for kind in RATIOS],
        "unverified_claims": [
            {"claim": ROUTABLE_CLAIM, "source": SOURCE, "status": "no independent source: a prior to test on your logs"}
        ],
        "notes": _notes(sides, on),
    }


def claims(a: Side, b: Side) -> Document:
    """What follows from the figures of two models: the name of the better one, or None where a figure is missing.

    faster_output_percent = (faster / slower - 1)·100; a tie names nobody.
    """
    faster = _best(a, b, a.value("output_tokens_per_second"), b.value("output_tokens_per_second"), most=True)
    speeds = [speed for side in (a, b) if (speed := side.value("output_tokens_per_second"))]
    percent = (max(speeds) / min(speeds) - 1) * 100 if faster and len(speeds) == 2 else None
    scores = [(a.value(name), b.value(name)) for name in BENCHMARKS]
    leaders = {_best(a, b, mine, its, most=True) for mine, its in scores if mine is not None and its is not None}
    windows = (a.value("context_window"), b.value("context_window"))
    return {
        "cheaper": _best(a, b, a.medium, b.medium, most=False),
        "better_value": _best(a, b, a.usd_per_index_point, b.usd_per_index_point, most=False),
        "higher_benchmarks": leaders.pop() if len(leaders) == 1 else None,
        "faster_output": faster,
        "faster_output_percent": _number(percent),
        "sooner_first_token": _best(
            a, b, a.value("time_to_first_token_seconds"), b.value("time_to_first_token_seconds"), most=False
        ),
        "larger_window": _best(a, b, *windows, most=True),
        "same_window": windows[0] == windows[1] if None not in windows else None,
    }


def _side(name: str, provider: str, model: str, table: pl.DataFrame, on: date) -> Side:
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
    image = image_tokens(model, TILES)
    end = retirement(provider, model)
    return Side(
        name=name,
        model=model,
        provider_name=provider,
        prices=prices,
        requests={size: cost(tokens) for size, tokens in REQUESTS.items()},
        cached_medium=cost(CACHED),
        image=request_cost(prices["default"], {"input": image}) if image else None,
        facts={fact: known[fact] for fact in FACTS if fact in known},
        retires_on=end.retires_on if end else None,
    )


def _vendor_name(model: str) -> str:
    maker = vendor(model)
    return maker.id if maker else ""


def _document(side: Side) -> Document:
    return {
        "name": side.name,
        "model": side.model,
        "model_family": model_family(side.model),
        "provider_name": side.provider_name,
        "prices": {tier: {cls: _number(price) for cls, price in unit.items()} for tier, unit in side.prices.items()},
        "requests": {
            size: {"input_tokens": tokens["input"], "output_tokens": tokens["output"],
                   "usd": _number(side.requests[size])}
            for size, tokens in REQUESTS.items()
        },
        "cached_medium_usd": _number(side.cached_medium),
        "cache_saving_share": _number(side.cache_saving_share),
        "image_usd": _number(side.image),
        "usd_per_index_point": _number(side.usd_per_index_point),
        "facts": {
            name: {"value": _number(fact.value), "source": fact.source, "checked_on": fact.checked_on.isoformat()}
            for name, fact in side.facts.items()
        },
        "retires_on": side.retires_on.isoformat() if side.retires_on else None,
    }  # fmt: skip


def _blended(kind: str, sides: Sequence[Side]) -> Document:
    into, out = RATIOS[kind]
    usd: list[float | int | None] = []
    for side in sides:
        tokens: dict[TokenClass, int] = {"input": into * 1_000_000, "output": out * 1_000_000}
        cost = request_cost(side.prices["default"], tokens)
        usd.append(_number(cost / (into + out) if cost is not None else None))
    return {"kind": kind, "input": into, "output": out, "usd": usd}


def _notes(sides: Sequence[Side], on: date) -> list[str]:
    notes: list[str] = []
    for side in sides:
        if not side.prices["default"]:
            notes.append(f"{side.model} has no price in the catalogue; give one in prices.csv")
        if side.value("intelligence_index") is None:
            notes.append(f"{side.model} has no published intelligence index here: no value per point, not in the chart")
        if side.retires_on:
            verb = "is" if side.retires_on > on else "was"
            notes.append(f"{side.model} {verb} switched off on {side.retires_on.isoformat()}")
    return notes


def _best(a: Side, b: Side, mine: Decimal | None, its: Decimal | None, *, most: bool) -> str | None:
    if mine is None or its is None or mine == its:
        return None
    return a.name if (mine > its) is most else b.name


def _ratio(mine: Decimal | None, its: Decimal | None) -> Decimal | None:
    return mine / its if mine is not None and its else None


def _number(value: Decimal | None) -> float | int | None:
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
