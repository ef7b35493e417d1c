"""The first screen: what is spent, what could move at each level of evidence, how sure that is, what next."""

import re
from xml.etree.ElementTree import Element

from audit.counting import number_of
from audit.report import advice, words
from audit.report.bill import MARK, tied, untied
from audit.report.document import LEVELS, Interval, Level, ReportDocument
from audit.report.markup import Content, el
from audit.report.queries import disclosure


def header(document: ReportDocument) -> Element:
    """Title, the warning that savings are projections, and the window: in this order."""
    pair = document["pair"]
    incumbent, candidate = words.clean(pair["incumbent"]), words.clean(pair["candidate"])
    bill = untied(document)
    failed = [words.clean(check["name"]) for check in document["checks"] if not check["ok"]]
    return el(
        "header",
        el("p", f"Traffic audit · {incumbent} to {candidate}", class_="overline"),
        el("h1", f"How much {incumbent} spend could move to {candidate}?"),
        el("p", el("strong", "Projections. "), code(words.PROJECTION), class_="note", role="note"),
        el("p", el("strong", "Do not quote. "), f"Failed checks: {', '.join(failed)}.", class_="note bad", role="alert")
        if failed
        else None,
        el("p", el("strong", f"{MARK} "), code(bill), class_="note bad", role="alert") if bill else None,
    )


