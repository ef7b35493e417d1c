"""`audit compare A B` as a table for people: display only, every figure comes from the document."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.table import Table

    from audit.catalog.comparison import Document

WIDTH = 80

_UNKNOWN = "not published"

_CLASSES = {
    "input": "input",
    "cache_read": "cached input",
    "output": "output",
    "audio_input": "audio input",
    "audio_output": "audio output",
}
_FACTS: dict[str, tuple[str, Callable[[float], str]]] = {
    "intelligence_index": ("Intelligence Index", lambda value: f"{value:.1f}"),
    "mmlu_pro": ("MMLU-Pro", lambda value: f"{value:.2f}"),
    "gpqa": ("GPQA", lambda value: f"{value:.2f}"),
    "aime": ("AIME", lambda value: f"{value:.2f}"),
    "output_tokens_per_second": ("output tokens/s", lambda value: f"{value:.1f}"),
    "time_to_first_token_seconds": ("time to first token", lambda value: f"{value:.2f} s"),
    "context_window": ("context window", lambda value: f"{value:,.0f}"),
    "max_output_tokens": ("longest answer", lambda value: f"{value:,.0f}"),
}
_CLAIMS = {
    "cheaper": "cheaper",
    "better_value": "better value (dollars per index point)",
    "higher_benchmarks": "higher in every benchmark",
    "faster_output": "faster output",
    "sooner_first_token": "sooner first token",
    "larger_window": "larger context window",
}


def comparison_text(document: Document) -> str:
    """The comparison as text of at most 80 columns, without colours."""
    from io import StringIO

    from rich.console import Console

    out = StringIO()
    console = Console(file=out, width=WIDTH, color_system=None, highlight=False)
    console.print(comparison_table(document))
    for line in comparison_lines(document):
        console.print(line, markup=False, soft_wrap=False)
    return out.getvalue()


def comparison_table(document: Document) -> Table:
    """The figures of both models, one row each, with the ratio where one makes sense."""
    from rich import box
    from rich.table import Table

    models = cast("list[dict[str, dict[str, object]]]", document["models"])
    table = Table(box=box.SIMPLE_HEAD, width=WIDTH, pad_edge=False)
    table.add_column("USD", min_width=30)
    for model in models:
        table.add_column(str(model["name"]), justify="right", ratio=1, overflow="fold")
    table.add_column("ratio", justify="right", min_width=7)

    ratios = cast("Mapping[str, float | None]", document["price_ratio"])
    for key, label in _CLASSES.items():
        cells = [model["prices"]["default"] for model in models]
        values = [cast("Mapping[str, float]", prices).get(key) for prices in cells]
        if any(value is not None for value in values):
            table.add_row(f"{label} per 1M tokens", *(_price(value) for value in values), _times(ratios.get(key)))
    sizes = cast("Mapping[str, float | None]", document["request_ratio"])
    for size, ratio in sizes.items():
        requests = [cast("Mapping[str, float | None]", model["requests"][size]) for model in models]
        shape = f"{requests[0]['input_tokens']:,} in, {requests[0]['output_tokens']:,} out"
        table.add_row(f"{size}: {shape}", *(_dollars(request["usd"]) for request in requests), _times(ratio))
    table.add_row("saved by a full cache, medium", *(_percent(_top(model, "cache_saving_share")) for model in models))
    table.add_row("medium, per index point", *(_dollars(_top(m, "usd_per_index_point"), 4) for m in models))
    images = [_top(model, "image_usd") for model in models]
    if any(image is not None for image in images):
        ratio = cast("float | None", document["image_ratio"])
        table.add_row(
            "image of 1024 x 1024", *(_dollars(image, 5) for image in images), _times(ratio), end_section=True
        )
    for fact, (label, shown) in _FACTS.items():
        entries = [cast("Mapping[str, float] | None", model["facts"].get(fact)) for model in models]
        if any(entries):
            table.add_row(label, *(shown(entry["value"]) if entry else _UNKNOWN for entry in entries))
    return table


def comparison_lines(document: Document) -> list[str]:
    """What follows from the figures, typical mixes, notes and sources, as sentences."""
    claims = cast("Mapping[str, str | float | None]", document["claims"])
    lines: list[str] = []
    for key, label in _CLAIMS.items():
        if claims[key] is not None:
            percent = claims["faster_output_percent"] if key == "faster_output" else None
            lines.append(f"{label}: {claims[key]}" + (f", by {percent:.0f} %" if percent is not None else ""))
    lines.append("")
    lines.append("USD per 1M tokens at typical input:output ratios")
    for mix in cast("list[dict[str, object]]", document["blended_per_million"]):
        usd = [_price(value) for value in cast("list[float | None]", mix["usd"])]
        ratio = f"{mix['input']}:{mix['output']}" if mix["output"] else "input only"
        lines.append(f"  {mix['kind']:<22}{ratio:<12}{usd[0]:>12}{usd[1]:>12}")
    lines.append("")
    lines.extend(cast("list[str]", document["notes"]))
    claims = cast("list[dict[str, str]]", document["unverified_claims"])
    lines.extend(f'Not verified: "{claim["claim"]}" ({claim["status"]}).' for claim in claims)
    catalogue = cast("Mapping[str, str]", document["catalogue"])
    lines.append(
        f"Prices on {document['on']}: genai-prices {catalogue['version']}, verified {catalogue['checked_on']}."
    )
    models = cast("list[dict[str, dict[str, dict[str, object]]]]", document["models"])
    sources = {f"{f['source']} ({f['checked_on']})" for model in models for f in model["facts"].values()}
    lines.extend(f"Source: {source}" for source in sorted(sources))
    return lines


def _top(model: Mapping[str, object], key: str) -> float | None:
    return cast("float | None", model[key])


def _price(value: float | None) -> str:
    if value is None:
        return "unpriced"
    return f"{value:.2f}" if round(value, 2) == value else f"{value:.4f}".rstrip("0")


def _dollars(value: float | None, digits: int = 6) -> str:
    return "unknown" if value is None else f"${value:.{digits}f}"


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0%}"


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}x"
