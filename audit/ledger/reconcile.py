"""The bill against the recomputed list cost: where they differ, and what probably explains it.

Causes are tried in turn, those that can be pointed at before those that only fit, and each takes what it explains from
the cells of day, model and project. What is left decides whether the bill ties out.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from audit.ledger import facts, fits, recomputed
from audit.ledger.bill import DEFAULT, Bill, read_bill
from audit.ledger.comparison import ZERO, Cause, Comparison, Key, Part, Proposal, Side
from audit.ledger.document import SCHEMA, Reconciliation
from audit.ledger.document import Side as SideRow
from audit.ledger.named import named_batch, named_cached
from audit.ledger.recomputed import Cost
from audit.ledger.time_zone import find_shift
from audit.scope import Question
from audit.warehouse import Warehouse

LIMIT = 0.10
"""The largest share of the bill that may stay unexplained."""
WORTH_NAMING = Decimal("0.0025")
"""Of the bill: an explanation of less is taken for chance."""
SAYS_PROJECTS = Decimal("0.99")
"""Of the cost: where less of it has a project, projects cannot be compared."""


@dataclass(frozen=True, slots=True)
class _Sides:
    """Bill and log of the billed days, before anything is explained."""

    billed: Side
    listed: Side
    outside: Decimal


def reconcile(warehouse: Warehouse, question: Question) -> Reconciliation | None:
    """The reconciliation of `bill_lines` with the traffic of a settled scope; None where they share no day.

    Raises InputError where no line of the bill is in US dollars.
    """
    recomputed.prepare(warehouse, question)
    models = recomputed.log_models(warehouse)
    bill = read_bill(warehouse, models, question.since, question.until)
    if bill is None:
        return None
    hourly = recomputed.by_hour(warehouse)
    shift, shift_cause = _shift(warehouse, bill, hourly)
    costs = recomputed.by_day(warehouse, shift)
    unpriced = {cost.model for cost in costs} - {cost.model for cost in costs if cost.is_priced}
    has_projects = _has_projects(bill, costs)
    sides = _sides(bill, costs, has_projects)
    logged = sorted({cost.day for cost in costs})
    if not logged or not {key[0] for key in sides.billed} & {key[0] for key in sides.listed}:
        return None
    comparison = Comparison(
        billed={key: dict(parts) for key, parts in sides.billed.items()},
        listed={key: dict(parts) for key, parts in sides.listed.items()},
        names_tiers=any(line.tier != DEFAULT for line in bill.lines),
        names_classes=all(line.token_class for line in bill.lines if line.kind == "usage"),
    )
    rates = recomputed.rates(warehouse)
    causes = facts.apart(bill.lines)
    if shift_cause is not None:
        utc = _sides(bill, recomputed.by_day(warehouse, 0), has_projects).listed
        moved = _total(sides.listed) - _total(utc)
        causes.append(Cause(code="time_zone", amount=moved, basis="fit", evidence=shift_cause))
        before = _total(utc)
    else:
        before = _total(sides.listed)
    causes += facts.only_on_one_side(
        comparison, unpriced, has_projects=has_projects, names_models=bill.names_models, is_daily=bill.is_daily
    )
    hypotheses = [
        partial(hypothesis, comparison, rates)
        for hypothesis in (fits.discount, named_batch, named_cached, fits.batch_cells, fits.cached_input)
    ]
    if recomputed.has_hours(warehouse) and bill.is_daily:
        hypotheses.append(partial(fits.empty_hours, comparison, _of_models(hourly, comparison), shift))
    causes += _fitting(comparison, hypotheses)
    causes += fits.missing_files(comparison)
    return _document(bill, sides, comparison, causes, before, shift, logged, _sides(bill, costs, True))


def _fitting(comparison: Comparison, hypotheses: Sequence[Callable[[], Proposal | None]]) -> list[Cause]:
    """The hypotheses that explain something, always the one next that leaves least.

    A bill at half the list price is one discount, and not a little cached input and a larger discount.
    """
    found: list[Cause] = []
    left = comparison.gross()
    worth = WORTH_NAMING * sum((comparison.bill_of(key) for key in comparison.billed), ZERO)
    while proposals := [made for hypothesis in hypotheses if (made := hypothesis()) is not None]:
        best = min(proposals, key=comparison.gross)
        rest = comparison.gross(best)
        if left - rest <= max(worth, ZERO):
            break
        comparison.take(best)
        found.append(best.cause())
        left = rest
    return found


def _shift(warehouse: Warehouse, bill: Bill, hourly: dict[tuple[str, datetime], float]) -> tuple[int, str | None]:
    """Hours that the bill's days are ahead of UTC, and what speaks for them; none where the log has no hours."""
    if not bill.is_daily or not recomputed.has_hours(warehouse):
        return 0, None
    if bill.start_hour:
        return -bill.start_hour, f"the bill's days begin at {bill.start_hour:02d}:00 UTC"
    both = {line.model for line in bill.lines if line.kind == "usage"} & {model for model, _ in hourly}
    billed: dict[date, float] = defaultdict(float)
    for line in bill.lines:
        if line.kind == "usage" and (not bill.names_models or line.model in both):
            billed[line.day] += float(line.amount)
    by_hour: dict[datetime, float] = defaultdict(float)
    for (model, moment), cost in hourly.items():
        if not bill.names_models or model in both:
            by_hour[moment] += cost
    found = find_shift(billed, by_hour)
    if found is None:
        return 0, None
    return found.hours, (
        f"the bill's days fit the log's if they are those of UTC{found.hours:+d}: what they differ by falls "
        f"from {found.left_before:.1%} to {found.left_after:.1%} of the bill, and their correlation is "
        f"{found.correlation_after:.4f} where it was {found.correlation_before:.4f} (the worst days apart)"
    )


