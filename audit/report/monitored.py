"""A watched stage as the body of a page of its own."""

from collections.abc import Mapping, Sequence
from typing import cast
from xml.etree.ElementTree import Element

from audit.report import monitor_words, words
from audit.report.markup import Content, el
from audit.report.monitor_document import Decision, Monitor
from audit.report.opening import code
from audit.report.tables import figure, name, part, table

ANSWERS: Mapping[Decision, str] = {
    "stop": "Stop: send the traffic back",
    "go_on": "Go on with this stage",
    "widen": "Wide enough for the next stage",
}


def body(found: Monitor, charts: Mapping[str, object]) -> list[Element]:
    """Decision first, then money, quality and rates, the stop rules, and how far the traffic has drifted."""
    is_stopped = found["stopped"] is not None
    rates = monitor_words.rate_rows(found)
    sections = [
        _saving(found, charts),
        part(
            "rates",
            "Errors, latency, feedback",
            "The candidate's answers beside the incumbent's of the same days, and the incumbent's before. Bounds of "
            "rates hold however often they are looked at.",
            table("Rates and latency by workload", monitor_words.RATE_HEADS, _named(rates), range(2, 5)),
        )
        if rates
        else None,
        _rules(found, charts),
        _drift(found),
    ]
    return [
        el("a", "Skip to the answer", href="#answer", class_="skip"),
        el(
            "header",
            el("p", f"Rollout watched · {monitor_words.title(found)}", class_="overline"),
            el("h1", ANSWERS[found["decision"]]),
            el(
                "p",
                words.clean(found["words"], 600),
                class_="note bad" if is_stopped else "note",
                role="alert" if is_stopped else "note",
            ),
        ),
        el(
            "main",
            el("p", monitor_words.saved(found), class_="lead"),
            [section for section in sections if section is not None],
            _notes(found["notes"]) if found["notes"] else None,
            id="answer",
        ),
        el(
            "footer",
            el("p", f"{_minute(found['window']['start'])} to {_minute(found['window']['end'])} UTC"),
        ),
    ]


def _notes(notes: Sequence[str]) -> Element:
    said = el("ul", [el("li", code(words.clean(note, 600))) for note in notes], class_="points")
    return part("notes", "What to know", "", said)


def _minute(moment: str) -> str:
    """An ISO moment to the minute."""
    return moment[:16].replace("T", " ")


def _saving(found: Monitor, charts: Mapping[str, object]) -> Element:
    rows = [monitor_words.row(line) for line in found["workloads"]]
    return part(
        "saving",
        "Saved, and lost",
        "Realised, not projected: the candidate's own tokens at the incumbent's prices of the same days, less what "
        "they cost. Quality loss in points of 100, from outcomes since the plan was made.",
        figure(
            "realised",
            "Saved so far",
            "Bars: what was saved. Diamonds: what the plan projects for as many days, with its range.",
            None,
            drawn="realised" in charts,
        ),
        table("By workload", monitor_words.HEADS, _named(rows), range(1, len(monitor_words.HEADS))),
    )


def _rules(found: Monitor, charts: Mapping[str, object]) -> Element:
    rows = [monitor_words.rule_row(state) for state in found["stop_rules"]]
    return part(
        "stop-rules",
        "Stop rules",
        "Evidence is what a bet on the limit being passed has won at best: in a stage in which no limit is, hardly one "
        "in twenty ever wins what is needed, however often somebody looks.",
        figure(
            "evidence",
            "How near every rule is to firing",
            "Evidence on a logarithmic scale, as a part of what makes the rule fire.",
            None,
            drawn="evidence" in charts,
        ),
        table(
            "Stop rules of the stage", monitor_words.RULE_HEADS, _named(rows), range(1, len(monitor_words.RULE_HEADS))
        ),
    )


def _drift(found: Monitor) -> Element:
    drift = found["drift"]
    moves = monitor_words.move_rows(drift)
    return part(
        "drift",
        "Drift",
        monitor_words.drifted(drift),
        table("Shares of requests", monitor_words.SHARE_HEADS, _named(monitor_words.share_rows(drift)), (1, 2)),
        table("What a new fit would change", monitor_words.MOVE_HEADS, _named(moves), (2,)) if moves else None,
    )


def _named(rows: Sequence[Sequence[str]]) -> list[list[Content]]:
    return [cast("list[Content]", [name(row[0]), *row[1:]]) for row in rows]
