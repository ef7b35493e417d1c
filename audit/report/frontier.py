"""Cost against expected loss for every policy between moving nothing and moving everything, as a chart and a table."""

from collections.abc import Container
from xml.etree.ElementTree import Element

from audit.report import words
from audit.report.document import ReportDocument
from audit.report.figures import COLOURS, Chart, Json, label
from audit.report.markup import Content
from audit.report.queries import disclosure
from audit.report.tables import figure, name, part, table
from audit.savings.frontier import Amounts, Frontier

MARKED = 200
"""Steps drawn with a mark of their own; the line has all of them."""


def frontier(document: ReportDocument) -> Chart | None:
    """Spend against points lost over all requests, from today's spend on, with the report's policy marked."""
    found = document.get("frontier")
    if found is None or not found["steps"]:
        return None
    currency, scale = document["spend"]["currency"], _scale(document)
    start: Amounts = {
        "spend": found["spend"],
        "saving": 0.0,
        "measured_answers_lost": 0.0,
        "unmeasured_answers_lost": 0.0,
    }
    places: list[Amounts] = [start, *found["steps"]]
    names = ["nothing moves", *(f"and {step['name']} ({step['verdict']})" for step in found["steps"])]
    line: Json = {
        "type": "scatter",
        "mode": "lines+markers" if len(places) <= MARKED else "lines",
        "x": [_points(each, found) for each in places],
        "y": [scale * each["spend"] for each in places],
        "line": {"color": COLOURS["expected"], "width": 2},
        "marker": {"size": 8, "color": COLOURS["expected"]},
        "name": "least spend at each loss",
        "customdata": [
            [label(text, 80), words.money(scale * each["spend"], currency), _lost(each, found)]
            for text, each in zip(names, places, strict=True)
        ],
        "hovertemplate": "%{customdata[0]}<br>spend %{customdata[1]}<br>%{customdata[2]}<extra></extra>",
    }
    chosen = found["chosen"]
    mark: Json = {
        "type": "scatter",
        "mode": "markers",
        "x": [_points(chosen, found)],
        "y": [scale * chosen["spend"]],
        "marker": {"size": 15, "symbol": "diamond", "color": COLOURS["measured"]},
        "name": "what the evidence allows",
        "customdata": [[words.money(scale * chosen["spend"], currency), _lost(chosen, found)]],
        "hovertemplate": "what the evidence allows<br>spend %{customdata[0]}<br>%{customdata[1]}<extra></extra>",
    }
    layout: Json = {
        "height": 380,
        "margin": {"t": 36},
        "showlegend": True,
        "xaxis": {"title": {"text": "points of 100 lost over all requests"}, "nticks": 7},
        "yaxis": {
            "title": {"text": f"spend {words.per(document)}"},
            "tickprefix": "$" if currency == "USD" else "",
            "rangemode": "tozero",
            "nticks": 6,
        },
    }
    return Chart([line, mark], layout)


def section(document: ReportDocument, drawn: Container[str]) -> Element | None:
    """The chart with its numbers; None where no policy saves anything."""
    found = document.get("frontier")
    if found is None or "frontier" not in drawn:
        return None
    currency, scale = document["spend"]["currency"], _scale(document)
    rows: list[list[Content]] = [
        [
            name(words.clean(step["name"])),
            step["verdict"],
            words.money(scale * step["spend"], currency),
            words.percent(step["saving"] / found["spend"] if found["spend"] else 0.0),
            _over_all(step["measured_answers_lost"], found),
            _over_all(step["unmeasured_answers_lost"], found),
        ]
        for step in found["steps"]
    ]
    heads = ["And this moves", "Verdict", f"Spend {words.per(document)}", "Saved", "Measured loss", "Expected loss"]
    data = table("Each row moves its workload and those above it; losses over all requests", heads, rows, range(2, 6))
    chosen = found["chosen"]
    summary = (
        f"The diamond is what the evidence allows today: {words.money(scale * chosen['spend'], currency)} "
        f"{words.per(document)}, {_lost(chosen, found)}. The line is no advice: it is the least that "
        "any choice of workloads would cost at each loss, proven or not, most saving per answer lost first."
    )
    return part(
        "frontier",
        "What quality costs",
        "Loss is measured where there are pairs, and otherwise what published results let one expect: a wide guess "
        "that justifies no rollout. Both are single figures here; what was measured has its interval with its "
        "workload.",
        figure(
            "frontier",
            "Cost against expected loss",
            summary,
            data,
            drawn=True,
            sql=disclosure(document, "frontier"),
        ),
    )


def _scale(document: ReportDocument) -> float:
    """From amounts of the window to those that the page speaks of."""
    whole = float(document["spend"]["list_cost"])
    return float(words.spend(document)) / whole if whole else 1.0


def _points(amounts: Amounts, found: Frontier) -> float:
    lost = amounts["measured_answers_lost"] + amounts["unmeasured_answers_lost"]
    return 100 * lost / max(1, found["requests"])


def _over_all(lost: float, found: Frontier) -> str:
    return words.points(100 * lost / max(1, found["requests"]))


def _lost(amounts: Amounts, found: Frontier) -> str:
    measured, expected = (amounts[key] for key in ("measured_answers_lost", "unmeasured_answers_lost"))
    parts = [f"{_over_all(measured, found)} measured"] + (
        [f"{_over_all(expected, found)} expected"] if expected else []
    )
    return f"loss over all requests {' and '.join(parts)}"
