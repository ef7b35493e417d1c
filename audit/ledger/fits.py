"""Causes that nobody wrote down but that the figures fit: a ratio that is always the same, hours without requests."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median

from audit.counting import number_of
from audit.ledger.bill import DEFAULT
from audit.ledger.comparison import ZERO, Cause, Comparison, Key, Part, Proposal, money, some
from audit.ledger.recomputed import Rates

CLOSE = Decimal("0.01")
"""Distance of two ratios that are one."""
NEAR_BATCH = Decimal("0.02")
MOST = Decimal("0.8")
"""Share of the list cost that has to have a ratio for it to be that of the whole bill."""
FEWEST_DAYS = 3
FEWEST_CELLS = 3
GAP = Decimal("0.10")
"""Excess of a day over its list cost, as a share of it, that points at requests missing from the log."""


def discount(comparison: Comparison, rates: Mapping[str, Rates]) -> Proposal | None:
    """One ratio between bill and list cost on nearly all days and models: a contract's rate, or Batch for all."""
    ratios = _ratios(comparison)
    days, weight = {key[0] for key in ratios}, sum((listed for _, listed in ratios.values()), ZERO)
    if len(days) < FEWEST_DAYS or not weight:
        return None
    ratio = _median(ratios)
    agreeing = sum(
        (listed for billed, listed in ratios.values() if abs(billed - ratio * listed) <= CLOSE * listed), ZERO
    )
    if abs(ratio - 1) <= CLOSE or agreeing < MOST * weight:
        return None
    offered = [rates[key[1]].batch for key in ratios if key[1] in rates]
    is_batch = any(rate is not None and abs(rate - ratio) <= NEAR_BATCH for rate in offered)
    amounts = {(key, part): (ratio - 1) * amount for key in ratios for part, amount in comparison.listed[key].items()}
    models = {key[1] for key in ratios}
    evidence = (
        f"the bill is {float(ratio):.3f} of list price on {number_of(len(days), 'day')} and "
        f"{number_of(len(models), 'model')}, within {float(CLOSE):.0%} on {float(agreeing / weight):.0%} of the cost"
    )
    code = "batch" if is_batch else "discount" if ratio < 1 else "surcharge"
    if is_batch:
        evidence += "; that is the Batch price, or the same calls stand twice in the log"
    return Proposal(code=code, evidence=evidence, amounts=amounts)


def batch_cells(comparison: Comparison, rates: Mapping[str, Rates]) -> Proposal | None:
    """Days of a model or project that cost what Batch would, while the log says the default tier."""
    found: dict[tuple[Key, Part], Decimal] = {}
    cells: list[Key] = []
    for key, (billed, listed) in _ratios(comparison).items():
        rate = rates[key[1]].batch if key[1] in rates else None
        plain = comparison.list_of(key, lambda part: part[0] == DEFAULT)
        if rate is None or not plain:
            continue
        rest = listed - plain
        if abs(billed - rest - rate * plain) <= NEAR_BATCH * plain:
            cells.append(key)
            found |= {
                (key, part): (rate - 1) * amount
                for part, amount in comparison.listed[key].items()
                if part[0] == DEFAULT
            }
    if len(cells) < FEWEST_CELLS:
        return None
    amount = sum(found.values(), ZERO)
    where = some(sorted({" ".join(part for part in key[1:] if part) or str(key[0]) for key in cells}))
    evidence = (
        f"{number_of(len(cells), 'day')} of {where} are billed at the Batch price and logged as default: "
        f"{money(-amount)} less; or the same calls stand twice in the log"
    )
    return Proposal(code="batch", evidence=evidence, amounts=found)


def cached_input(comparison: Comparison, rates: Mapping[str, Rates]) -> Proposal | None:
    """Output ties out, input is billed below its price, and neither side counts cached tokens: the log lost them."""
    amounts: dict[tuple[Key, Part], Decimal] = {}
    said: list[str] = []
    for model in sorted({key[1] for key in comparison.cells()} & rates.keys()):
        own, rate = [key for key in comparison.cells() if key[1] == model], rates[model].cached
        sums = {
            (side, name): sum((of(key, lambda part, name=name: part[1] == name) for key in own), ZERO)
            for side, of in (("bill", comparison.bill_of), ("log", comparison.list_of))
            for name in ("input", "cache_read", "output")
        }
        if rate is None or not sums["bill", "input"] or not sums["log", "output"]:
            continue
        if sums["bill", "cache_read"] or sums["log", "cache_read"]:
            continue
        of_input, of_output = (
            sums["bill", "input"] / (sums["log", "input"] or 1),
            sums["bill", "output"] / sums["log", "output"],
        )
        if abs(of_output - 1) <= CLOSE and rate <= of_input < 1 - CLOSE:
            amounts |= {
                (key, (DEFAULT, "input")): comparison.bill_of(key, _is_input) - comparison.list_of(key, _is_input)
                for key in own
            }
            said.append(f"{model}: output is {float(of_output):.3f} of list price, input {float(of_input):.3f}")
    if not said:
        return None
    evidence = f"{some(said)}; cached input costs less, and neither side counts any"
    return Proposal(code="cached", evidence=evidence, amounts=amounts)


