"""Whether the bill ties out, in words; `reconciled` has the figures."""

from audit.report import words
from audit.report.document import ReportDocument
from audit.report.reconciled import TieOut

MARK = "Bill does not tie out."


def tied(document: ReportDocument) -> str | None:
    """What to say of a bill that ties out; None where there is none, or where it does not."""
    found = document.get("reconciliation")
    if found is None or not found["ties_out"]:
        return None
    return f"The bill ties out: {_figures(document, found)} unexplained."


def untied(document: ReportDocument) -> str | None:
    """What to say after `MARK` of a bill that does not tie out; None where it does, or where there is none."""
    found = document.get("reconciliation")
    if found is None or found["ties_out"]:
        return None
    return (
        f"{_figures(document, found)} unexplained, more than {words.percent(found['limit'])}. Savings are of a log "
        "that is not what was paid for; `audit reconcile` shows where they differ."
    )


def _figures(document: ReportDocument, found: TieOut) -> str:
    currency = document["spend"]["currency"]
    billed, listed = (words.money(found[name], currency) for name in ("billed", "list_cost"))
    days = f"from {words.clean(found['start'], 10)} to {words.clean(found['end'], 10)}"
    return f"{billed} billed and {listed} list cost {days}, {words.percent(found['unexplained_share'])} of the bill"
