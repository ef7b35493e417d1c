"""A reconciliation in words and tables: for the terminal, and as CSV."""

from collections.abc import Callable, Iterable, Mapping

from audit.errors import UnknownNameError
from audit.ledger.document import Reconciliation, Side
from audit.report.spreadsheet import csv_text
from audit.report.words import clean, money, percent

CAUSES = {
    "credits": "credits",
    "tax": "tax",
    "other_line_items": "other line items",
    "time_zone": "time zone",
    "missing_days": "days missing from the log",
    "unbilled_days": "days missing from the bill",
    "unlogged_projects": "projects not in the log",
    "unlogged_models": "models not in the log",
    "unpriced_models": "models without a price",
    "unbilled_models": "models not on this bill",
    "cached": "cached input",
    "batch": "Batch",
    "discount": "a discount",
    "surcharge": "a surcharge, or older prices",
    "missing_hours": "hours missing from the log",
    "missing_files": "files missing from the log",
}
"""Code -> what it is called."""

BASIS = {"lines": "can be seen", "fit": "fits", "hint": "to be checked, explains nothing yet"}
MOST_ROWS = 31
"""Rows of a table on a terminal; the others are in --json and --csv."""

TABLES: Mapping[str, Callable[[Reconciliation], Iterable[Mapping[str, object]]]] = {
    "causes": lambda found: found["causes"],
    "days": lambda found: found["days"],
    "models": lambda found: found["models"],
    "projects": lambda found: found["projects"],
    "line_items": lambda found: found["line_items"],
}
"""Every table by the name that `--csv` takes."""

COLUMNS = tuple(Side.__annotations__)
CAUSE_COLUMNS = ("code", "amount", "basis", "evidence")


def csv_table(found: Reconciliation, name: str) -> str:
    """One table as CSV text; UnknownNameError lists the names."""
    if name not in TABLES:
        raise UnknownNameError("table", name, TABLES, f"The tables: {', '.join(TABLES)}")
    columns = CAUSE_COLUMNS if name == "causes" else COLUMNS
    return csv_text(columns, ([row[column] for column in columns] for row in TABLES[name](found)))


def sentences(found: Reconciliation) -> list[str]:
    """The result, then one sentence for each cause, the largest first."""
    totals, bill, log = found["totals"], found["bill"], found["log"]
    share = f"{percent(totals['unexplained_share'])} of the bill is unexplained, day by day"
    limit = f"the limit is {percent(found['limit'])}"
    lines = [
        f"{money(totals['billed'])} billed from {bill['start']} to {bill['end']}, {money(totals['list_cost'])} list "
        f"cost of the log ({log['start']} to {log['end']}) in these days: a difference of "
        f"{money(totals['difference'])}. The causes below add up to {money(totals['explained'])}, "
        f"{money(totals['unexplained'])} is left.",
        f"The bill ties out: {share}, {limit}." if found["ties_out"] else f"BILL DOES NOT TIE OUT: {share}, {limit}.",
    ]
    if found["causes"]:
        lines.append("Likely causes; each is a hypothesis with the figure that speaks for it:")
    for cause in found["causes"]:
        named = f"{CAUSES[cause['code']]} ({BASIS[cause['basis']]}), {money(cause['amount'])}"
        lines.append(f"- {named}: {clean(cause['evidence'], 400)}.")
    if found["list_cost_outside"]:
        lines.append(f"{money(found['list_cost_outside'])} list cost of days before or after the bill is in no figure.")
    lines += [
        f"{each['amount']:,.2f} {clean(each['currency'], 10).upper()} is not in US dollars and in no figure."
        for each in found["other_currencies"]
    ]
    lines += [f"{clean(note, 400)}." for note in found["notes"]]
    return lines


def shown(rows: list[Side]) -> tuple[list[tuple[str, str, str, str]], int]:
    """The rows that differ most, in their order, and how many are left out."""
    most = sorted(rows, key=lambda row: abs(row["difference"]), reverse=True)[:MOST_ROWS]
    kept = [row for row in rows if any(row is each for each in most)]
    cells = [
        (clean(row["name"] or "(not said)"), money(row["billed"]), money(row["list_cost"]), money(row["difference"]))
        for row in kept
    ]
    return cells, len(rows) - len(kept)
