"""What a policy leaves on the incumbent, and what of it the verdicts would have let go."""

from collections.abc import Collection

from audit.policy.decided import Decided, texts
from audit.policy.document import NotMoved, Policy
from audit.policy.matching import thresholds
from audit.policy.moving import Terms
from audit.policy.regions import GATE_TOKENS
from audit.policy.replay import Replay, replay
from audit.policy.visible import Seen, seen
from audit.warehouse import Warehouse

NOT_SEPARABLE = "not_separable_by_a_router"
"""Reason of what its verdict would route, and that shares all that a router sees with traffic that stays."""


def played_whole(warehouse: Warehouse, policy: Policy, report: Decided) -> tuple[Replay, Seen]:
    """The policy with all of every rule moved and nothing escalated, as the report counts, and the traffic."""
    whole: Policy = {**policy, "rules": [{**rule, "share": 1.0, "escalation": None} for rule in policy["rules"]]}
    traffic = seen(warehouse, thresholds(policy["rules"]))
    return replay(whole, traffic, report.known, Terms(assumptions=report.assumptions, is_at_ceiling=False)), traffic


def not_moved(played: Replay, traffic: Seen, report: Decided, verdicts: Collection[str] = ("route",)) -> list[NotMoved]:
    """Every workload of which something stays, most dollars first, and what one of these verdicts would save of it."""
    found: list[tuple[float, NotMoved]] = []
    for name, known in report.known.items():
        row, offer = report.rows[name], known.offer
        moved = played.total(workload_id=name).point
        stays = offer.requests - int(moved["requests"])
        if stays <= 0:
            continue
        entry: NotMoved = {
            "workload_id": name,
            "name": str(row["name"]),
            "reasons": texts(row["reasons"]),
            "requests": stays,
        }
        if row["verdict"] in verdicts:
            escalation = report.assumptions.escalation_rate.point
            saving = offer.saving(offer.output_ratio.point, escalation, report.assumptions)
            entry["reasons"] = _why_lost(name, stays, traffic)
            entry["saving_lost"] = float(saving - moved["saving"])
        found.append((float(offer.list_cost), entry))
    found.sort(key=lambda each: (-each[0], each[1]["workload_id"]))
    return [entry for _, entry in found]


def _why_lost(workload_id: str, stays: int, traffic: Seen) -> list[str]:
    """Inputs longer than anybody measured, and whatever of the rest shares its region with others."""
    long = sum(
        piece.costs.requests
        for piece in traffic.pieces
        if piece.workload_id == workload_id and piece.at_least >= GATE_TOKENS
    )
    return [*([NOT_SEPARABLE] if stays > long else []), *(["long_input"] if long else [])]
