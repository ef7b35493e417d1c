"""A policy played over the log: who would have gone where, what that costs, and what is known of the answers.

Requests are decided one group of look-alikes at a time (`visible`), so the sums are those of the report: what its
verdicts would move, in its own decimals. Where the log does not say enough to decide (a bucket's lengths, the name a
caller sent), a figure has bounds: the best and the worst of all that may have happened.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from audit.policy.document import Policy, Rule
from audit.policy.matching import names_of, reaches, sees, thresholds
from audit.policy.moving import (
    FIGURES,
    NO_COSTS,
    KnownById,
    Tally,
    Terms,
    added,
    moved,
    nothing,
    together,
)
from audit.policy.visible import Piece, Seen, slices
from audit.savings.cascade import Costs


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A tally with its bounds; all three are equal where the log says enough."""

    low: Tally
    point: Tally
    high: Tally
    parts: Sequence[Tally]
    """What is sure, as one, and everything that may become of the rest."""

    @property
    def is_exact(self) -> bool:
        """Whether nothing is left open."""
        return self.low == self.high

    def mean_loss(self, basis: str) -> tuple[Decimal, Decimal, Decimal] | None:
        """Low, point and high of the share of good answers lost, of the requests that move; None where none do.

        A mean lies between the means of its parts, whichever of those move.
        """
        count = self.point[f"{basis}_requests"]
        if not count:
            return None
        parts = [part for part in self.parts if part[f"{basis}_requests"]]
        low, high = ([part[f"{basis}_{end}"] / part[f"{basis}_requests"] for part in parts] for end in ("low", "high"))
        return min(low), self.point[f"{basis}_point"] / count, max(high)


Key = tuple[str, str, str]
"""Endpoint, workload, and the id of the rule that decided ('' for the default)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a policy would have done with the log."""

    sure: Mapping[Key, Tally]
    """Traffic that is decided."""
    open: Sequence[tuple[str, str, Sequence[tuple[Decimal, str, Tally]]]]
    """Endpoint, workload and, for traffic that is not: guessed share, rule and outcome of everything possible."""
    costs: Mapping[str, Costs]
    """What was decided to move, whole, by workload: before the share of its rule."""

    def total(self, *, endpoint: str | None = None, rule: str | None = None, workload_id: str | None = None) -> Span:
        """The sum over everything, or over one endpoint, rule or workload."""
        sure = nothing()
        for (where, whose, by), tally in self.sure.items():
            if endpoint in (None, where) and rule in (None, by) and workload_id in (None, whose):
                sure = added(sure, tally)
        low, point, high, parts = sure, sure, sure, [sure]
        for where, whose, ways in self.open:
            if endpoint not in (None, where) or workload_id not in (None, whose):
                continue
            kept = [(share, tally if rule in (None, by) else nothing()) for share, by, tally in ways]
            for share, tally in kept:
                point = added(point, tally, share)
            parts += [tally for _, tally in kept]
            low = added(low, {name: min(tally[name] for _, tally in kept) for name in FIGURES})
            high = added(high, {name: max(tally[name] for _, tally in kept) for name in FIGURES})
        return Span(low=low, point=point, high=high, parts=parts)


def replay(
    policy: Policy, traffic: Seen, known: KnownById, terms: Terms, *, only: Collection[str] | None = None
) -> Replay:
    """`policy` over all traffic of the incumbent; with `only`, over these workloads, and the others stay.

    Shares are linear: half a share moves half of the requests, cost and loss. The candidate's own traffic and other
    models' are nobody's business here.
    """
    ways_of = _deciding(policy, traffic)
    sums: defaultdict[tuple[Key, str], Costs] = defaultdict(lambda: NO_COSTS)
    undecided: list[tuple[str, str, Sequence[tuple[Decimal, str, Tally]]]] = []
    rules = {rule["id"]: rule for rule in policy["rules"]}
    for piece in traffic.pieces:
        offer = known[piece.workload_id].offer if piece.workload_id in known else None
        is_asked = only is None or piece.workload_id in only
        if not is_asked or (offer is not None and offer.model == policy["candidate_model"]):
            continue
        ways = ways_of(piece)
        if len(ways) == 1:
            key = (piece.endpoint, piece.workload_id, ways[0][1])
            sums[key, piece.gate] = together(sums[key, piece.gate], piece.costs)
        else:
            told = [
                (share, by, moved(piece.costs, known.get(piece.workload_id), piece.gate, rules.get(by), terms))
                for share, by in ways
            ]
            undecided.append((piece.endpoint, piece.workload_id, told))
    sure: dict[Key, Tally] = {}
    costs: defaultdict[str, Costs] = defaultdict(lambda: NO_COSTS)
    for (key, gate), summed in sums.items():
        rule = rules.get(key[2])
        sure[key] = moved(summed, known.get(key[1]), gate, rule, terms)
        if rule is not None and rule["to"] == "candidate" and not gate:
            costs[key[1]] = together(costs[key[1]], summed)
    return Replay(sure=sure, open=undecided, costs=dict(costs))


def _deciding(policy: Policy, traffic: Seen) -> Callable[[Piece], list[tuple[Decimal, str]]]:
    """Piece -> everything that may become of it: guessed share and rule id ('' for the default), each rule once."""

    @cache
    def candidates(endpoint: str, flags: tuple[bool, ...], model: str) -> tuple[list[list[Rule]], list[int]]:
        """Rules that may hold, once for every way in which the sent name may match, and where they cut."""
        visible = [rule for rule in policy["rules"] if sees(rule["when"], endpoint, flags)]
        sent = traffic.names.get(model, frozenset())
        readings: list[list[Rule]] = []
        for name in sorted(sent) or [model]:
            for taken in [name] if name else _unsaid(visible, model, policy):
                held = [rule for rule in visible if taken in names_of(rule["when"], policy)]
                if held not in readings:
                    readings.append(held)
        return readings, thresholds(visible)

    def ways(piece: Piece) -> list[tuple[Decimal, str]]:
        readings, cuts = candidates(piece.endpoint, piece.flags, piece.model)
        shares: defaultdict[str, Decimal] = defaultdict(Decimal)
        for start, share in slices(piece, cuts):
            for rules in readings:
                rule = next((each for each in rules if reaches(each["when"], start)), None)
                shares["" if rule is None else rule["id"]] += share / len(readings)
        return [(share, by) for by, share in shares.items()]

    return ways


def _unsaid(rules: Sequence[Rule], model: str, policy: Policy) -> list[str]:
    """Names a caller may have sent when the log has none: any that a rule means, and the model's own."""
    return sorted({name for rule in rules for name in names_of(rule["when"], policy)} | {model})
