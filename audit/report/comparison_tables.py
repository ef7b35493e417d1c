"""The tables of a comparison of two models, in the order of reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from audit.report.comparison_cells import (
    UNKNOWN,
    UNPUBLISHED,
    Document,
    Table,
    dollars,
    models,
    names,
    numbers,
    price,
    share,
    times,
    usd,
)
from audit.report.comparison_evidence import task_tables, traffic_tables

ENDPOINTS_SHOWN = 8
"""Endpoints in the terminal; page and `--json` have all of them."""

CLASSES = {
    "input": "input",
    "cache_read": "cached input",
    "cache_creation": "cache writes",
    "cache_creation_1h": "cache writes for an hour",
    "output": "output",
    "audio_input": "audio input",
    "audio_output": "audio output",
}
FACTS: dict[str, tuple[str, Callable[[float], str]]] = {
    "intelligence_index": ("Intelligence Index", lambda value: f"{value:.1f}"),
    "mmlu_pro": ("MMLU-Pro", lambda value: f"{value:.2f}"),
    "gpqa": ("GPQA", lambda value: f"{value:.2f}"),
    "aime": ("AIME", lambda value: f"{value:.2f}"),
    "output_tokens_per_second": ("output tokens/s", lambda value: f"{value:.1f}"),
    "time_to_first_token_seconds": ("time to first token", lambda value: f"{value:.2f} s"),
    "context_window": ("context window", lambda value: f"{value:,.0f}"),
    "max_output_tokens": ("longest answer", lambda value: f"{value:,.0f}"),
}
_SPEEDS: dict[str, tuple[str, Callable[[float], str]]] = {
    "median_duration_ms": ("your log: whole answer", lambda value: f"{value / 1000:.2f} s"),
    "output_tokens_per_second": ("your log: output tokens/s", lambda value: f"{value:.1f}"),
    "time_to_first_chunk_ms": ("your log: first token", lambda value: f"{value / 1000:.2f} s"),
}


def tables(document: Document, limit: int | None = None) -> list[Table]:
    """Every table of the comparison in the order of reading; those without a row are left out."""
    found = [
        _prices(document),
        _requests(document),
        *traffic_tables(document, limit),
        _facts(document),
        *task_tables(document, limit),
        _mixes(document),
    ]
    return [each for each in found if each.rows]


def sources(document: Document) -> list[str]:
    """Where figures were published, each once."""
    facts = [fact for model in models(document) for fact in cast("dict[str, dict[str, str]]", model["facts"]).values()]
    found = {f"{fact['source']} ({fact['checked_on']})" for fact in facts}
    tasks = cast("Document", document["tasks"])
    for task in cast("list[dict[str, object]]", tasks["by_task"]):
        found |= {str(each["source"]) for each in cast("list[Document]", task["benchmarks"])}
    found |= {str(each["source"]) for each in cast("list[Document]", tasks["paired"])}
    return sorted(found)


def _prices(document: Document) -> Table:
    ratios = cast("Mapping[str, float | None]", document["price_ratio"])
    rows: list[list[str]] = []
    for tier, classes in (("default", tuple(CLASSES)), ("batch", ("input", "output"))):
        for token_class in classes:
            cells: list[tuple[str, bool]] = [_published(model, tier, token_class) for model in models(document)]
            if any(is_known for _, is_known in cells):
                label = CLASSES[token_class] if tier == "default" else f"{tier} {CLASSES[token_class]}"
                is_compared = tier == "default" and all(is_known for _, is_known in cells)
                rows.append(
                    [label, *(cell for cell, _ in cells), times(ratios.get(token_class) if is_compared else None)]
                )
    return Table(key="prices", title="USD per 1M tokens", heads=("token class", *names(document), "ratio"), rows=rows)


def _published(model: Document, tier: str, token_class: str) -> tuple[str, bool]:
    """The price as published; a rate that stands in for one is named as what it is."""
    value = cast("dict[str, dict[str, float]]", model["prices"])[tier].get(token_class)
    if value is None:
        return "unpriced", False
    if token_class in cast("dict[str, list[str]]", model["unpublished_prices"])[tier]:
        return UNPUBLISHED, False
    return price(value), True


def _requests(document: Document) -> Table:
    sides = models(document)
    rows: list[list[str]] = []
    for size, ratio in cast("Mapping[str, float | None]", document["request_ratio"]).items():
        asked = [cast("dict[str, dict[str, float]]", model["requests"])[size] for model in sides]
        shape = f"{asked[0]['input_tokens']:,} in, {asked[0]['output_tokens']:,} out"
        rows.append([f"{size}: {shape}", *(dollars(each["usd"]) for each in asked), times(ratio)])
    rows.append(["saved by a full cache, medium", *(share(model["cache_saving_share"]) for model in sides), ""])
    rows.append(["medium, per index point", *(usd(model["usd_per_index_point"], 4) for model in sides), ""])
    if any(model["image_usd"] is not None for model in sides):
        ratio = cast("float | None", document["image_ratio"])
        rows.append(["image of 1024 x 1024", *(usd(model["image_usd"], 5) for model in sides), times(ratio)])
    return Table(key="requests", title="What a request costs", heads=("request", *names(document), "ratio"), rows=rows)


def _facts(document: Document) -> Table:
    rows: list[list[str]] = []
    for fact, (label, shown) in FACTS.items():
        entries = [cast("dict[str, dict[str, float]]", model["facts"]).get(fact) for model in models(document)]
        if any(entries):
            rows.append([label, *(shown(entry["value"]) if entry else UNPUBLISHED for entry in entries)])
    traffic = cast("Document | None", document["traffic"])
    speed = cast("Document | None", traffic["speed"]) if traffic else None
    if speed:
        for key, (label, shown) in _SPEEDS.items():
            measured = numbers(speed[key])
            if any(value is not None for value in measured):
                rows.append([label, *(UNKNOWN if value is None else shown(value) for value in measured)])
    return Table(
        key="facts",
        title="Benchmarks, speed and limits",
        heads=("published", *names(document)),
        rows=rows,
        note=str(speed["caveat"]) if speed else "",
    )


def _mixes(document: Document) -> Table:
    rows: list[list[str]] = []
    for mix in cast("list[Document]", document["blended_per_million"]):
        ratio = f"{mix['input']}:{mix['output']}" if mix["output"] else "input only"
        rows.append([str(mix["kind"]), ratio, *(price(value) for value in numbers(mix["usd"]))])
    return Table(
        key="mixes",
        title="USD per 1M tokens at typical input:output ratios",
        heads=("kind of work", "ratio", *names(document)),
        rows=rows,
        labels=2,
    )
