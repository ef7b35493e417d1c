"""Causes that lines of the bill name: cached input and Batch that the log has less of, or more.

The same tokens stand in the log at their plain price: x dollars billed at a rate of r are x / r there.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from audit.ledger.bill import BATCH, DEFAULT
from audit.ledger.comparison import ZERO, Comparison, Key, Part, Proposal, money
from audit.ledger.recomputed import Rates


def named_cached(comparison: Comparison, rates: Mapping[str, Rates]) -> Proposal | None:
    """Lines of cached input, where the log says another number of cached tokens."""

    def moved(key: Key) -> Iterator[tuple[Part, Part, Decimal]]:
        yield (DEFAULT, "cache_read"), (DEFAULT, "input"), _excess(comparison, key, (DEFAULT, "cache_read"))

    rate_of = {model: each.cached for model, each in rates.items() if each.cached}
    return _proposed(comparison, "cached", "cached input", lambda part: part[1] == "cache_read", rate_of, moved)


def named_batch(comparison: Comparison, rates: Mapping[str, Rates]) -> Proposal | None:
    """Lines of Batch, where the log says the default tier."""

    def moved(key: Key) -> Iterator[tuple[Part, Part, Decimal]]:
        parts = {*comparison.billed.get(key, {}), *comparison.listed.get(key, {})}
        for part in sorted(part for part in parts if part[0] == BATCH):
            yield part, (DEFAULT, part[1]), _excess(comparison, key, part)

    rate_of = {model: each.batch for model, each in rates.items() if each.batch}
    return _proposed(comparison, "batch", "Batch", lambda part: part[0] == BATCH, rate_of, moved)


def _excess(comparison: Comparison, key: Key, part: Part) -> Decimal:
    return comparison.billed.get(key, {}).get(part, ZERO) - comparison.listed.get(key, {}).get(part, ZERO)


def _proposed(
    comparison: Comparison,
    code: str,
    what: str,
    keep: Callable[[Part], bool],
    rate_of: Mapping[str, Decimal],
    moved: Callable[[Key], Iterator[tuple[Part, Part, Decimal]]],
) -> Proposal | None:
    amounts: dict[tuple[Key, Part], Decimal] = {}
    billed, listed, seen = ZERO, ZERO, set[Decimal]()
    # a model of which the bill has no such line says nothing of the matter
    naming = {key[1] for key in comparison.billed if comparison.bill_of(key, keep)}
    for key in comparison.cells():
        rate = rate_of.get(key[1])
        if rate is None or key[1] not in naming:
            continue
        seen.add(rate)
        billed += comparison.bill_of(key, keep)
        listed += comparison.list_of(key, keep)
        for part, plain, excess in moved(key):
            amounts[key, part] = amounts.get((key, part), ZERO) + excess
            amounts[key, plain] = amounts.get((key, plain), ZERO) - excess / rate
    if not amounts:
        return None
    said = " or ".join(f"{float(rate):g}" for rate in sorted(seen))
    evidence = f"the bill has {money(billed)} of {what} where the log has {money(listed)}, at {said} of the plain price"
    return Proposal(code=code, evidence=evidence, amounts=amounts)
