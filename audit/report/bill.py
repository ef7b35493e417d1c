"""The part of the report document that says whether the bill ties out, and its words."""

from typing import TYPE_CHECKING, Literal, TypedDict

from audit.report import words

if TYPE_CHECKING:
    from audit.report.document import ReportDocument

MARK = "Bill does not tie out."


class Cause(TypedDict):
    """A likely reason for a part of the difference; `amount` is what it adds to the bill over the list cost."""

    code: str
    amount: float
    basis: Literal["lines", "fit", "hint"]
    evidence: str


class TieOut(TypedDict):
    """Bill against list cost of the days that were billed; `audit reconcile` has the details."""

    ties_out: bool
    billed: float
    list_cost: float
    difference: float
    unexplained_share: float
    """Of everything billed: what no cause explains, day by day, whatever its sign."""
    limit: float
    start: str
    end: str
    causes: list[Cause]


def tied(document: "ReportDocument") -> str | None:
    """What to say of a bill that ties out; None where there is none, or where it does not."""
    found = document.get("reconciliation")
    if found is None or not found["ties_out"]:
        return None
    return f"The bill ties out: {_figures(document, found)} unexplained."


def untied(document: "ReportDocument") -> str | None:
    """What to say after `MARK` of a bill that does not tie out; None where it does, or where there is none."""
    found = document.get("reconciliation")
    if found is None or found["ties_out"]:
        return None
    return (
        f"{_figures(document, found)} unexplained, more than {words.percent(found['limit'])}. Savings are of a log that "
        "is not what was paid for; `audit reconcile` shows where they differ."
    )


def _figures(document: "ReportDocument", found: TieOut) -> str:
    currency = document["spend"]["currency"]
    billed, listed = (words.money(found[name], currency) for name in ("billed", "list_cost"))
    days = f"from {words.clean(found['start'], 10)} to {words.clean(found['end'], 10)}"
    return f"{billed} billed and {listed} list cost {days}, {words.percent(found['unexplained_share'])} of the bill"
