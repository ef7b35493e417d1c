"""Rollouts with known truths, watched by the monitor's own rules: how often it stops, and after how many days."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, cast

import numpy as np

from audit.monitoring.observing import Counts
from audit.monitoring.placing import Tracked
from audit.monitoring.quality import Losses
from audit.monitoring.rule_states import Seen, rule_states, stopped
from audit.planning.document import Baseline, StopRule
from audit.planning.stop_rules import stop_rules
from audit.report.monitor_document import Saving
from tests.rollouts import plan

RATES = ("error_rate", "retry_rate", "truncation_rate")
FIRST = date(2026, 9, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is true of a stage with several workloads, all alike but the first."""

    workloads: int = 4
    margin: float = 2.0
    """Points."""
    days: int = 30
    requests_per_day: int = 400
    """That the candidate answers, of each workload."""
    checks_per_day: int = 200
    usual_rate: float = 0.01
    """Errors, retries and cut answers of the incumbent."""
    rate: float = 0.01
    """The candidate's."""
    loss: float = 0.0
    """Points that the candidate loses."""
    loss_of_first: float | None = None
    """On the first workload, if something else."""
    drops_on: int = 1
    """Day from which the first workload loses that; nothing before."""
    discordance: float = 0.10
    """Share of pairs that differ where nothing is lost; what is lost comes on top."""

    @property
    def names(self) -> list[str]:
        """Ids of the workloads."""
        return [f"w-{number}" for number in range(self.workloads)]

    def rules(self) -> list[StopRule]:
        """The stop rules that `audit plan` writes for such a stage."""
        known = {
            name: cast("Baseline", {**plan()["baseline"]["w-chat"], **dict.fromkeys(RATES, self.usual_rate)})
            for name in self.names
        }
        return stop_rules(1, dict.fromkeys(self.names, self.margin), known, {})


def at_its_limits(world: World) -> World:
    """The worst of all healthy worlds: everything is exactly as bad as it may be."""
    return replace(world, loss=world.margin, rate=world.usual_rate + world.margin / 100)


def days_until_stopped(world: World, seed: int, runs: int) -> list[int | None]:
    """Of every run the day on which the stage is stopped, from 1; None where it never is."""
    draw = np.random.default_rng(seed)
    rules = world.rules()
    return [_run(world, rules, draw) for _ in range(runs)]


def _run(world: World, rules: list[StopRule], draw: np.random.Generator) -> int | None:
    days = [FIRST + timedelta(days=number) for number in range(world.days)]
    tracked = [
        Tracked(
            number=number,
            rule_id=name,
            name=name,
            when={"endpoint": name},
            share=1.0,
            workloads=(cast("Any", {"workload_id": name, "endpoint": name}),),
        )
        for number, name in enumerate(world.names, start=1)
    ]
    counts: dict[tuple[int, str], Counts] = {}
    losses: dict[int, Losses] = {}
    for rule in tracked:
        for name in (*RATES, "escalation_rate", "invalid_json_rate"):
            is_drawn = name in RATES
            trials = np.full(world.days, float(world.requests_per_day if is_drawn else 0))
            events = draw.binomial(world.requests_per_day, world.rate, world.days).astype(float) * is_drawn
            counts[rule.number, name] = Counts(days=tuple(days), events=events, trials=trials)
        losses[rule.number] = _losses(world, days, draw, is_first=rule.number == 1)
    seen = Seen(rules=tracked, counts=counts, losses=losses, savings={}, whole=NO_SAVING, last_day=days[-1])
    fired = stopped(rule_states(rules, seen))
    return None if fired is None else (date.fromisoformat(fired["on"]) - FIRST).days + 1


def _losses(world: World, days: list[date], draw: np.random.Generator, *, is_first: bool) -> Losses:
    found = Losses()
    for number, day in enumerate(days, start=1):
        loss = world.loss
        if is_first and world.loss_of_first is not None:
            loss = world.loss_of_first if number >= world.drops_on else 0.0
        differ = world.discordance + loss / 100
        chances = ((differ + loss / 100) / 2, 1 - differ, (differ - loss / 100) / 2)
        values = draw.choice((1.0, 0.0, -1.0), world.checks_per_day, p=chances)
        found.days += [day] * len(values)
        found.values += values.tolist()
        found.weights += [1.0] * len(values)
    return found


def summary(found: list[int | None], begins: int = 1) -> Mapping[str, float | None]:
    """Share of runs stopped, and the days it took from `begins` on: median, and of nine in ten."""
    days = sorted(day - begins + 1 if day is not None else 10_000 for day in found)
    ninth = days[int(np.ceil(0.9 * len(days))) - 1]
    median = days[(len(days) - 1) // 2]
    return {
        "stopped_share": sum(day is not None for day in found) / len(found),
        "median_days": None if median == 10_000 else median,
        "days_of_nine_in_ten": None if ninth == 10_000 else ninth,
    }


NO_SAVING: Saving = {
    "moved_requests": 0,
    "escalated_requests": 0,
    "uncounted_requests": 0,
    "counterfactual_cost": 0.0,
    "actual_cost": 0.0,
    "overhead": 0.0,
    "realised": 0.0,
    "projected": None,
    "projected_at_seen": None,
}
