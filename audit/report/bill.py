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


def tie_out(document: "ReportDocument") -> str | None:
    """What the bill says of the report's figures, in a sentence; None without a bill."""
    found = document.get("reconciliation")
    if found is None:
        return None
    currency = document["spend"]["currency"]
    share, limit = words.percent(found["unexplained_share"]), words.percent(found["limit"])
    figures = (
        f"{words.money(found['billed'], currency)} billed and {words.money(found['list_cost'], currency)} list cost "
        f"from {words.clean(found['start'], 10)} to {words.clean(found['end'], 10)}"
    )
    if found["ties_out"]:
        return f"The bill ties out: {figures}, {share} of the bill unexplained."
    return (
        f"{MARK} {figures}: {share} of the bill is unexplained, more than {limit}. Savings are of a log that is "
        "not what was paid for; `audit reconcile` shows where they differ."
    )
