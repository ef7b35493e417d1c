"""What the monitor looks at while a stage lasts: its stop rules, and the checks it needs to be sure of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from audit.pipeline import Run, measured
from audit.planning.detection import ALPHA, checks_to_notice
from audit.planning.document import Baseline, StopRule
from audit.planning.pace import Demand
from audit.planning.steps import Step
from audit.planning.stop_rules import stop_rules
from audit.sampling.population import spread_of
from audit.sampling.power import Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of every workload, by its id."""

    baselines: Mapping[str, Baseline]
    spreads: Mapping[str, Spread]
    break_even: Mapping[str, float]
    """Share of escalated answers that eats up the saving, where a check is declared."""
    checks_per_day: int
    """The most that can be compared of one workload."""

    @classmethod
    def of(cls, run: Run, baselines: Mapping[str, Baseline], checks_per_day: int) -> "Known":
        """What a finished run has measured."""
        return cls(
            baselines=baselines,
            spreads={name: spread_of(unit.measured) for name, unit in measured(run).items()},
            break_even={name: each.break_even_escalation for name, each in run.cascades.items()},
            checks_per_day=checks_per_day,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Stop rules of a stage, and the checks of its workloads by id."""

    rules: list[StopRule]
    demands: Mapping[str, Demand]


def watch(step: Step, known: Known) -> Watch:
    """No more answers can be checked than the stage moves."""
    margins = {move.workload_id: move.margin for move in step.moved}
    behind_check = {move.workload_id for move in step.moved if move.rule.get("escalation")}
    break_even = {name: rate for name, rate in known.break_even.items() if name in behind_check}
    rules = stop_rules(step.number, margins, known.baselines, break_even)
    alpha = ALPHA / max(1, sum(rule["alpha"] is not None for rule in rules))
    demands: dict[str, Demand] = {}
    for name, margin in margins.items():
        moving = sum(step.share(move) * move.requests_per_day for move in step.moved if move.workload_id == name)
        needed = checks_to_notice(margin / 100, known.spreads.get(name, Spread()), alpha)
        demands[name] = Demand(per_day=min(float(known.checks_per_day), moving), needed=needed)
    return Watch(rules=rules, demands=demands)