def _has_projects(bill: Bill, costs: list[Cost]) -> bool:
    """Whether both sides say the project of nearly everything, in words that have anything in common."""
    billed, listed = defaultdict[str, Decimal](Decimal), defaultdict[str, Decimal](Decimal)
    for line in bill.lines:
        if line.kind == "usage":
            billed[line.project] += line.amount
    for cost in costs:
        listed[cost.project] += sum(cost.parts.values(), ZERO)
    says = all(side.get("", ZERO) <= (1 - SAYS_PROJECTS) * sum(side.values(), ZERO) for side in (billed, listed))
    return says and bool((billed.keys() & listed.keys()) - {""})


def _sides(bill: Bill, costs: list[Cost], has_projects: bool) -> _Sides:
    billed: Side = defaultdict(lambda: defaultdict[Part, Decimal](Decimal))
    listed: Side = defaultdict(lambda: defaultdict[Part, Decimal](Decimal))
    outside = ZERO

    def key(day: date, model: str, project: str) -> Key:
        of_day = day if bill.is_daily else bill.start
        return of_day, model if bill.names_models else "", project if has_projects else ""

    for line in bill.lines:
        if line.kind == "usage":
            billed[key(line.day, line.model, line.project)][line.tier, line.token_class] += line.amount
    for cost in costs:
        for token_class, amount in cost.parts.items():
            if bill.start <= cost.day <= bill.end:
                listed[key(cost.day, cost.model, cost.project)][cost.tier, token_class] += amount
            else:
                outside += amount
    return _Sides(billed, listed, outside)


def _of_models(hourly: dict[tuple[str, datetime], float], comparison: Comparison) -> dict[tuple[str, datetime], float]:
    """The hours of what is still compared."""
    models = {key[1] for key in comparison.listed}
    return hourly if "" in models else {key: cost for key, cost in hourly.items() if key[0] in models}


def _document(
    bill: Bill,
    sides: _Sides,
    comparison: Comparison,
    causes: list[Cause],
    list_cost: Decimal,
    shift: int,
    logged: list[date],
    projects: _Sides,
) -> Reconciliation:
    billed = sum((line.amount for line in bill.lines), ZERO)
    charged = sum((line.amount for line in bill.lines if line.amount > 0), ZERO)
    explained = sum((cause.amount for cause in causes if cause.basis != "hint"), ZERO)
    left = defaultdict[tuple[date, str], Decimal](Decimal)
    for key in comparison.cells():
        left[key[0], key[1]] += comparison.left(key)
    gross = sum(map(abs, left.values()), ZERO)
    named = sum((abs(cause.amount) for cause in causes if cause.basis != "hint"), ZERO)
    share = float(gross / charged) if charged else 1.0
    return {
        "schema": SCHEMA,
        "currency": "USD",
        "bill": {"start": bill.start.isoformat(), "end": bill.end.isoformat()},
        "log": {"start": logged[0].isoformat(), "end": logged[-1].isoformat()},
        "shift_hours": shift,
        "totals": {
            "billed": float(billed),
            "list_cost": float(list_cost),
            "difference": float(billed - list_cost),
            "explained": float(explained),
            "unexplained": float(billed - list_cost - explained),
            "unexplained_gross": float(gross),
            "unexplained_share": share,
            "explained_share": float(named / (named + gross)) if named + gross else None,
        },
        "limit": LIMIT,
        "ties_out": share <= LIMIT,
        "causes": [
            {"code": cause.code, "amount": float(cause.amount), "basis": cause.basis, "evidence": cause.evidence}
            for cause in sorted(causes, key=lambda cause: (cause.basis == "hint", -abs(cause.amount)))
        ],
        "days": _rows(sides, lambda key, _: key[0].isoformat()),
        "models": _rows(sides, lambda key, _: key[1]),
        "projects": _rows(projects, lambda key, _: key[2]),
        "line_items": _rows(sides, lambda key, part: ", ".join(_words(key[1], part))),
        "list_cost_outside": float(sides.outside),
        "other_currencies": [
            {"currency": name, "amount": float(amount)} for name, amount in sorted(bill.other_currencies.items())
        ],
        "notes": [],
    }


def _words(model: str, part: Part) -> Iterable[str]:
    """What a line of the bill is for; it need not name a model."""
    tier, token_class = part
    return (word for word in (model, token_class, "" if tier == "default" else tier) if word)


def _rows(sides: _Sides, name_of: Callable[[Key, Part], str]) -> list[SideRow]:
    """Usage of both sides by a name, in its order."""
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for place, side in enumerate((sides.billed, sides.listed)):
        for key, parts in side.items():
            for part, amount in parts.items():
                sums[name_of(key, part)][place] += amount
    return [
        {"name": name, "billed": float(billed), "list_cost": float(listed), "difference": float(billed - listed)}
        for name, (billed, listed) in sorted(sums.items())
    ]


def _total(side: Side) -> Decimal:
    return sum((amount for parts in side.values() for amount in parts.values()), ZERO)
