"""A rollout plan in the hand."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audit.library.asking import Settled
from audit.progress import shown
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.planning.document import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPlan:
    """A rollout plan; `document` is what `audit plan --json` prints and `audit monitor --plan` reads."""

    document: "Plan"

    def json(self) -> str:
        """The document as text."""
        return json.dumps(self.document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"

    def markdown(self) -> str:
        """The plan as a ticket: a checklist per stage."""
        from audit.planning.markdown import plan_markdown

        return plan_markdown(self.document)


def plan_of(
    db: Path, asked: Settled, *, stages: Sequence[float], checks_per_day: int, with_successors: bool, progress: bool
) -> RolloutPlan:
    """The plan that the verdicts on one database allow."""
    from audit.errors import ConfigError
    from audit.pipeline import Run
    from audit.planning.plan import daily, make_plan
    from audit.policy.decided import decided
    from audit.policy.stages import checked_stages

    checked_stages(stages)
    if checks_per_day < 1:
        raise ConfigError(f"checks_per_day is {checks_per_day}; give how many answers a day can be compared, from 1 up")
    with Warehouse.read(db) as warehouse, shown(not progress) as telling:
        result = asked.run(warehouse, telling)
        with telling("plan the rollout"):
            run = Run(
                warehouse=warehouse,
                question=asked.question,
                config=asked.config,
                assumptions=asked.assumptions,
                scope=result.scope,
                workloads=result.workloads,
                verdicts=result.verdicts,
                cascades=result.cascades,
            )
            report = decided(warehouse, result, asked.assumptions)
            document = make_plan(run, report, shares=stages, checks_per_day=checks_per_day)
    if with_successors:
        from audit.planning.successors import successors_of

        with Warehouse.read(db) as warehouse, shown(not progress) as telling, telling("price the successors"):
            document["successors"] = successors_of(warehouse, asked.question, asked.config, daily(result))
    return RolloutPlan(document=document)
