"""Two models side by side: every figure computed from the catalogue and the facts, none typed.

What a typical request costs, what caching saves, what a point of intelligence costs, which model is faster: the usual
beliefs do not always hold (gpt-4o-mini is the slower one of its pair), so each is read from data, and a model without
a published figure says so instead of getting an estimate.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from audit.catalog.bottom_line import bottom_line
from audit.catalog.candidates import kind
from audit.catalog.facts import catalogue_info, catalogue_model, vendor
from audit.catalog.models import canonical, known_model, model_family
from audit.catalog.prices import price_rows, request_cost
from audit.catalog.side import BENCHMARKS, REQUESTS, Side, side_of
from audit.catalog.tasks import task_evidence
from audit.catalog.tokenizers import same_tokenizer, tokenizer_note

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from audit.catalog.price_file import PriceOverride, TokenClass

SOURCE = "https://margindash.com/compare/gpt-4o-vs-gpt-4o-mini"
"""The public page whose request sizes and ratios are used here."""

RATIOS: dict[str, tuple[int, int]] = {
    "chat": (2, 1),
    "code review": (3, 1),
    "document work, short": (10, 1),
    "document work, long": (50, 1),
    "embeddings": (1, 0),
}
"""Typical input to output tokens of a kind of work."""

ROUTABLE_CLAIM = "50 to 70 percent of requests are simple enough for the small model and spend falls 30 to 60 percent"

Document = dict[str, object]


def compare(
    a: str,
    b: str,
    *,
    on: date,
    provider_name: str = "",
    overrides: Sequence[PriceOverride] = (),
    discount: Decimal = Decimal(0),
    also_known: Collection[str] = (),
) -> Document:
    """Models `a` and `b` on a day, as the document of `audit compare A B --json`: numbers, texts, null for unknown.

    A model is priced at `provider_name` if that sells it, else (and for '') at its own vendor. Keys: schema, on,
    catalogue, models (two, in the order asked), price_ratio (a / b by token class), request_ratio, image_ratio, claims,
    blended_per_million, same_tokenizer, tasks (see `task_evidence`), unverified_claims, notes, bottom_line, and traffic
    (null here). Raises UnknownNameError for a model that neither catalogue nor `overrides` nor `also_known` has.
    """
    known = {*also_known, *(override.model for override in overrides)}
    names = [(name, canonical(known_model(name, known), on)) for name in (a, b)]
    pairs = [(_provider(model, provider_name, overrides), model) for _, model in names]
    table = price_rows(pairs, overrides, discount)
    sides = [
        side_of(name, provider, model, table, on) for (name, _), (provider, model) in zip(names, pairs, strict=True)
    ]
    one, other = sides
    catalogue = catalogue_info(on)
    document: Document = {
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
        "same_tokenizer": same_tokenizer(one.model, other.model),
        "tasks": task_evidence(one.model, other.model),
        "traffic": None,
        "unverified_claims": [
            {"claim": ROUTABLE_CLAIM, "source": SOURCE, "status": "no independent source: a prior to test on your logs"}
        ],
        "notes": _notes(sides, on, provider_name, overrides),
    }
    return document | {"bottom_line": bottom_line(document)}


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
        "cheaper": _best(a, b, *_costs(a, b), most=False),
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


def _costs(a: Side, b: Side) -> tuple[Decimal | None, Decimal | None]:
    """What decides which is cheaper: the medium request, or the input where neither has a price of output."""
    if any("output" in side.prices["default"] for side in (a, b)):
        return a.medium, b.medium
    return a.prices["default"].get("input"), b.prices["default"].get("input")


def _provider(model: str, provider_name: str, overrides: Sequence[PriceOverride]) -> str:
    """Where a model is priced: at the provider named if it sells the model, else at the model's own vendor."""
    is_own = any(override.prices(provider_name, model) for override in overrides)
    if provider_name and (is_own or catalogue_model(provider_name, model)):
        return provider_name
    maker = vendor(model)
    return maker.id if maker else provider_name


def _document(side: Side) -> Document:
    return {
        "name": side.name,
        "model": side.model,
        "model_family": model_family(side.model),
        "provider_name": side.provider_name,
        "prices": {tier: {cls: _number(price) for cls, price in unit.items()} for tier, unit in side.prices.items()},
        "unpublished_prices": side.substitutes,
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


def _notes(sides: Sequence[Side], on: date, provider_name: str, overrides: Sequence[PriceOverride]) -> list[str]:
    """What a reader must know before he believes a figure: unknown, unlike, or about to be switched off."""
    notes: list[str] = []
    one, other = sides
    if one.model == other.model:
        notes.append(f"{one.name} and {other.name} mean the same model, {one.model}")
    elif note := tokenizer_note(one.model, other.model):
        notes.append(note)
    for side in dict.fromkeys(side.model for side in sides):
        notes.extend(_side_notes(next(each for each in sides if each.model == side), on, provider_name, overrides))
    return notes


def _side_notes(side: Side, on: date, provider_name: str, overrides: Sequence[PriceOverride]) -> list[str]:
    notes: list[str] = []
    model, prices = side.model, side.prices["default"]
    if not prices:
        notes.append(f"{model} has no price in the catalogue; give one in prices.csv")
    elif not catalogue_model(side.provider_name, model):
        notes.append(f"{model} is priced by your prices.csv alone; the catalogue does not know it")
    elif any(override.prices(side.provider_name, model) for override in overrides):
        notes.append(f"{model} is priced by your prices.csv where that has a line for it")
    if prices and "output" not in prices:
        notes.append(f"{model} has no price of output: it embeds, or nobody has published one; only input is compared")
    if {"audio_input", "audio_output"} & prices.keys():
        notes.append(f"{model} bills audio tokens apart; the requests here are of text alone")
    elif "audio" in kind(model):
        notes.append(f"{model} has no known price of audio tokens; the requests here are of text alone")
    if provider_name and prices and side.provider_name != provider_name:
        notes.append(f"{provider_name} does not sell {model}; its prices are those of {side.provider_name or 'no one'}")
    window = side.value("context_window")
    large = sum(REQUESTS["large"].values())
    if window is not None and window < large:
        notes.append(f"{model} takes {window:,.0f} tokens at most: the large request of {large:,} does not fit")
    if side.value("intelligence_index") is None:
        notes.append(f"{model} has no published intelligence index here: no value per point, not in the chart")
    if side.retires_on:
        verb = "is" if side.retires_on > on else "was"
        notes.append(f"{model} {verb} switched off on {side.retires_on.isoformat()}")
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
