"""The parts of the page below the first screen: savings, workloads, token shapes, evidence, accounting."""

from collections.abc import Container
from xml.etree.ElementTree import Element

from audit.report import proof, words
from audit.report.document import LEVELS, Interval, Number, ReportDocument, Unit
from audit.report.figures import SHOWN, by_cost
from audit.report.markup import Content, el
from audit.report.queries import disclosure
from audit.report.shape_map import OUTLINED, token_ranges
from audit.report.tables import figure, name, part, small, table
from audit.report.workload_table import workload_table

DEAREST = 15
"""Cells of the token-shape map that are also given as numbers."""


def savings(document: ReportDocument, drawn: Container[str]) -> Element:
    """The waterfall, and the blended unit costs."""
    currency, period = document["spend"]["currency"], words.per(document)
    rows: list[list[Content]] = []
    for level in LEVELS:
        saving, routable = words.saving(document, level), document["routable"][level]
        of_spend = document["savings"][level]["share_of_spend"]
        cells: list[Content] = [level.capitalize()]
        cells.append(_ranged(words.count(routable["requests"]["point"]), words.span(routable["requests"], "count")))
        cells += [
            _ranged(words.percent(share["point"]), words.span(share, "percent"))
            for share in (routable["request_share"], routable["cost_share"])
        ]
        cells.append(_ranged(words.money(saving["point"], currency), words.span(saving, "money", currency)))
        cells.append(_ranged(words.percent(of_spend["point"]), words.span(of_spend, "percent")))
        rows.append(cells)
    heads = ["Level", "Requests", "of requests", "of cost", f"Saving {period}", "of spend"]
    data = table("What each level of evidence moves and saves", heads, rows, range(1, 6))
    summary = "The coloured part of each bar is what that level would take off today's spend; the line is its interval."
    if words.may_exceed_spend(document):
        summary += f" {words.ABOVE_SPEND} Its line ends at $0."
    return part(
        "savings",
        "What each level of evidence would save",
        "Each level includes the one before it, so the bars do not add up. Savings are signed and net of declared "
        "router, check and escalation costs.",
        figure(
            "waterfall",
            "From today's spend to the ceiling",
            summary,
            data,
            drawn="waterfall" in drawn,
            sql=disclosure(document, "waterfall"),
        ),
        _blended(document),
    )


def workloads(document: ReportDocument, drawn: Container[str]) -> Element:
    """Request and cost shares drawn, then everything known about each workload."""
    summary = "Many requests need not be much money: the upper bar counts requests, the lower one dollars."
    if len(document["workloads"]) > SHOWN:
        summary += f" The {SHOWN} largest by cost; the table has all."
    return part(
        "workloads",
        "Workloads",
        "A workload is traffic of one endpoint and model with a similar token shape. Route: "
        f"{words.VERDICT_MEANS['route']}. Pilot: {words.VERDICT_MEANS['pilot']}. Keep: {words.VERDICT_MEANS['keep']}.",
        figure(
            "shares",
            "Share of requests and share of cost",
            summary,
            None,
            drawn="shares" in drawn,
            sql=disclosure(document, "shares"),
        ),
        workload_table(document, disclosure(document, "workloads")),
    )


def shapes(document: ReportDocument, drawn: Container[str]) -> Element | None:
    """The token-shape map with its numbers explained."""
    if "shape-map" not in drawn:
        return None
    numbered = by_cost(document)[:OUTLINED]
    rows: list[list[Content]] = [
        [
            [f"{number}  ", name(words.clean(workload["name"]))],
            words.clean(workload.get("shape_in_words", ""), 120),
            words.clean(workload.get("rule_in_words", ""), 200),
        ]
        for number, workload in enumerate(numbered, start=1)
    ]
    dearest = sorted(document.get("shape_map", []), key=lambda cell: -float(cell["list_cost"]))[:DEAREST]
    currency = document["spend"]["currency"]
    cells: list[list[Content]] = [
        [*token_ranges(cell), words.count(cell["requests"]), words.money(cell["list_cost"], currency)]
        for cell in dearest
    ]
    legend = table("The numbers on the map", ["Workload", "Shape", "Rule"], rows)
    heads = ["Input tokens", "Output tokens", "Requests", "List cost"]
    data = el("div", legend, table("The cells that cost most", heads, cells, (2, 3)))
    summary = (
        "Darker cells (brighter on a dark screen) cost more. Numbers are the workloads of the table at their "
        "medians, dotted lines their rules."
    )
    return part(
        "shapes",
        "Where the money lies by token shape",
        "Shape says where the money is, not what the candidate can do: that takes paired outcomes.",
        figure(
            "shape-map",
            "List cost by input and output tokens",
            summary,
            data,
            drawn=True,
            sql=disclosure(document, "shape-map"),
        ),
    )


