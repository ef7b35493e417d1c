"""Charts that set the models side by side: published intelligence against price, and the time of an answer."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from audit.report import words
from audit.report.document import ReportDocument
from audit.report.evidence import Measure
from audit.report.figures import COLOURS, SHOWN, Chart, Json, by_cost, label, rows
from audit.report.published import AnswerTime, KnownModel

SYMBOLS = {"incumbent": "circle", "candidate": "diamond", "other": "square"}
"""Told apart by shape as well as by colour."""
_COLOURS = {"incumbent": COLOURS["cost"], "candidate": COLOURS["candidate"], "other": COLOURS["spend"]}


class Timed(NamedTuple):
    """One line of the latency chart: what was timed, the seconds of both models, and whether the log says so."""

    title: str
    incumbent: tuple[float, float, float]
    candidate: tuple[float, float, float]
    is_logged: bool


def placed(document: ReportDocument) -> list[KnownModel]:
    """The models that have both an index and a price."""
    models = document.get("intelligence", {"models": list[KnownModel]()})["models"]
    return [each for each in models if each["intelligence_index"] is not None and each["usd_per_request"]]


def intelligence(document: ReportDocument) -> Chart | None:
    """Published index against the price of a request, the latter on a log scale."""
    models, currency = placed(document), document["spend"]["currency"]
    if len(models) < 2:
        return None
    data: list[Json] = []
    for each in models:
        shown = words.money(each["usd_per_request"], currency)
        trace: Json = {
            "type": "scatter",
            "mode": "markers+text",
            "x": [each["usd_per_request"]],
            "y": [each["intelligence_index"]],
            "text": [label(each["model"], 28)],
            "textposition": "top center",
            "cliponaxis": False,
            "marker": {"size": 13, "color": _COLOURS[each["role"]], "symbol": SYMBOLS[each["role"]]},
            "customdata": [[label(each["model"]), shown, f"{each['intelligence_index']:.1f}"]],
            "hovertemplate": "%{customdata[0]}<br>%{customdata[1]} a request<br>index %{customdata[2]}<extra></extra>",
        }
        data.append(trace)
    top = max(float(each["intelligence_index"] or 0) for each in models)
    prices = [float(each["usd_per_request"] or 0) for each in models]
    ticks = _money_ticks(min(prices) / 5, max(prices) * 5)
    layout: Json = {
        "height": 320,
        "showlegend": False,
        "xaxis": {
            "type": "log",
            "title": {"text": "list price of a request (log)"},
            "range": [math.log10(min(prices) / 5), math.log10(max(prices) * 5)],
            "tickvals": ticks,
            "ticktext": [words.money(tick, currency) for tick in ticks],
        },
        "yaxis": {"title": {"text": "published index"}, "range": [0, top * 1.25], "nticks": 6},
    }
    return Chart(data, layout)


def timed(document: ReportDocument) -> list[Timed]:
    """What is known of the time of an answer on both models: the log first, then what somebody published."""
    found = document.get("latency")
    lines: list[Timed] = []
    if found is not None and (same := found["like_for_like"]) is not None:
        before, after = same["incumbent_seconds"], same["candidate_seconds"]
        title = "All kinds of question that both answered"
        lines.append(Timed(title, (before, before, before), (after, after, after), is_logged=True))
    seen = {each["id"]: each for each in document.get("observational", {"workloads": []})["workloads"]}
    for workload in by_cost(document):
        pair = seen.get(workload["id"])
        before, after = (pair["incumbent"]["duration_ms"], pair["candidate"]["duration_ms"]) if pair else (None, None)
        if before is not None and after is not None and len(lines) < SHOWN:
            lines.append(Timed(workload["name"], _seconds(before), _seconds(after), is_logged=True))
    if found is not None and len(models := [each for each in found["models"] if each["published"]]) == 2:
        title = f"As published, for an answer of {words.tokens(found['output_tokens'])} tokens"
        lines.append(Timed(title, _published(models[0]), _published(models[1]), is_logged=False))
    return lines


def latency(document: ReportDocument) -> Chart | None:
    """Seconds of an answer on both models, one line for each thing that was timed; hollow marks are published ones."""
    lines = timed(document)
    if not lines:
        return None
    data = [
        _marks(document, side, [(index, line) for index, line in enumerate(lines) if _has_spread(line) == spread])
        for side in ("incumbent", "candidate")
        for spread in (False, True)
        if any(_has_spread(line) == spread for line in lines)
    ]
    named: set[object] = set()
    for trace in data:
        trace["showlegend"] = trace["name"] not in named
        named.add(trace["name"])
    axis: Json = {"title": {"text": "seconds of an answer (left is faster)"}, "rangemode": "tozero", "nticks": 7}
    return rows(data, [label(line.title) for line in lines], axis, top=34)


def _has_spread(line: Timed) -> bool:
    return line.incumbent[0] < line.incumbent[2] or line.candidate[0] < line.candidate[2]


def _marks(
    document: ReportDocument, side: Literal["incumbent", "candidate"], lines: Sequence[tuple[int, Timed]]
) -> Json:
    """One model's marks. Lines without an interval are a trace of their own: Plotly draws a bar of no length."""
    values = [line.incumbent if side == "incumbent" else line.candidate for _, line in lines]
    name, colour = label(document["pair"][side], 32), _COLOURS[side]
    texts = [
        [label(line.title, 80), name, seconds(point)] for (_, line), (_, point, _) in zip(lines, values, strict=True)
    ]
    spread = {
        "type": "data",
        "symmetric": False,
        "array": [high - point for _, point, high in values],
        "arrayminus": [point - low for low, point, _ in values],
        "thickness": 1.8,
        "width": 4,
        "color": colour,
    }
    symbols = [SYMBOLS[side] if line.is_logged else f"{SYMBOLS[side]}-open" for _, line in lines]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [point for _, point, _ in values],
        "y": [index + (-0.08 if side == "incumbent" else 0.16) for index, _ in lines],
        "error_x": spread if _has_spread(lines[0][1]) else None,
        "marker": {"size": 11, "color": colour, "symbol": symbols, "line": {"width": 2, "color": colour}},
        "customdata": texts,
        "hovertemplate": "%{customdata[0]}<br>%{customdata[1]}: %{customdata[2]}<extra></extra>",
    }


def seconds(value: float) -> str:
    """A time with as many digits as it takes to tell two models apart.

    >>> seconds(0.4312), seconds(2.3471), seconds(84.21)
    ('0.43 s', '2.3 s', '84 s')
    """
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s" if value < 20 else f"{value:,.0f} s"


def _seconds(measure: Measure) -> tuple[float, float, float]:
    low, point, high = (max(0.0, value) / 1000 for value in (measure["low"], measure["point"], measure["high"]))
    return low, point, high


def _published(model: AnswerTime) -> tuple[float, float, float]:
    time = model["published"]["seconds"] if model["published"] else 0.0
    return (time, time, time)


def _money_ticks(low: float, high: float) -> list[float]:
    """1, 3 and 10 times powers of ten between two prices: readable on a log axis, few enough for a phone."""
    return [digit * 10.0**power for power in range(-9, 4) for digit in (1.0, 3.0) if low <= digit * 10.0**power <= high]
