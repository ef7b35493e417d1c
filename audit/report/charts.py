"""The report's charts, each a pure function of the document.

Bars and whiskers are drawn from the document's numbers; every number that is written is in it.
"""

from collections.abc import Callable

from audit.report import words
from audit.report.daily import daily
from audit.report.document import LEVELS, ReportDocument
from audit.report.figures import COLOURS, FAINT, SHOWN, Chart, Json, by_cost, label, rows, validated, whisker
from audit.report.frontier import frontier
from audit.report.model_charts import intelligence, latency
from audit.report.shape_map import shape_map


def charts(document: ReportDocument) -> dict[str, Json]:
    """Figures by the id of their place in the page; a chart without anything to draw is left out."""
    makers: dict[str, Callable[[ReportDocument], Chart | None]] = {
        "waterfall": waterfall,
        "daily": daily,
        "shares": shares,
        "shape-map": shape_map,
        "quality": quality,
        "frontier": frontier,
        "intelligence": intelligence,
        "latency": latency,
    }
    drawn = {name: make(document) for name, make in makers.items()}
    return {name: validated(chart) for name, chart in drawn.items() if chart is not None}


def waterfall(document: ReportDocument) -> Chart | None:
    """Today's spend, and hanging from its end what each evidence level would take off, with its interval."""
    today, currency = float(words.spend(document)), document["spend"]["currency"]
    if not today:
        return None
    bar: Json = {"type": "bar", "orientation": "h", "width": 0.42}
    backdrop = {"x": [today] * 4, "y": [0, 1, 2, 3], "marker": {"color": [COLOURS["spend"], FAINT, FAINT, FAINT]}}
    data: list[Json] = [bar | backdrop | {"hoverinfo": "skip"}]
    texts = [f"<b>Today</b>  {words.money(today, currency)} {words.per(document)}"]
    for index, level in enumerate(LEVELS, start=1):
        saving = words.saving(document, level)
        low, point, high = float(saving["low"]), float(saving["point"]), float(saving["high"])
        shown, bounds = words.money(point, currency), words.span(saving, "money", currency)
        texts.append(f"<b>{level.capitalize()}</b>  saves {shown}  ({bounds})")
        trace: Json = {
            "x": [-point],
            "y": [index],
            "base": [today],
            "marker": {"color": COLOURS[level]},
            "error_x": whisker(max(min(high, today), point) - point, point - low),
            "hovertemplate": f"{level}: {shown}<br>{bounds}<extra></extra>",
        }
        data.append(bar | trace)
    return rows(data, texts, {"tickprefix": "$" if currency == "USD" else "", "rangemode": "tozero", "nticks": 6})


def shares(document: ReportDocument) -> Chart | None:
    """Request share and cost share of each workload, one under the other."""
    shown = by_cost(document)[:SHOWN]
    if not shown:
        return None
    data: list[Json] = []
    for offset, key, title in ((-0.12, "request_share", "share of requests"), (0.12, "cost_share", "share of cost")):
        measures = [workload["request_share" if key == "request_share" else "cost_share"] for workload in shown]
        names = [label(workload["name"], 80) for workload in shown]
        trace: Json = {
            "type": "bar",
            "orientation": "h",
            "width": 0.2,
            "x": [float(share) for share in measures],
            "y": [index + offset for index in range(len(shown))],
            "name": title,
            "marker": {"color": COLOURS["requests" if key == "request_share" else "cost"]},
            "customdata": [[name, words.percent(share)] for name, share in zip(names, measures, strict=True)],
            "hovertemplate": "%{customdata[0]}<br>" + title + ": %{customdata[1]}<extra></extra>",
        }
        data.append(trace)
    texts = [f"{number}  {label(workload['name'])}" for number, workload in enumerate(shown, start=1)]
    return rows(data, texts, {"tickformat": ".0%", "rangemode": "tozero", "nticks": 7}, top=34)


def quality(document: ReportDocument) -> Chart | None:
    """Quality loss with its 95% interval against the margin, for workloads with paired outcomes."""
    data: list[Json] = []
    texts: list[str] = []
    marks: list[Json] = []
    for workload in by_cost(document):
        loss, index = workload["quality_loss"], len(texts)
        if loss is None or index == SHOWN:
            continue
        low, point, high, margin = (float(loss[key]) for key in ("low", "point", "high", "margin"))
        colour, bounds = COLOURS[workload["verdict"]], f"{words.points(low)} to {words.points(high)}"
        texts.append(f"{label(workload['name'])} · <b>{workload['verdict']}</b>")
        trace: Json = {
            "type": "scatter",
            "mode": "markers",
            "x": [point],
            "y": [index],
            "marker": {"size": 11, "color": colour},
            "error_x": whisker(point - low, high - point, 2.4) | {"color": colour},
            "customdata": [[label(workload["name"], 80)]],
            "hovertemplate": f"%{{customdata[0]}}<br>loss {words.points(point)} ({bounds}), "
            f"margin {words.points(margin)}<extra></extra>",
        }
        data.append(trace)
        line: Json = {"color": COLOURS["ceiling"], "width": 3}
        marks.append({"type": "line", "x0": margin, "x1": margin, "y0": index - 0.26, "y1": index + 0.3, "line": line})
    if not texts:
        return None
    zero: Json = {"type": "line", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper", "layer": "below"}
    marks.append(zero | {"line": {"color": COLOURS["spend"], "width": 1, "dash": "dot"}})
    return rows(data, texts, {"title": {"text": "quality loss, points of 100 (right is worse)"}}, shapes=marks)
