"""The bill by another route: a loop over dictionaries in Decimal, without SQL and without a line of the package.

Prices are written out by hand from the providers' price lists, in dollars per million tokens.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

MILLION = Decimal(1_000_000)
HALF = Decimal("0.5")
Rates = tuple[str, str, str, str]
"""Input, cache read, cache write, output; without a cache rate of its own, cached input costs what input costs."""

CARDS: dict[str, tuple[tuple[date, int, Rates], ...]] = {
    "gpt-4o-2024-08-06": ((date.min, 0, ("2.50", "1.25", "", "10.00")),),
    "gpt-4o-2024-05-13": ((date.min, 0, ("5", "", "", "15")),),
    "gpt-4o-mini-2024-07-18": ((date.min, 0, ("0.15", "0.075", "", "0.60")),),
    "gpt-6-luna": (
        (date.min, 0, ("0.10", "0.01", "0.125", "0.50")),
        (date.min, 272_000, ("0.20", "0.02", "0.25", "0.75")),
    ),
    "claude-sonnet-4-5": (
        (date.min, 0, ("3", "0.30", "3.75", "15")),
        (date.min, 200_000, ("6", "0.60", "7.50", "22.50")),
    ),
    "gemini-2.5-pro": (
        (date.min, 0, ("1.25", "0.125", "", "10")),
        (date.min, 200_000, ("2.50", "0.25", "", "15")),
    ),
    "o3-2025-04-16": (
        (date.min, 0, ("10", "0.50", "", "40")),
        (date(2025, 6, 10), 0, ("2", "0.50", "", "8")),
    ),
    "text-embedding-3-small": ((date.min, 0, ("0.02", "", "", "0")),),
}
"""Model -> (first day, input length it starts above, rates), the later and longer the further down."""

CLASSES = ("input", "cache_read", "cache_creation", "output")
NO_CACHE_RATE_ON_BATCH = {"gpt-4o-2024-08-06", "gpt-4o-2024-05-13", "gpt-4o-mini-2024-07-18", "o3-2025-04-16"}
"""OpenAI's Batch list has no cached rate for these; Google says that its standard one stays."""

PRIORITY: dict[str, tuple[tuple[int, Rates], ...]] = {
    "gpt-4o-2024-08-06": ((0, ("4.25", "2.125", "", "17")),),
    "gpt-4o-2024-05-13": ((0, ("8.75", "", "", "26.25")),),
    "gpt-4o-mini-2024-07-18": ((0, ("0.25", "0.125", "", "1")),),
    "gpt-6-luna": ((0, ("0.20", "0.02", "0.25", "1")), (272_000, ("0.40", "0.04", "0.50", "1.50"))),
    "o3-2025-04-16": ((0, ("3.50", "0.875", "", "14")),),
}
HALF_PRICE_FLEX = {"gpt-6-luna", "o3-2025-04-16"}
ALIASES = {"gpt-4o-mini": "gpt-4o-mini-2024-07-18", "gpt-4o": "gpt-4o-2024-08-06"}
"""As they have been since October 2024."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A price of one's own for one class of tokens of one model, on standard terms, over some days."""

    model: str
    token_class: str
    since: date
    until: date
    usd_per_million: Decimal


def facts(row: Mapping[str, object]) -> dict[str, int]:
    """The token counts of a LiteLLM row."""
    usage = json.loads(str(row["metadata"]))["usage_object"]
    return {
        "input": int(str(row["prompt_tokens"])),
        "cached": int(usage["prompt_tokens_details"]["cached_tokens"]),
        "written": int(usage["prompt_tokens_details"]["cache_creation_tokens"]),
        "output": int(str(row["completion_tokens"])),
    }


def disposition(row: Mapping[str, object], contracts: Iterable[Contract] = ()) -> str:
    """The first class that holds, of those a request can be in before any gate."""
    if row["status"] == "failure":
        return "failed"
    if row["cache_hit"] == "True":
        return "gateway_cache_hit"
    tokens = facts(row)
    if tokens["input"] == 0 and tokens["output"] == 0:
        return "unknown_usage"
    if list_cost(row, contracts) is None:
        return "unpriced"
    return "eligible" if served(row).startswith("gpt-4o-2024") else "other_model"


def list_cost(row: Mapping[str, object], contracts: Iterable[Contract] = ()) -> Decimal | None:
    """Dollars of one LiteLLM row that was billed, or None where its model or tier has no price."""
    usage = json.loads(str(row["metadata"]))["usage_object"]
    tokens = facts(row)
    day = date.fromisoformat(str(row["startTime"])[:10])
    rates = _rates(served(row), str(usage.get("service_tier", "default")), day, tokens["input"], contracts)
    if rates is None:
        return None
    plain = tokens["input"] - tokens["cached"] - tokens["written"]
    return (
        plain * rates[0] + tokens["cached"] * rates[1] + tokens["written"] * rates[2] + tokens["output"] * rates[3]
    ) / MILLION


def served(row: Mapping[str, object]) -> str:
    """The snapshot that answered."""
    name = str(row["model"])
    return ALIASES.get(name, name)


def _rates(model: str, tier: str, day: date, length: int, contracts: Iterable[Contract]) -> list[Decimal] | None:
    if model not in CARDS or tier not in ("default", "batch", "flex", "priority"):
        return None
    steps = [rates for since, above, rates in CARDS[model] if since <= day and (above == 0 or length > above)]
    if tier == "priority" and model in PRIORITY:
        steps = [rates for above, rates in PRIORITY[model] if above == 0 or length > above]
    found = [Decimal(rate) if rate else None for rate in steps[-1]]
    if (tier == "batch" and model != "text-embedding-3-small") or (tier == "flex" and model in HALF_PRICE_FLEX):
        found = [rate * HALF if rate is not None else None for rate in found]
    if tier == "batch" and model in NO_CACHE_RATE_ON_BATCH:
        found[1] = None
    if tier == "batch" and model == "gemini-2.5-pro":
        found[1] = Decimal(steps[-1][1])
    if tier == "default":
        for contract in contracts:
            if contract.model == model and contract.since <= day < contract.until:
                found[CLASSES.index(contract.token_class)] = contract.usd_per_million
    return [rate if rate is not None else Decimal(found[0] or 0) for rate in found]
