"""Causes that can be pointed at: lines of the bill, or traffic of the log, that the other side knows nothing of."""

from collections.abc import Callable, Collection, Iterable
from decimal import Decimal

from audit.ledger.bill import BATCH, DEFAULT, Line
from audit.ledger.comparison import ZERO, Cause, Comparison, Key, Part, money, some
from audit.ledger.recomputed import Rates

WORTH_NAMING = Decimal("0.01")
"""Of a model's or the whole bill: what is less is no cause but noise."""


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

    def aside(code: str, of_bill: bool, keep: Callable[[Key], bool], place: int, words: str) -> None:
        amount, gone = comparison.set_aside(comparison.billed if of_bill else comparison.listed, keep)
        if amount:
            names = some(sorted({key[place] for key in gone if key[place]}))
            verb = "billed" if of_bill else "at list price"
            count = len({key[place] for key in gone})
            evidence = words.format(count=count, names=names, amount=money(amount), verb=verb)
            sign = 1 if of_bill else -1
            found.append(Cause(code=code, amount=sign * amount, basis="lines", evidence=evidence))

    def known(keys: Iterable[Key], place: int) -> set[object]:
        return {key[place] for key in keys}

    if is_daily:
        logged, billed = known(comparison.listed, 0), known(comparison.billed, 0)
        if logged & billed:
            text = "{count} billed days without any request in the log ({names}): {amount} {verb}"
            aside("missing_days", True, lambda key: key[0] not in logged, 0, text)
            text = "{count} logged days without any line on the bill ({names}): {amount} {verb}"
            aside("unbilled_days", False, lambda key: key[0] not in billed, 0, text)
    if has_projects:
        projects = known(comparison.listed, 2)
        text = "{count} projects that the log does not have ({names}): {amount} {verb}"
        aside("unlogged_projects", True, lambda key: key[2] not in projects, 2, text)
    if names_models:
        text = "models of the log without a price ({names}): {amount} {verb}, no list cost to hold against it"
        aside("unpriced_models", True, lambda key: key[1] in unpriced, 1, text)
        models = known(comparison.listed, 1)
        text = "{count} models that the log does not have ({names}): {amount} {verb}"
        aside("unlogged_models", True, lambda key: key[1] not in models, 1, text)
        of_bill = known(comparison.billed, 1)
        text = "{count} models of the log that no line bills ({names}): {amount} {verb}; another provider's invoice?"
        aside("unbilled_models", False, lambda key: key[1] not in of_bill, 1, text)
    return found


def named_lines(comparison: Comparison, rates: dict[str, Rates]) -> list[Cause]:
    """Cached input and Batch that the bill names and the log has less of, or more.

    The same tokens stand in the log at their plain price: x dollars billed at a rate of r are x / r there.
    """
    cached = _by_rate(
        comparison,
        lambda part: part == (DEFAULT, "cache_read"),
        {model: each.cached for model, each in rates.items() if each.cached},
    )
    batch = _by_rate(
        comparison,
        lambda part: part[0] == BATCH,
        {model: each.batch for model, each in rates.items() if each.batch},
    )
    return [
        Cause(
            code=code,
            amount=amount,
            basis="fit",
            evidence=f"the bill has {money(billed)} of {what} where the log has {money(listed)}, at {rate} of the "
            "plain price",
        )
        for code, what, (amount, billed, listed, rate) in (
            ("cached", "cached input", cached),
            ("batch", "Batch", batch),
        )
        if amount
    ]


def _by_rate(
    comparison: Comparison, keep: Callable[[Part], bool], rate_of: dict[str, Decimal]
) -> tuple[Decimal, Decimal, Decimal, str]:
    """What is explained, what is billed and listed of these parts, and at which rates."""
    explained, all_billed, all_listed, seen = ZERO, ZERO, ZERO, set[Decimal]()
    keys = comparison.cells()
    for model in sorted({key[1] for key in keys} & rate_of.keys()):
        own = [key for key in keys if key[1] == model]
        excess = {key: comparison.bill_of(key, keep) - comparison.list_of(key, keep) for key in own}
        whole = sum((comparison.bill_of(key) for key in own), ZERO)
        if abs(sum(excess.values(), ZERO)) <= WORTH_NAMING * whole:
            continue
        rate = rate_of[model]
        # without lines of its kind the bill says nothing of the matter
        if not any(comparison.bill_of(key, keep) for key in own):
            continue
        explained += comparison.explain((key, amount - amount / rate) for key, amount in excess.items())
        all_billed += sum((comparison.bill_of(key, keep) for key in own), ZERO)
        all_listed += sum((comparison.list_of(key, keep) for key in own), ZERO)
        seen.add(rate)
    return explained, all_billed, all_listed, " or ".join(f"{float(rate):g}" for rate in sorted(seen))
