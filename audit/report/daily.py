"""List cost per day by model, drawn and as a table: whether the window is an ordinary one.

Few colours can be told apart by everybody, so the chart names the pair and the costliest other models and folds the
rest; `--json` has every model of every day.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple
from xml.etree.ElementTree import Element

from audit.report import left_out, words
from audit.report.document import Day, LeftOut, ReportDocument
from audit.report.figures import COLOURS, Chart, Json, label
from audit.report.markup import Content
from audit.report.tables import table

NAMED = 5
"""Models with a colour of their own."""
OTHER = "other models"
_MORE = ("#c46a1a", "#8a74e8", "#b08d57", "#d9659b", "#9a7b00", "#4b94d8")
"""After the pair's two: 3:1 on both backgrounds, and apart from each other for the colour-blind."""


class Series(NamedTuple):
    """One model, or all that are folded, with its list cost of every day."""

    title: str
    colour: str
    costs: list[float | None]
    """None where no request of the day has a known one."""
    left_out: list[LeftOut]
    """Of each day the requests that are not in its cost."""


def dates(document: ReportDocument) -> list[str]:
    """The days with requests, in order; none where no request of any has a known cost."""
    return sorted({day["date"] for day in document.get("daily", [])}) if _priced(document) else []


def series(document: ReportDocument) -> list[Series]:
    """What is stacked, from the bottom: the models named, most cost first, then the others together."""
    days, on = _priced(document), dates(document)
    totals: dict[str, float] = {}
    for day in days:
        totals[day["model"]] = totals.get(day["model"], 0.0) + float(day["list_cost"] or 0)
    ranked = sorted(totals, key=lambda model: (-totals[model], model))
    pair = [next((m for m in ranked if _belongs(m, each)), None) for each in _families(document)]
    first = [model for model in pair if model is not None]
    named = set([*first, *(model for model in ranked if model not in first)][:NAMED])
    if len(ranked) == NAMED + 1:
        named = set(ranked)
    colours = {
        model: colour for model, colour in zip(pair, (COLOURS["cost"], COLOURS["candidate"]), strict=True) if model
    }
    more = iter(_MORE)
    found = [
        Series(model, colours.get(model) or next(more), *_costs(document, on, {model}))
        for model in ranked
        if model in named
    ]
    if folded := set(ranked) - named:
        found.append(Series(f"{len(folded)} {OTHER}", COLOURS["spend"], *_costs(document, on, folded)))
    return found


def daily(document: ReportDocument) -> Chart | None:
    """One bar a day, stacked by model; nothing for a single day."""
    on, currency = dates(document), document["spend"]["currency"]
    if len(on) < 2:
        return None
    stacked = series(document)
    data: list[Json] = [
        {
            "type": "bar",
            "x": on,
            "y": each.costs,
            "name": label(each.title, 32) + _partly(each.left_out),
            "marker": {"color": each.colour, "line": {"width": 0.6}},
            "customdata": [
                [label(each.title), left_out.cost(*known, currency)]
                for known in zip(each.costs, each.left_out, strict=True)
            ],
            "hovertemplate": "%{x}<br>%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
        }
        for each in stacked
    ]
    layout: Json = {
        "height": 260 + 15 * len(stacked),  # a phone lists the models one under the other
        "margin": {"t": 34},
        "barmode": "stack",
        "bargap": 0.25 if len(on) <= 45 else 0.1,
        "showlegend": True,
        "legend": {"traceorder": "normal"},
        "xaxis": {"type": "date", "showgrid": False, "tickformat": "%-d %b", "nticks": 8},
        "yaxis": {"tickprefix": "$" if currency == "USD" else "", "rangemode": "tozero", "nticks": 5},
    }
    return Chart(data, layout)


def _partly(days: Sequence[LeftOut]) -> str:
    whole = left_out.added(days)
    return f", partly {left_out.why(whole)}" if left_out.number(whole) else ""


def daily_table(document: ReportDocument) -> Element:
    """The chart's numbers: a line a day, a column for each colour."""
    currency, stacked = document["spend"]["currency"], series(document)
    on, requests = dates(document), Counter[str]()
    for day in document.get("daily", []):
        requests[day["date"]] += day["requests"]
    whole = zip(*_costs(document, on, {day["model"] for day in document.get("daily", [])}), strict=True)
    rows: list[list[Content]] = []
    for index, (date, together) in enumerate(zip(on, whole, strict=True)):
        apart = ((each.costs[index], each.left_out[index]) for each in stacked)
        shown = [left_out.cost(*known, currency) for known in (together, *apart)]
        rows.append([words.clean(date, 20), words.count(requests[date]), *shown])
    heads = ["Day", "Requests", "List cost", *(words.clean(each.title, 40) for each in stacked)]
    return table("List cost per day", heads, rows, range(1, len(heads)))


def _priced(document: ReportDocument) -> list[Day]:
    return [day for day in document.get("daily", []) if day["list_cost"] is not None]


def _costs(document: ReportDocument, on: Sequence[str], models: set[str]) -> tuple[list[float | None], list[LeftOut]]:
    """What these models cost on each day, and the requests that this leaves out.

    0 where they had no request, None where none of theirs has a known cost.
    """
    sums: dict[str, float | None] = {}
    without = defaultdict[str, list[LeftOut]](list)
    for day in document.get("daily", []):
        if day["model"] in models:
            before, cost = sums.get(day["date"]), day["list_cost"]
            sums[day["date"]] = before if cost is None else (before or 0.0) + float(cost)
            without[day["date"]].append(day)
    return [sums.get(date, 0.0) for date in on], [left_out.added(without[date]) for date in on]


def _families(document: ReportDocument) -> tuple[str, str]:
    return document["pair"]["incumbent"], document["pair"]["candidate"]


def _belongs(model: str, family: str) -> bool:
    """Whether a model is the family's or a dated snapshot of it: gpt-4o-mini is none of gpt-4o's."""
    return model == family or (
        model.startswith(f"{family}-") and re.match(r"[-\d]+$", model[len(family) :]) is not None
    )
