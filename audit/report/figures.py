"""What all charts share: colours, the two page templates, safe labels, the row layout, validation by Plotly.

A mark's colour has to work on paper and on a dark screen, so the palette is mid-tones with at least 3:1
contrast on both backgrounds; text, grid and the heatmap's scale differ and live in the templates.
"""

import html
import json
from collections.abc import Sequence
from typing import NamedTuple, cast

from audit.report import words
from audit.report.document import ReportDocument, Workload

Json = dict[str, object]


class Chart(NamedTuple):
    """Traces and layout before Plotly has checked them."""

    data: list[Json]
    layout: Json


COLOURS = {
    "spend": "#69727e",
    "measured": "#1d7f52",
    "expected": "#356fb0",
    "ceiling": "#b07a26",
    "route": "#1d7f52",
    "pilot": "#356fb0",
    "keep": "#69727e",
    "requests": "#8f8a9e",
    "cost": "#356fb0",
    "candidate": "#1d7f52",
}
FAINT = "rgba(123,132,144,0.22)"
ROW = 46
"""Pixels of a chart row: a label line above its marks."""
SHOWN = 16
"""Workloads in a chart; beyond that the labels cannot be told apart, and the table has all of them."""


def label(text: object, limit: int = 42) -> str:
    """A name as Plotly text: its pseudo-HTML (links included) shows as typed.

    >>> label("<a href='//x'>pay</a>")
    "&lt;a href='//x'&gt;pay&lt;/a&gt;"
    """
    return html.escape(words.clean(text, limit), quote=False)


def by_cost(document: ReportDocument) -> list[Workload]:
    """All workloads, most cost first: the order of the table and of the numbers on the map."""
    return sorted(document["workloads"], key=lambda workload: (-float(workload["cost"]), workload["id"]))


def validated(chart: Chart) -> Json:
    """The chart as Plotly's own JSON, without the default template; a misspelt property raises."""
    from plotly.graph_objects import Figure

    text = cast(str, Figure(data=chart.data, layout=chart.layout).to_json())  # pyright: ignore[reportUnknownMemberType]
    figure = cast(dict[str, Json], json.loads(text))
    figure["layout"].pop("template", None)
    return dict(figure)


def rows(data: list[Json], texts: Sequence[str], axis: Json, *, top: int = 8, shapes: Sequence[Json] = ()) -> Chart:
    """A horizontal chart whose row i sits at y = i from the top, its label in a line above the marks.

    Labels beside the bars would take half of a phone's width; above them they fit any.
    """
    annotations = [
        {"x": 0, "xref": "paper", "xanchor": "left", "y": index - 0.46, "yanchor": "middle", "text": text}
        for index, text in enumerate(texts)
    ]
    return Chart(
        data,
        {
            "height": ROW * len(texts) + 60 + top,
            "margin": {"t": top},
            "barmode": "overlay",
            "showlegend": top > 8,
            "annotations": annotations,
            "shapes": list(shapes),
            "xaxis": axis,
            "yaxis": {"range": [len(texts) - 0.3, -0.8], "visible": False},
        },
    )


def whisker(less: float, more: float, thickness: float = 1.8) -> Json:
    """An error bar that reaches `less` to the left and `more` to the right; the template has its colour."""
    reach: Json = {"type": "data", "array": [more], "arrayminus": [less], "symmetric": False}
    return reach | {"thickness": thickness, "width": 5}


def templates() -> dict[str, Json]:
    """The two templates all figures share: what differs between a light and a dark page."""
    light = _template("#1f242b", "#5a636e", "#e4e0d8", "#ffffff", ["#e6eef7", "#9dc3e6", "#356fb0", "#173f73"])
    dark = _template("#e9e6e0", "#a7afb9", "#30363e", "#1b1f25", ["#1f3042", "#24527f", "#4f94d8", "#d3e8fb"])
    return {"light": light, "dark": dark}


def _template(ink: str, muted: str, grid: str, paper: str, scale: list[str]) -> Json:
    axis: Json = {
        "gridcolor": grid,
        "linecolor": grid,
        "zeroline": False,
        "tickfont": {"color": muted, "size": 12},
        "title": {"font": {"color": muted, "size": 12}, "standoff": 10},
        "fixedrange": True,
        "automargin": True,
    }
    steps = [[index / (len(scale) - 1), colour] for index, colour in enumerate(scale)]
    bar: Json = {"tickfont": {"color": muted, "size": 11}, "title": {"font": {"color": muted, "size": 11}}}
    heat: Json = {"type": "heatmap", "colorbar": bar, "colorscale": steps, "autocolorscale": False}
    return {
        "data": {
            "heatmap": [heat],
            "bar": [{"type": "bar", "error_x": {"color": ink}, "marker": {"line": {"color": paper, "width": 0}}}],
        },
        "layout": {
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": "system-ui, -apple-system, 'Segoe UI', sans-serif", "size": 13, "color": ink},
            "margin": {"l": 14, "r": 14, "t": 8, "b": 40},
            "hoverlabel": {"bgcolor": paper, "bordercolor": grid, "font": {"color": ink, "size": 13}, "align": "left"},
            "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"color": ink, "size": 12}},
            "annotationdefaults": {
                "font": {"color": ink, "size": 13},
                "showarrow": False,
                "bgcolor": paper,
                "borderpad": 0,
            },
            "xaxis": axis,
            "yaxis": axis,
            "dragmode": False,
        },
    }
