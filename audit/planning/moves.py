"""What each rule moves of each workload, a day and as a whole, and what of the verdicts no rule can move."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from audit.assumptions import exact_decimal
from audit.planning.document import Never
from audit.policy.decided import Decided
from audit.policy.document import Policy, Rule
from audit.policy.moving import Terms
from audit.policy.replay import Replay, Span, replay
from audit.policy.staying import NOT_SEPARABLE, not_moved
from audit.policy.visible import Seen
from audit.report.bounds import Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """All that one rule moves of one workload."""

    rule: Rule
    workload_id: str
    requests_per_day: float
    saving: Bounds
    """USD a day; of a rule that waits for measurements the point is weighted by its odds, and low is that it fails."""
    margin: float
    """In points."""

    def saved(self, share: float) -> Bounds:
        """USD a day while `share` of it moves."""
        low, point, high = (share * self.saving[bound] for bound in ("low", "point", "high"))
        return {"low": low, "point": point, "high": high}


def moves(policy: Policy, traffic: Seen, report: Decided, per_day: float) -> list[Move]:
    """By rule in the policy's order, then most saved first; `per_day` turns a sum of the window into a daily one."""
    whole: Policy = {**policy, "rules": [{**rule, "share": 1.0} for rule in policy["rules"]]}
    played = replay(whole, traffic, report.known, Terms(assumptions=report.assumptions, is_at_ceiling=False))
    found: list[Move] = []
    for rule in policy["rules"]:
        own = [
            _move(rule, name, played.total(rule=rule["id"], workload_id=name), report, per_day)
            for name in _moved_by(rule, played)
            if name in report.known
        ]
        found += sorted(
            (each for each in own if each.requests_per_day),
            key=lambda each: (-each.saving["point"], each.workload_id),
        )
    return found


LEAST = Decimal("0.000001")
"""USD of the window below which a difference of sums is rounding."""

NOT_WORTH_MEASURING = "not_worth_measuring"
"""Reason of a pilot whose replay costs more than it can be expected to save before its models are gone."""


def days_left(rule: Rule, today: date, end: float) -> float:
    """Days from today until a model of the rule is switched off, at most `end`."""
    until = rule.get("valid_until")
    return min(end, max(0, (date.fromisoformat(until) - today).days)) if until else end


def worth_measuring(
    policy: Policy, found: Sequence[Move], prices: Mapping[str, float], days: Callable[[Rule], float]
) -> Policy:
    """The policy without pilots that cannot be expected to save the price of their replay in the `days` they have.

    `prices` are in USD by workload id; what cannot be replayed has none, and stays in. A replay serves all rules of its
    workload: the one that saves most pays for it.
    """
    expected = {rule["id"]: 0.0 for rule in policy["rules"]}
    for move in found:
        expected[move.rule["id"]] += move.saving["point"]
    paid: set[str] = set()
    dropped: set[str] = set()
    for rule in sorted(policy["rules"], key=lambda rule: -expected[rule["id"]]):
        price = sum(prices.get(name, 0.0) for name in rule["workload_ids"] if name not in paid)
        if rule.get("verdict") == "route" or expected[rule["id"]] * days(rule) >= price:
            paid |= set(rule["workload_ids"])
        else:
            dropped.add(rule["id"])
    return {**policy, "rules": [rule for rule in policy["rules"] if rule["id"] not in dropped]}


def staying(
    policy: Policy, pilots: Collection[str], played: Replay, traffic: Seen, report: Decided, per_day: float
) -> list[Never]:
    """What no stage moves, most dollars first; with what the stages save it adds up to the report's expected saving.

    `played` is the policy as the report counts it, without checks. Of `pilots`, those that no rule of it names were not
    worth measuring.
    """
    placed = {name for rule in policy["rules"] for name in rule["workload_ids"]}
    lost = {name: _lost(name, policy, played, report) for name in report.known}
    entries: list[Never] = []
    for each in not_moved(played, traffic, report, ("route", "pilot")):
        name = each["workload_id"]
        entry: Never = {"workload_id": name, "name": each["name"], "reasons": each["reasons"]}
        if name in pilots and name not in placed:
            entry["reasons"] = [NOT_WORTH_MEASURING]
        if (amount := lost.pop(name)) > LEAST:
            entry["saving_lost_per_day"] = float(amount) * per_day
        entries.append(entry)
    for name, amount in lost.items():
        if amount > LEAST:
            entries.append(
                {
                    "workload_id": name,
                    "name": str(report.rows[name]["name"]),
                    "reasons": [NOT_SEPARABLE],
                    "saving_lost_per_day": float(amount) * per_day,
                }
            )
    return entries


def odds_of(rule: Rule, report: Decided) -> float:
    """Chance that a rule may move, at most: 1 where outcomes say so, else that of its least likely pilot.

    All of its pilots have to pass: as likely as the least likely one if they pass and fail together, else less likely.
    """
    if rule.get("verdict") == "route":
        return 1.0
    return min((report.known[name].offer.pass_probability for name in rule["workload_ids"]), default=0.0)


def _moved_by(rule: Rule, played: Replay) -> list[str]:
    sure = {name for _, name, by in played.sure if by == rule["id"]}
    return sorted(sure | {name for _, name, ways in played.open if any(by == rule["id"] for _, by, _ in ways)})


def _whole_saving(name: str, report: Decided) -> Decimal:
    offer, assumptions = report.known[name].offer, report.assumptions
    return offer.saving(offer.output_ratio.point, assumptions.escalation_rate.point, assumptions)


def _move(rule: Rule, name: str, span: Span, report: Decided, per_day: float) -> Move:
    """Bounds are those of the workload's saving in the report, outright or behind its check, of the part that moves."""
    cascade = report.known[name].cascade if rule.get("escalation") else None
    outright = next(each.saving for each in report.result.savings.workloads if each.workload_id == name)
    saving = outright if cascade is None else cascade.saving
    bounds: Bounds = {"low": 0.0, "point": 0.0, "high": 0.0}
    if saving.point:
        parts = [float(tally["saving"]) / saving.point for tally in (span.low, span.point, span.high)]
        point = float(span.point["saving"])
        low = min([point, *(part * saving.low for part in parts)])
        high = max([point, *(part * saving.high for part in parts)])
        if rule.get("verdict") != "route":
            low, point = min(0.0, low), odds_of(rule, report) * point
        bounds = {"low": low * per_day, "point": point * per_day, "high": high * per_day}
    row: Mapping[str, object] = report.rows[name]
    return Move(
        rule=rule,
        workload_id=name,
        requests_per_day=float(span.point["requests"]) * per_day,
        saving=bounds,
        margin=float(str(row["margin"])),
    )


def _lost(name: str, policy: Policy, played: Replay, report: Decided) -> Decimal:
    """USD of the window by which the stages save less of a workload than its verdict and odds say."""
    verdict, offer = report.rows[name]["verdict"], report.known[name].offer
    if verdict == "keep":
        return Decimal(0)
    odds = 1.0 if verdict == "route" else offer.pass_probability
    kept = sum(
        (
            exact_decimal(odds_of(rule, report)) * played.total(rule=rule["id"], workload_id=name).point["saving"]
            for rule in policy["rules"]
        ),
        Decimal(0),
    )
    return exact_decimal(odds) * _whole_saving(name, report) - kept
