"""What the bundled price catalogue and the seeds state about models, before anything is decided from it.

Prices come from genai-prices, whose data ships inside its wheel: nothing here opens a network connection. The seeds
(queries/seeds) add what it does not hold: the day an alias moved, retirement dates, benchmarks and limits, each with
its source and date. genai_prices takes a quarter of a second to import, so it is imported inside the functions.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from audit.sql import queries_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genai_prices.types import ModelInfo, ModelPrice, Provider

STALE_AFTER_DAYS = 90
"""Providers have changed list prices a few times a year; a quarter without a look can miss one."""

_VENDORS = ("openai", "anthropic", "google", "mistral", "deepseek", "x-ai", "cohere", "voyageai", "perplexity")
"""Providers asked in this order for a model that names no provider; resellers are never guessed."""

_SPELLINGS = {"x_ai": "x-ai", "fireworks_ai": "fireworks"}
"""Provider names of logs that genai-prices does not recognise."""

_CHECKED = re.compile(r"(?:verified|checked) on (20\d\d-\d\d-\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueInfo:
    """Version of the price catalogue, the last day somebody checked a price of it, and a warning when that is old."""

    version: str
    checked_on: date
    age_days: int
    warning: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasPeriod:
    """The snapshot that an alias meant from `valid_from` (None: since ever) to before `valid_to` (None: until now)."""

    model: str
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One published figure with where it was read and when."""

    value: Decimal
    source: str
    checked_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """The day a provider switches a snapshot off."""

    provider_name: str
    model: str
    retires_on: date
    source: str


def catalogue_info(today: date) -> CatalogueInfo:
    """Version and age of the prices on `today`.

    The age counts from the latest day the catalogue says a price was verified on: the wheel carries no release date,
    and start dates of prices will not do because some lie in the future.
    """
    checked_on = last_checked()
    age = max(0, (today - checked_on).days)
    name = catalogue_version()
    warning = None
    if age > STALE_AFTER_DAYS:
        warning = (
            f"prices are {age} days old: genai-prices {name} was last verified on {checked_on.isoformat()}; "
            "update the package, or give your own rates in prices.csv"
        )
    return CatalogueInfo(version=name, checked_on=checked_on, age_days=age, warning=warning)


@cache
def catalogue_version() -> str:
    """Version of the installed catalogue."""
    return version("genai-prices")


@cache
def last_checked() -> date:
    """Latest day on which the catalogue says one of its prices was verified."""
    days = (last_verified(model) for provider in _providers() for model in provider.models)
    return max(day for day in days if day)


def last_verified(info: ModelInfo) -> date | None:
    """Latest day on which the catalogue says that a price of this model was verified; None where it says nothing."""
    return max(map(date.fromisoformat, _CHECKED.findall(info.price_comments or "")), default=None)


@cache
def catalogue_provider(provider_name: str) -> Provider | None:
    """The catalogue's provider for a name as logs spell it ('azure.ai.openai', 'bedrock', 'vertex_ai'), or None."""
    from genai_prices.data_snapshot import find_provider_by_id

    name = provider_name.strip().lower()
    # genai-prices would find 'openai' inside OpenTelemetry's 'azure.ai.openai'
    name = "azure" if name.startswith(("azure", "az.")) else _SPELLINGS.get(name, name)
    return find_provider_by_id(_providers(), name) if name else None


@cache
def vendor(model: str) -> Provider | None:
    """The provider that makes `model`, if the catalogue has a price of its own for it there."""
    for provider in (_provider(name) for name in _VENDORS):
        if provider.find_model(model):
            return provider
    return None


@cache
def catalogue_model(provider_name: str, model: str) -> tuple[Provider, ModelInfo] | None:
    """Where the catalogue prices `model` (canonical name) at `provider_name`; None if it does not.

    A name that is no provider of the catalogue (a gateway, or empty) means the vendor of the model. Resellers list
    models under the vendor's prefix ('openai/gpt-4o' at OpenRouter), which canonical names no longer carry.
    """
    provider = catalogue_provider(provider_name) or vendor(model)
    if provider is None:
        return None
    found = provider.find_model(model, all_providers=_providers())
    if found is None:
        listed = (info for info in provider.models if "/" in info.id)
        found = next((info for info in listed if info.is_match(f"{info.id.split('/')[0]}/{model}")), None)
    return (provider, found) if found else None


