"""The first screen: what is spent, what could move at each level of evidence, how sure that is, what next."""

import re
from xml.etree.ElementTree import Element

from audit.report import advice, words
from audit.report.document import LEVELS, Interval, Level, ReportDocument
from audit.report.markup import Content, el
from audit.report.queries import disclosure


def header(document: ReportDocument) -> Element:
    """Title, the warning that savings are projections, and the window: in this order."""
    pair = document["pair"]
    incumbent, candidate = words.clean(pair["incumbent"]), words.clean(pair["candidate"])
    failed = [words.clean(check["name"]) for check in document["checks"] if not check["ok"]]
    warnings = [el("li", words.clean(text, 400)) for text in document.get("warnings", [])]
    return el(
        "header",
        el("p", f"Traffic audit · {incumbent} to {candidate}", class_="overline"),
        el("h1", f"How much {incumbent} spend could move to {candidate}?"),
        el("p", el("strong", "Projections. "), code(words.PROJECTION), class_="note", role="note"),
        el("p", el("strong", "Do not quote. "), f"Failed checks: {', '.join(failed)}.", class_="note bad", role="alert")
        if failed
        else None,
        el("div", el("strong", "Know before you read on"), el("ul", warnings), class_="note", role="note")
        if warnings
        else None,
    )


def answer(document: ReportDocument) -> Element:
    """The lead sentence, the three levels side by side, certainty and next steps."""
    cards = el("ul", [_card(document, level) for level in LEVELS], class_="levels")
    sure = el("ul", [el("li", sentence) for sentence in advice.certainty(document)])
    judged = disclosure(document, "judges") if document.get("judges") else None
    steps = [el("li", code(f"`{step.command}`"), " ", code(step.why)) for step in advice.next_steps(document)]
    columns = el(
        "div",
        el("section", el("h2", "How sure is this?", id="sure"), sure, judged, class_="card", aria_labelledby="sure"),
        el(
            "section",
            el("h2", "What to do next", id="next"),
            el("ol", steps),
            disclosure(document, "next"),
            class_="card",
            aria_labelledby="next",
        ),
        class_="pair",
    )
    spent = disclosure(document, "spend")
    return el("section", _lead(document), _rests_on(document), spent, cards, columns, aria_label="The answer")


def code(text: str) -> list[Content]:
    """Text whose `backquoted` parts are code."""
    return [el("code", part) if index % 2 else part for index, part in enumerate(re.split("`([^`]+)`", text))]


def _lead(document: ReportDocument) -> Element:
    currency, period = document["spend"]["currency"], words.per(document)
    amounts = {level: words.money(words.saving(document, level)["point"], currency) for level in LEVELS}
    return el(
        "p",
        "Today's list cost is ",
        el("strong", f"{words.money(words.spend(document), currency)} {period}"),
        ". Of that, a saving of ",
        el("strong", amounts["measured"]),
        " is measured, ",
        el("strong", amounts["expected"]),
        " is expected, and ",
        el("strong", amounts["ceiling"]),
        " is the ceiling if everything eligible moved.",
        class_="lead",
    )


def _rests_on(document: ReportDocument) -> Element:
    billed, currency = document["spend"]["billed_cost"], document["spend"]["currency"]
    parts = [f"Rests on {words.window(document)}", f"{words.count(document['requests']['total'])} requests"]
    parts.append(f"{words.money(document['spend']['list_cost'], currency)} list cost in the window")
    if billed is not None:
        parts.append(f"{words.money(billed, currency)} billed according to the export")
    return el("p", " · ".join(parts), class_="small muted")


def _card(document: ReportDocument, level: Level) -> Element:
    saving, currency = words.saving(document, level), document["spend"]["currency"]
    of_spend, routable = document["savings"][level]["share_of_spend"], document["routable"][level]
    return el(
        "li",
        el("h2", level.capitalize(), class_="overline"),
        el("p", words.LEVEL_MEANS[level], class_="small muted means"),
        el("p", words.money(saving["point"], currency), el("span", f" {words.per(document)}"), class_="big"),
        el(
            "p",
            f"{words.span(saving, 'money', currency)} · saves {words.percent(of_spend['point'])} of spend",
            class_="small",
        ),
        el("dl", _share("requests", routable["request_share"]), _share("cost", routable["cost_share"])),
        disclosure(document, level),
        class_=f"card level {level}",
    )


def _share(what: str, share: Interval) -> list[Content]:
    value = el("b", words.percent(share["point"]))
    return [
        el("dt", f"of {what}"),
        el("dd", _meter(share), value, class_="share"),
        el("dd", words.span(share, "percent"), class_="range"),
    ]


def _meter(share: Interval) -> Element:
    """A bar of the share with its interval as a line; the numbers stand beside it."""
    low, point, high = (f"{float(share[key]) * 100:.2f}" for key in ("low", "point", "high"))
    return el(
        "svg",
        el("rect", class_="track", width=100, height=10),
        el("rect", class_="fill", width=point, height=10),
        el("line", class_="whisker", x1=low, x2=high, y1=5, y2=5),
        class_="meter",
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