def quality(document: ReportDocument, drawn: Container[str]) -> Element:
    """Quality loss against the margin, or that nothing is measured."""
    rows: list[list[Content]] = []
    for workload in by_cost(document):
        loss = workload["quality_loss"]
        if loss is not None:
            bounds = f"{words.points(loss['low'])} to {words.points(loss['high'])}"
            needed = workload["pairs_needed"]
            cells: list[Content] = [name(words.clean(workload["name"])), _chip(workload["verdict"])]
            cells += [words.points(loss["point"]), bounds, words.points(loss["margin"])]
            cells += [proof.p_value(_float(workload.get("p_value"))), proof.p_value(_float(loss["adjusted_p"]))]
            rows.append([*cells, words.count(workload["pairs"]), "none" if needed is None else words.count(needed)])
    heads = ["Workload", "Verdict", "Loss", "95% interval", "Margin", "p", "Adjusted p", "Pairs", "More needed"]
    data = table("Quality loss in points of 100", heads, rows, range(2, 9)) if rows else None
    summary = "Dot and line: loss with its 95% interval. Upright mark: the largest loss accepted, the margin."
    if len(rows) > SHOWN:
        summary += f" The {SHOWN} largest by cost; the table has all."
    empty = "No paired outcomes yet. Replay a sample on both models, score both answers and add the scores."
    return part(
        "quality",
        "Does quality hold?",
        "Same prompts answered by both models. A workload may move only if its whole interval is left of its margin, "
        "also after correcting for deciding several at once: p is the chance of pairs this good if the loss were at "
        "the margin, adjusted p the same among all workloads tested."
        if rows
        else empty,
        figure(
            "quality",
            "Quality loss against the margin",
            summary,
            data,
            drawn="quality" in drawn,
            sql=disclosure(document, "quality"),
        ),
        *proof.details(document),
    )


def accounting(document: ReportDocument) -> Element:
    """Every request in one bucket; the buckets add up to the total."""
    currency, requests = document["spend"]["currency"], document["requests"]
    accounts, empty = words.filled(document)
    rows: list[list[Content]] = [
        [title, words.count(number), words.money(cost, currency)] for title, number, cost in accounts
    ]
    total = ["All traffic", words.count(requests["total"]), words.money(document["spend"]["list_cost"], currency)]
    return part(
        "accounting",
        "Where every request went",
        "Each request is in exactly one line; the lines add up to all traffic, in requests and in dollars.",
        table(
            "Requests and list cost by what happens to them",
            ["What happens", "Requests", "List cost"],
            rows,
            (1, 2),
            total,
            sql=disclosure(document, "accounting"),
        ),
        el("p", empty, class_="small muted") if empty else None,
    )


def _blended(document: ReportDocument) -> Element:
    currency = document["spend"]["currency"]

    def line(title: str, unit: Unit) -> list[Content]:
        return [
            title,
            *(_unit(value, currency) for value in (unit["now"], unit["measured"], unit["expected"], unit["ceiling"])),
        ]

    blended = document["blended"]
    rows = [line("per 1,000 requests", blended["per_1k_requests"]), line("per 1M tokens", blended["per_1m_tokens"])]
    heads = ["Blended cost", "Today", "Measured", "Expected", "Ceiling"]
    caption = "Blended cost of all traffic, moved or not"
    return table(caption, heads, rows, range(1, 5), sql=disclosure(document, "blended"))


def _unit(value: Number | Interval | None, currency: str) -> Content:
    if isinstance(value, dict):
        return _ranged(words.money(value["point"], currency), words.span(value, "money", currency))
    return words.money(value, currency)


def _float(value: Number | None) -> float | None:
    return None if value is None else float(value)


def _chip(verdict: str) -> Element:
    return el("span", verdict, class_=f"chip {verdict}")


def _ranged(value: str, below: str) -> Element:
    return el("div", value, small(below))
