"""Workloads that a check of the candidate's answers would let move, and what is known of the judges: in sentences.

Shown only where it changes the advice: a workload that may move outright needs no check.
"""

from xml.etree.ElementTree import Element

from audit.counting import number_of
from audit.report import words
from audit.report.checked import Cascade, Judge
from audit.report.document import ReportDocument, Workload
from audit.report.figures import by_cost
from audit.report.markup import Content
from audit.report.queries import disclosure
from audit.report.tables import name, part, table

JUDGES_SHOWN = 5
"""Judges told one by one; `--json` has all of them."""

BASIS = {"measured": "measured by you", "assumed": "assumed by you"}


def chosen(document: ReportDocument) -> list[tuple[Workload, Cascade]]:
    """Workloads that may not move outright and may behind their check, most cost first."""
    found = [(workload, workload.get("cascade")) for workload in by_cost(document)]
    return [(workload, cascade) for workload, cascade in found if cascade is not None and cascade["beats_direct"]]


def sentences(document: ReportDocument) -> list[str]:
    """One sentence for each of them."""
    currency, incumbent = document["spend"]["currency"], words.clean(document["pair"]["incumbent"], 40)
    return [
        f"{words.clean(workload['name'])}: loses {words.points(cascade['residual_loss']['point'])} "
        f"({_span(cascade)}) behind its check, margin {words.points(cascade['residual_loss']['margin'])}. "
        f"{words.percent(cascade['escalation_rate']['point'])} of requests go on to {incumbent}; it saves "
        f"{words.span(cascade['savings'], 'money', currency, same=None)} in the window, the check paid. "
        f"{_check(cascade)}"
        for workload, cascade in chosen(document)
    ]


def section(document: ReportDocument) -> Element | None:
    """The same as a table; None where no workload needs a check to move."""
    currency = document["spend"]["currency"]
    rows: list[list[Content]] = [
        [
            name(words.clean(workload["name"])),
            _check(cascade),
            words.percent(cascade["escalation_rate"]["point"]),
            words.percent(cascade["break_even_escalation"]),
            f"{words.points(cascade['residual_loss']['point'])} ({_span(cascade)})",
            words.points(cascade["residual_loss"]["margin"]),
            words.money(cascade["savings"]["point"], currency),
        ]
        for workload, cascade in chosen(document)
    ]
    if not rows:
        return None
    heads = ["Workload", "Check", "Sent on", "Breaks even at", "Loss left", "Margin", "Saving"]
    return part(
        "cascades",
        "What a check would let move",
        "Moved outright, these lose more than their margin, or may do so. With a check that sends doubtful answers on "
        "to the incumbent they stay within it, and still save. Advice: none of it is in the totals above.",
        table(
            "Candidate behind a check; savings are of the window, the check paid",
            heads,
            rows,
            range(2, 7),
            sql=disclosure(document, "cascades"),
        ),
    )


def judges(document: ReportDocument) -> list[str]:
    """How often people agree with each judge, or that nobody has checked it."""
    listed = document.get("judges", [])
    told = [judge_sentence(judge) for judge in listed[:JUDGES_SHOWN]]
    if len(listed) > JUDGES_SHOWN:
        told.append(f"{number_of(len(listed) - JUDGES_SHOWN, 'more judge is', 'more judges are')} in --json.")
    return told


def judge_sentence(judge: Judge) -> str:
    """How often people agree with one judge of one endpoint."""
    shown = f"{words.clean(judge['grader'] or 'unnamed grader', 60)} on {words.clean(judge['endpoint'], 40)}"
    agreement, kappa = judge["agreement"], judge["kappa"]
    if agreement is None:
        return f"Nobody has checked {shown} ({number_of(judge['pairs'], 'pair')}): it routes nothing by itself."
    beyond = "" if kappa is None else f", kappa {float(kappa['point']):.2f}"
    return (
        f"People agree with {shown} on {words.percent(agreement['point'])} of "
        f"{number_of(judge['labels'], 'labelled pair')} ({words.span(agreement, 'percent', same=None)}){beyond}."
    )


def _span(cascade: Cascade) -> str:
    loss = cascade["residual_loss"]
    return f"{words.points(loss['low'])} to {words.points(loss['high'])}"


def _check(cascade: Cascade) -> str:
    check = cascade["check"]
    return (
        f"Flags {words.percent(check['sensitivity']['point'])} of bad and "
        f"{words.percent(check['false_alarm_rate']['point'])} of good answers ({BASIS[check['basis']]})."
    )