def _is_input(part: tuple[str, str]) -> bool:
    return part[1] == "input"


def empty_hours(comparison: Comparison, hourly: Mapping[tuple[str, datetime], float], shift: int) -> Proposal | None:
    """Days whose bill exceeds the log by about what their hours without any request usually hold."""
    spent: dict[date, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for (_, moment), cost in hourly.items():
        local = moment + timedelta(hours=shift)
        spent[local.date()][local.hour] += cost
    if len(spent) < 2 * FEWEST_DAYS:
        return None
    usual = {hour for hour in range(24) if sum(hour in day for day in spent.values()) >= 0.8 * len(spent)}
    whole = [day for day in spent.values() if usual <= day.keys()]
    profile = {hour: sum(day[hour] for day in whole) for hour in usual}
    busy = sum(profile.values())
    if not whole or not busy:
        return None
    amounts: dict[tuple[Key, Part], Decimal] = {}
    days, hours = list[date](), 0
    for day, gap in _gaps(comparison).items():
        missing = usual - spent[day].keys()
        share = sum(profile[hour] for hour in missing) / busy
        if not missing or share >= 1:
            continue
        listed = {key: parts for key, parts in comparison.listed.items() if key[0] == day}
        weight = sum((comparison.list_of(key) for key in listed), ZERO)
        more = min(gap / weight, Decimal(share / (1 - share)))
        amounts |= {(key, part): amount * more for key, parts in listed.items() for part, amount in parts.items()}
        days.append(day)
        hours += len(missing)
    if not days:
        return None
    evidence = (
        f"{number_of(hours, 'hour')} of {some(days)} without a request, which on other days hold as much as the bill "
        f"has more: {money(sum(amounts.values(), ZERO))}"
    )
    return Proposal(code="missing_hours", evidence=evidence, amounts=amounts)


def missing_files(comparison: Comparison) -> list[Cause]:
    """What may be wrong where the bill still exceeds the log: a hint, which explains nothing."""
    gaps = _gaps(comparison)
    if not gaps:
        return []
    amount = sum(gaps.values(), ZERO)
    evidence = (
        f"on {number_of(len(gaps), 'day')} ({some(gaps)}) the bill exceeds the log by more than {float(GAP):.0%}, "
        f"{money(amount)} in all: a file, a gateway or a key may not be in the log"
    )
    return [Cause(code="missing_files", amount=amount, basis="hint", evidence=evidence)]


def _gaps(comparison: Comparison) -> dict[date, Decimal]:
    """Day -> what it was billed beyond list cost and explanation, where that is much."""
    left: dict[date, Decimal] = defaultdict(Decimal)
    listed: dict[date, Decimal] = defaultdict(Decimal)
    for key in comparison.cells():
        left[key[0]] += comparison.left(key)
        listed[key[0]] += comparison.list_of(key)
    return {day: left[day] for day in sorted(left) if listed[day] and left[day] > GAP * listed[day]}


def _ratios(comparison: Comparison) -> dict[Key, tuple[Decimal, Decimal]]:
    """What is billed of each cell beyond what is explained, and its list cost, where it has one."""
    return {
        key: (comparison.left(key) + listed, listed)
        for key in comparison.cells()
        if (listed := comparison.list_of(key)) > 0
    }


def _median(ratios: Mapping[Key, tuple[Decimal, Decimal]]) -> Decimal:
    """The ratio that half of the list cost lies below."""
    ordered = sorted((billed / listed, listed) for billed, listed in ratios.values())
    half, passed = sum((listed for _, listed in ordered), ZERO) / 2, ZERO
    for ratio, listed in ordered:
        passed += listed
        if passed >= half:
            return ratio
    return median(ratio for ratio, _ in ordered)