def answer(document: ReportDocument) -> Element:
    """The lead sentence, the three levels side by side, certainty and next steps, and what to know beside them."""
    cards = el("ul", [_card(document, level) for level in LEVELS], class_="levels")
    sure = el("ul", [el("li", sentence) for sentence in advice.certainty(document)])
    judged = disclosure(document, "judges") if document.get("judges") else None
    steps = [el("li", code(f"`{step.command}`"), " ", code(step.why)) for step in advice.next_steps(document)]
    jumps = el(
        "p", el("a", "How sure is this?", href="#sure"), el("a", "What to do next", href="#next"), class_="jumps"
    )
    columns = el(
        "div",
        el(
            "section",
            el("h2", "How sure is this?", id="sure"),
            el("p", el("strong", confidence(document)), class_="status"),
            sure,
            judged,
            class_="card",
            aria_labelledby="sure",
        ),
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
    said = f"{TERMS} {words.ABOVE_SPEND}" if words.may_exceed_spend(document) else TERMS
    terms, spent = el("p", said, class_="small muted terms"), disclosure(document, "spend")
    content = [_lead(document), _rests_on(document), spent, jumps, cards, columns, terms, _warnings(document)]
    return el("section", content, aria_label="The answer")


TERMS = (
    "Outcomes: scores of both models' answers to the same requests, in pairs. Margin: the largest loss of quality you "
    "accept. Pilot: traffic whose outcomes do not decide yet. List cost: tokens at published prices, before discounts."
)
"""The words that the first screen cannot do without, a sentence for each."""

WIDE = 1.0
"""An interval longer than its own middle leaves the size of a saving open."""


def is_unclear(document: ReportDocument) -> bool:
    """Whether the expected saving could as well be much less or much more."""
    expected = words.saving(document, "expected")
    low, point, high = (float(expected[bound]) for bound in ("low", "point", "high"))
    return high - low > WIDE * abs(point)


def confidence(document: ReportDocument) -> str:
    """How sure the whole is, in one sentence."""
    verdicts = {workload["verdict"] for workload in document["workloads"]}
    if any(not check["ok"] for check in document["checks"]):
        return "Not at all: a check failed."
    if not verdicts & {"route", "pilot"}:
        return "Nothing here is known to be movable."
    if "route" not in verdicts:
        return "Unclear: nothing is proven yet." if is_unclear(document) else "Not proven: an estimate only."
    if "pilot" not in verdicts:
        return "Proven: everything counted here rests on outcomes."
    return (
        "Sure of the measured part. How much more is unclear."
        if is_unclear(document)
        else "Sure of the measured part; the rest is an estimate."
    )


def _warnings(document: ReportDocument) -> Element | None:
    """What limits the figures, below them; the line above them points here."""
    warnings = [el("li", code(words.clean(text, 400))) for text in document.get("warnings", [])]
    if not warnings:
        return None
    return el(
        "div", el("strong", "Know before you quote this"), el("ul", warnings), class_="note", role="note", id="know"
    )


def code(text: str) -> list[Content]:
    """Text whose `backquoted` parts are code, in which no line ends inside of an option."""
    return [_command(part) if index % 2 else part for index, part in enumerate(re.split("`([^`]+)`", text))]


def _command(text: str) -> Element:
    parts = re.split(r"(?<!\S)(--[a-z-]+)", text)
    return el("code", [el("span", part, class_="option") if place % 2 else part for place, part in enumerate(parts)])


def _lead(document: ReportDocument) -> Element:
    """What is spent, what is proven, what is expected and what is the limit; an unclear figure is no figure."""
    currency, candidate = document["spend"]["currency"], words.clean(document["pair"]["candidate"], 40)
    saving = {level: words.saving(document, level) for level in LEVELS}
    amounts = {level: words.money(saving[level]["point"], currency) for level in LEVELS}
    is_proven = any(workload["verdict"] == "route" for workload in document["workloads"])
    proven: list[Content] = ["a saving of ", el("strong", amounts["measured"]), " is proven"]
    expected: list[Content] = [el("strong", amounts["expected"]), " is expected"]
    if is_unclear(document):
        spread = words.span(saving["expected"], "money", currency, same=None)
        expected = ["what to expect is ", el("strong", f"unclear ({spread})")]
    return el(
        "p",
        "You spend ",
        el("strong", f"{words.money(words.spend(document), currency)} {words.per(document)}"),
        f" at list price. With {candidate}, ",
        proven if is_proven else [el("strong", "no saving"), " is proven yet"],
        ", ",
        expected,
        ", and ",
        el("strong", amounts["ceiling"]),
        " is the limit if everything moved that may.",
        class_="lead",
    )


def _rests_on(document: ReportDocument) -> Element:
    billed, currency = document["spend"]["billed_cost"], document["spend"]["currency"]
    parts = [f"Rests on {words.window(document)}", number_of(document["requests"]["total"], "request")]
    parts.append(f"{words.money(document['spend']['list_cost'], currency)} list cost in the window")
    if billed is not None:
        parts.append(f"{words.money(billed, currency)} billed according to the export")
    if (bill := tied(document)) is not None:
        parts.append(bill.removesuffix("."))
    known = len(document.get("warnings", []))
    link = el("a", f"{number_of(known, 'thing')} to know before you quote this", href="#know")
    return el("p", " · ".join(parts), [" · ", link] if known else None, class_="small muted")


def _card(document: ReportDocument, level: Level) -> Element:
    saving, currency = words.saving(document, level), document["spend"]["currency"]
    of_spend, routable = document["savings"][level]["share_of_spend"], document["routable"][level]
    bounds = words.span(saving, "money", currency, same="no range known" if saving["point"] else "nothing yet")
    if level == "expected" and is_unclear(document):
        bounds = f"unclear: {bounds}"
    return el(
        "li",
        el("h2", level.capitalize(), class_="overline"),
        el("p", words.LEVEL_MEANS[level], class_="small muted means"),
        el("p", words.money(saving["point"], currency), el("span", f" {words.per(document)}"), class_="big"),
        el(
            "p",
            f"{bounds} · {words.percent(of_spend['point'])} of spend",
            class_="small",
        ),
        el("dl", _share("requests moved", routable["request_share"]), _share("cost moved", routable["cost_share"])),
        disclosure(document, level),
        class_=f"card level {level}",
    )


def _share(what: str, share: Interval) -> list[Content]:
    value = el("b", words.percent(share["point"]))
    return [
        el("dt", what),
        el("dd", _meter(share), value, class_="share"),
        el("dd", words.span(share, "percent", same="exact count" if share["point"] else "none yet"), class_="range"),
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
