"""The packages that are compared: how each is installed and called, what it needs, and what is read from its output.

Facts about a package are from its own README, `--help` and source at the pinned release. Every package gets what it
needs to do its work without a network: prices where it has none, and a log in a format that it reads.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.benchmarks.peers import by_hand

Format = Literal["openai_pairs", "openrouter_pairs", "records"]
"""What conversions.py writes."""

PRICES = {
    "gpt-4o": (2.5, 1.25, 10.0),
    "gpt-4o-2024-08-06": (2.5, 1.25, 10.0),
    "gpt-4o-2024-11-20": (2.5, 1.25, 10.0),
    "gpt-4o-mini": (0.15, 0.075, 0.6),
    "gpt-4o-mini-2024-07-18": (0.15, 0.075, 0.6),
    "o3-mini": (1.1, 0.55, 4.4),
}
"""Dollars per million input, cached and output tokens of every model in the log, as tests/make_log.py has them."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a package says about a log: its total cost in dollars, and its saving in its own terms."""

    total_cost: float | None
    saving: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A package, or a script beside which packages can be seen."""

    name: str
    requirements: tuple[str, ...] = ()
    """With pinned releases; none: what this checkout has installed."""
    reads: Format | None = None
    """What the spend logs are converted into; none: it reads them as they are."""
    commands: tuple[tuple[str, ...], ...]
    """Run one after the other; {log} is the log. Their times add up."""
    files: dict[str, str] = field(default_factory=dict[str, str])
    """What lies in the folder in which they run, which is their home, too."""
    read_output: Callable[[Sequence[str]], Found]
    """From what each command printed."""
    compared: bool = True


def _dollars(pattern: str, text: str) -> str | None:
    match = re.search(pattern, text)
    return match[1] if match else None


def _number(text: str | None) -> float | None:
    return None if text is None else float(text.replace(",", ""))


def _traffic_audit(outputs: Sequence[str]) -> Found:
    report: dict[str, Any] = json.loads(outputs[1])
    expected, ceiling = (report["savings"][level]["window"] for level in ("expected", "ceiling"))
    spread = f"${expected['low']:,.0f} to ${expected['high']:,.0f}"
    saving = f"expected ${expected['point']:,.0f} ({spread}), at most ${ceiling['point']:,.0f}"
    return Found(report["spend"]["list_cost"], saving)


def _frugon(outputs: Sequence[str]) -> Found:
    """A window of 30 days makes its month the log: what it calls a month is the sum over the log."""
    (text,) = outputs
    saved = _dollars(r"SAVING\s+\$([\d,]+\.\d+) / mo", text)
    return Found(
        _number(_dollars(r"Current spend \$([\d,]+\.\d+) / mo", text)), saved and f"${saved}, of its costliest model"
    )


def _toolkit(outputs: Sequence[str]) -> Found:
    summary: dict[str, float] = json.loads(outputs[1])["predicate"]["summary"]
    saved = summary["logged_cost_usd"] - summary["total_cost_usd"]
    return Found(summary["logged_cost_usd"], f"${saved:,.2f}, everything moved")


def _inferopt(outputs: Sequence[str]) -> Found:
    report: dict[str, Any] = json.loads(outputs[0][outputs[0].index("{") :])
    return Found(report["spend"], f"${report['total_safe_savings']:,.2f} a month, by caching")


def _slmify(outputs: Sequence[str]) -> Found:
    (text,) = outputs
    addressable = re.search(r"addressable: \$([\d,]+) – ([\d,]+) /mo", text)
    saving = f"${addressable[1]} to ${addressable[2]} a month, by fine-tuned models" if addressable else None
    return Found(_number(_dollars(r"measured spend: \$([\d,]+\.\d+)", text)), saving)


def _llm_route_audit(outputs: Sequence[str]) -> Found:
    """It states no saving before answers were replayed and graded, which takes keys and money."""
    return Found(json.loads(outputs[0])["total"]["cost"], None)


def _sum(outputs: Sequence[str]) -> Found:
    return Found(float(outputs[0]), None)


CATALOGUE = {
    "fetched_at": 4_000_000_000,
    "models": {
        f"openai/{model}": {"in": paid, "out": written, "cache_read": cached, "cache_write": None, "name": model}
        for model, (paid, cached, written) in PRICES.items()
    },
}
PRICE_LIST = {
    "updated": "2026-11-22",
    "models": {
        model: {"input": paid, "cache_read": cached, "output": written}
        for model, (paid, cached, written) in PRICES.items()
    },
}

PEERS = (
    Peer(
        name="traffic-audit",
        commands=(
            ("audit", "load", "{log}", "--db", "usage.duckdb", "--json", "--quiet"),
            ("audit", "report", "--db", "usage.duckdb", "--json", "--quiet"),
        ),
        read_output=_traffic_audit,
    ),
    Peer(
        name="frugon",
        requirements=("frugon==0.2.6",),
        reads="openai_pairs",
        commands=(("frugon", "analyze", "{log}", "--candidates", "gpt-4o-mini", "--window", "30", "--no-progress"),),
        read_output=_frugon,
    ),
    Peer(
        name="toolkit-cost-optimizer",
        requirements=("toolkit-cost-optimizer==1.0.0",),
        commands=(
            ("toolkit-opt", "ingest", "--format", "litellm-spendlogs", "--input", "{log}", "--rows", "rows.jsonl"),
            ("toolkit-opt", "simulate", "--input", "rows.jsonl", "--policy", "policy.json"),
        ),
        files={"policy.json": json.dumps({"default_model": "gpt-4o-mini"})},
        read_output=_toolkit,
    ),
    Peer(
        name="inferopt",
        requirements=("inferopt==0.11.1",),
        reads="openrouter_pairs",
        commands=(("inferopt", "analyze", "{log}", "--json"),),
        files={".inferopt/openrouter-models.json": json.dumps(CATALOGUE)},
        read_output=_inferopt,
    ),
    Peer(
        name="llm-route-audit",
        requirements=("llm-route-audit==0.3.3",),
        reads="records",
        commands=(("llm-route-audit", "analyze", "{log}", "--prices", "prices.yaml", "--json"),),
        files={"prices.yaml": json.dumps(PRICE_LIST)},  # JSON is YAML
        read_output=_llm_route_audit,
    ),
    Peer(
        name="slmify",
        requirements=("slmify==0.2.0",),
        reads="openai_pairs",
        commands=(("slmify", "analyze", "{log}", "--embedder", "hash"),),
        read_output=_slmify,
    ),
    Peer(
        name="bare DuckDB",
        commands=(("python", "-c", by_hand.DUCKDB, "{log}"),),
        read_output=_sum,
        compared=False,
    ),
    Peer(
        name="chDB",
        requirements=("chdb==4.4.0",),
        commands=(("python", "-c", by_hand.CHDB, "{log}"),),
        read_output=_sum,
        compared=False,
    ),
    Peer(
        name="pandas",
        requirements=("pandas==3.1.1",),
        commands=(("python", "-c", by_hand.PANDAS, "{log}"),),
        read_output=_sum,
        compared=False,
    ),
)
