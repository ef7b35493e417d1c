"""Causes that can be pointed at: lines of the bill, or traffic of the log, that the other side knows nothing of."""

from collections.abc import Callable, Collection, Iterable

from audit.counting import number_of
from audit.ledger.bill import Line
from audit.ledger.comparison import ZERO, Cause, Comparison, Key, money, some


def apart(lines: Collection[Line]) -> list[Cause]:
    """Lines that are for no traffic of a model: credits, tax, other services."""
    said = {
        "credit": ("credits", "negative lines or credits"),
        "tax": ("tax", "lines of tax"),
        "other": ("other_line_items", "lines that name no model: other services, tools or storage"),
    }
    found: list[Cause] = []
    for kind, (code, words) in said.items():
        those = [line for line in lines if line.kind == kind]
        amount = sum((line.amount for line in those), ZERO)
        if amount:
            evidence = f"{words}: {money(amount)} on {some(sorted({line.day for line in those}))}"
            found.append(Cause(code=code, amount=amount, basis="lines", evidence=evidence))
    return found


def only_on_one_side(
    comparison: Comparison, unpriced: Collection[str], *, has_projects: bool, names_models: bool, is_daily: bool
) -> list[Cause]:
    """Days, projects and models that the bill or the log alone has; they are set aside."""
    found: list[Cause] = []

    def aside(code: str, of_bill: bool, keep: Callable[[Key], bool], place: int, noun: str, words: str) -> None:
        amount, gone = comparison.set_aside(comparison.billed if of_bill else comparison.listed, keep)
        if amount:
            names = some(sorted({str(key[place]) for key in gone if key[place]}))
            verb = "billed" if of_bill else "at list price"
            count = len({key[place] for key in gone})
            evidence = f"{number_of(count, noun)} {words} ({names}): {money(amount)} {verb}"
            sign = 1 if of_bill else -1
            found.append(Cause(code=code, amount=sign * amount, basis="lines", evidence=evidence))

    def known(keys: Iterable[Key], place: int) -> set[object]:
        return {key[place] for key in keys}

    if is_daily:
        logged, billed = known(comparison.listed, 0), known(comparison.billed, 0)
        if logged & billed:
            words = "without any request in the log"
            aside("missing_days", True, lambda key: key[0] not in logged, 0, "billed day", words)
            words = "without any line on the bill"
            aside("unbilled_days", False, lambda key: key[0] not in billed, 0, "logged day", words)
    if has_projects:
        projects = known(comparison.listed, 2)
        aside("unlogged_projects", True, lambda key: key[2] not in projects, 2, "project", "that the log does not have")
    if names_models:
        aside("unpriced_models", True, lambda key: key[1] in unpriced, 1, "model", "of the log without a known price")
        models = known(comparison.listed, 1)
        aside("unlogged_models", True, lambda key: key[1] not in models, 1, "model", "that the log does not have")
        of_bill = known(comparison.billed, 1)
        words = "of the log that no line bills, perhaps of another provider"
        aside("unbilled_models", False, lambda key: key[1] not in of_bill, 1, "model", words)
    return found
