"""A routing policy in the hand, and a policy played over the log."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audit.library.asking import Settled
from audit.progress import shown
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.policy.document import Policy
    from audit.policy.simulate import Simulation


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingPolicy:
    """A routing policy; `document` is what `audit policy` prints."""

    document: "Policy"

    def json(self) -> str:
        """The document as text, the same bytes for the same document."""
        return json.dumps(self.document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"

    def render(self, target: str) -> str:
        """The configuration of one router; UnknownNameError lists the targets there are."""
        from audit.policy.targets import render

        return render(self.document, target)

    def cannot_express(self, target: str) -> list[str]:
        """What the policy asks and that router cannot see or do: callers have to see to it."""
        from audit.policy.targets import cannot_express

        return cannot_express(self.document, target)


def policy_of(
    db: Path,
    asked: Settled,
    *,
    stages: Sequence[float],
    stage: int | None,
    with_pilots: bool,
    with_classifier: bool,
    progress: bool,
) -> RoutingPolicy:
    """The policy that the verdicts on one database allow."""
    from audit.policy.decided import decided
    from audit.policy.derive import derive
    from audit.policy.stages import at_stage, checked_stages

    checked_stages(stages)
    with Warehouse.read(db) as warehouse, shown(not progress) as telling:
        result = asked.run(warehouse, telling)
        with telling("derive the policy"):
            made = derive(
                warehouse,
                decided(warehouse, result, asked.assumptions),
                stages=stages,
                with_pilots=with_pilots,
                with_classifier=with_classifier,
            )
    return RoutingPolicy(document=made if stage is None else at_stage(made, stage))


def simulation_of(
    db: Path,
    asked: Settled,
    policy: "str | Path | RoutingPolicy",
    *,
    at_ceiling: bool,
    with_frontier: bool,
    progress: bool,
) -> "Simulation":
    """What a policy would have done with the traffic of one database."""
    from audit.policy.decided import decided
    from audit.policy.derive import derive
    from audit.policy.reading import read_policy
    from audit.policy.simulate import empty, everything, simulate

    is_named = policy in ("ours", "none", "all")
    given = None if is_named else policy.document if isinstance(policy, RoutingPolicy) else read_policy(Path(policy))
    name = "policy" if isinstance(policy, RoutingPolicy) else str(policy)
    with Warehouse.read(db) as warehouse, shown(not progress) as telling:
        result = asked.run(warehouse, telling)
        with telling("play the policy"):
            report = decided(warehouse, result, asked.assumptions)
            only: frozenset[str] | None = None
            if given is None and policy == "all":
                given, only = everything(warehouse, report)
            elif given is None:
                given = derive(warehouse, report) if policy == "ours" else empty(report)
            found = simulate(warehouse, report, given, name, at_ceiling=at_ceiling, only=only)
            if with_frontier and "frontier" in result.document:
                found["frontier"] = result.document["frontier"]
    return found