@cache
def first_party_names() -> frozenset[str]:
    """Every exact model name of the vendors in the catalogue, and every name in the seeds, in lower case."""
    names = {name for provider in _VENDORS for info in _provider(provider).models for name in _equal_names(info.match)}
    names.update(row["model"] for row in seed("model_facts") + seed("retirement_dates") + seed("model_aliases"))
    names.update(row["alias"] for row in seed("model_aliases"))
    return frozenset(name.lower() for name in names if name and "/" not in name)


def _equal_names(clause: object) -> Iterator[str]:
    from genai_prices.types import ClauseEquals, ClauseOr

    if isinstance(clause, ClauseEquals):
        yield clause.equals
    elif isinstance(clause, ClauseOr):
        for part in clause.or_:
            yield from _equal_names(part)


def price_sets(info: ModelInfo) -> Iterator[ModelPrice]:
    """Every set of prices the catalogue holds for a model: standard, dated and by tier."""
    if isinstance(info.prices, list):
        yield from (conditional.prices for conditional in info.prices)
    else:
        yield info.prices
    yield from (variant.prices for variant in info.price_variants or ())


@cache
def length_bands() -> tuple[int, ...]:
    """The bands of `length_bands`, ascending: a request is in the highest band its input length exceeds, else in 0."""
    return tuple(int(row["length_band"]) for row in seed("length_bands"))


@cache
def alias_periods(alias: str) -> tuple[AliasPeriod, ...]:
    """What `alias` meant, oldest first; empty if it is not an alias of the seed."""
    return tuple(
        AliasPeriod(model=row["model"], valid_from=_day(row["valid_from"]), valid_to=_day(row["valid_to"]))
        for row in seed("model_aliases")
        if row["alias"] == alias
    )


def meaning(alias: str, on: date) -> str:
    """The snapshot that `alias` meant on a day; a day before the alias existed takes its first meaning."""
    periods = alias_periods(alias)
    for period in reversed(periods):
        if period.valid_from is None or on >= period.valid_from:
            return period.model
    return periods[0].model if periods else alias


@cache
def facts(model: str) -> dict[str, Fact]:
    """Published figures of a canonical model by name of the fact; empty if there are none.

    A figure published for an alias belongs to the snapshot which the alias meant on the day it was read.
    """
    found: dict[str, Fact] = {}
    for row in seed("model_facts"):
        checked_on = date.fromisoformat(row["checked_on"])
        if model in (row["model"], meaning(row["model"], checked_on)):
            found[row["fact"]] = Fact(value=Decimal(row["value"]), source=row["source"], checked_on=checked_on)
    return found


def image_tokens(model: str, tiles: int) -> int | None:
    """Input tokens of one image of so many 512-pixel tiles (0: low detail); None where the rule is not known."""
    known = facts(model)
    if "image_base_tokens" not in known:
        return None
    return int(known["image_base_tokens"].value + tiles * known["image_tile_tokens"].value)


def retirement(provider_name: str, model: str) -> Retirement | None:
    """When `provider_name` switches the canonical `model` off; None if no date is known.

    Azure keeps its own dates; a reseller that serves the vendor's own endpoint ends with the vendor.
    """
    provider = catalogue_provider(provider_name)
    maker = vendor(model)
    names = [provider.id if provider else ""]
    if maker and names[0] not in ("azure", "aws", "google"):
        names.append(maker.id)
    for row in seed("retirement_dates"):
        if row["model"] == model and row["provider_name"] in names:
            return Retirement(
                provider_name=row["provider_name"],
                model=model,
                retires_on=date.fromisoformat(row["retires_on"]),
                source=f"{row['source']}, read {row['checked_on']}",
            )
    return None


@cache
def seed(name: str) -> tuple[dict[str, str], ...]:
    """Rows of queries/seeds/NAME.csv, in file order."""
    path = queries_folder() / "seeds" / f"{name}.csv"
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _providers() -> list[Provider]:
    from genai_prices.data import providers

    return providers


@cache
def _provider(name: str) -> Provider:
    return next(provider for provider in _providers() if provider.id == name)
