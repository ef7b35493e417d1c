"""The token-shape map: where the money lies by input and output tokens, both axes logarithmic.

Axes count half-octave bins, so a cell is a square; the ticks say tokens. Outlines are the rules of the
largest workloads, numbers are their medians and refer to the rows of the workload table.
"""

import math

from audit.counting import number_of
from audit.report import regions, words
from audit.report.document import ReportDocument, ShapeCell, Workload
from audit.report.figures import COLOURS, Chart, Json, by_cost, label

OUTLINED = 9
"""Workloads with a number on the map: one digit fits the mark."""

DECADES = 4
"""Orders of magnitude of cost that the colours tell apart; cheaper cells look alike."""

_MARKS = [0, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000]
"""Token counts on the axes: enough to read a cell, few enough for a phone."""


def shape_map(document: ReportDocument) -> Chart | None:
    """List cost per cell as a heatmap, the largest workloads on top; nothing when no cell costs anything."""
    cells = [cell for cell in document.get("shape_map", []) if cell["list_cost"] > 0]
    if not cells:
        return None
    columns = _full_range([cell["input_bin"] for cell in cells])
    lines = _full_range([cell["output_bin"] for cell in cells])
    frame = regions.Frame(columns[0], columns[-1] + 1, lines[0], lines[-1] + 1)
    known = {(cell["input_bin"], cell["output_bin"]): cell for cell in cells}
    grid = [[known.get((column, line)) for column in columns] for line in lines]
    shown = list(enumerate(by_cost(document)[:OUTLINED], start=1))
    heat = _heat(grid, columns, lines, document["spend"]["currency"])
    data = [heat, *(_median(number, workload) for number, workload in reversed(shown))]
    layout: Json = {
        "height": 520,
        "margin": {"t": 48},
        "showlegend": False,
        "shapes": [_outline(workload, frame) for _, workload in shown if _corners(workload, frame)],
        "xaxis": {
            **_axis([regions.input_position(mark) for mark in _MARKS], "input tokens (log)"),
            "range": [frame.left, frame.right],
            "tickangle": 0,
        },
        "yaxis": {
            **_axis([regions.output_position(mark) for mark in _MARKS], "output tokens (log)"),
            "range": [frame.bottom, frame.top],
        },
    }
    return Chart(data, layout)


def token_ranges(cell: ShapeCell) -> tuple[str, str]:
    """The input and output tokens of a cell in words; the upper end is the next cell's first count."""
    edges = ((cell["input_bin"], regions.INPUT_OFFSET), (cell["output_bin"], regions.OUTPUT_OFFSET))
    into, out = (
        [words.tokens(max(math.ceil(2 ** (edge / 2)) - offset, 0)) for edge in (first, first + 1)]
        for first, offset in edges
    )
    return f"{into[0]} to {into[1]}", f"{out[0]} to {out[1]}"


def _full_range(bins: list[int]) -> range:
    return range(min(bins), max(bins) + 1)


def _axis(positions: list[float], title: str) -> Json:
    texts = [f"{mark}" if mark < 1_000 else f"{mark // 1_000}K" for mark in _MARKS]
    return {"tickvals": positions, "ticktext": texts, "title": {"text": title}, "showgrid": False}


def _heat(grid: list[list[ShapeCell | None]], columns: range, lines: range, currency: str) -> Json:
    heat = [[None if cell is None else math.log10(float(cell["list_cost"])) for cell in line] for line in grid]
    values = [value for line in heat for value in line if value is not None]
    top = max(values)
    powers = list(range(math.ceil(top - DECADES), math.floor(top) + 1))
    return {
        "type": "heatmap",
        "x": [column + 0.5 for column in columns],
        "y": [line + 0.5 for line in lines],
        "z": heat,
        "zmin": top - DECADES,
        "zmax": top,
        "customdata": [[_hover(cell, currency) for cell in line] for line in grid],
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
        "xgap": 1,
        "ygap": 1,
        "colorbar": {
            "title": {"text": "list cost of a cell", "side": "top"},
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "xpad": 0,
            "y": 1,
            "yanchor": "bottom",
            "len": 0.6,
            "thickness": 8,
            "outlinewidth": 0,
            "tickvals": powers,
            "ticktext": [words.money(10.0**power, currency).removesuffix(".00") for power in powers],
        },
    }


def _hover(cell: ShapeCell | None, currency: str) -> str:
    if cell is None:
        return ""
    into, out = token_ranges(cell)
    shown = f"{words.money(cell['list_cost'], currency)} · {number_of(cell['requests'], 'request')}"
    return f"{shown}<br>input {into} tokens<br>output {out} tokens"


def _corners(workload: Workload, frame: regions.Frame) -> list[regions.Point]:
    return regions.outline(workload.get("bounds", {}), frame)


def _outline(workload: Workload, frame: regions.Frame) -> Json:
    path = "M" + "L".join(f"{x:.2f},{y:.2f}" for x, y in _corners(workload, frame)) + "Z"
    line: Json = {"color": COLOURS[workload["verdict"]], "width": 1.8, "dash": "dot"}
    return {"type": "path", "path": path, "line": line}


def _median(number: int, workload: Workload) -> Json:
    medians = workload["tokens"]
    return {
        "type": "scatter",
        "mode": "markers+text",
        "x": [regions.input_position(medians["input"]["p50"])],
        "y": [regions.output_position(medians["output"]["p50"])],
        "text": [str(number)],
        "textfont": {"color": "#ffffff", "size": 12},
        "marker": {"size": 22, "color": COLOURS[workload["verdict"]], "line": {"color": "#ffffff", "width": 1.5}},
        "customdata": [[label(workload["name"], 80), workload["verdict"]]],
        "hovertemplate": "%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
    }
