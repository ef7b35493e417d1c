"""1,000 simulated rollouts per world, stopped by the monitor's own rules; writes monitor.json beside this.

How often a stage is stopped though nothing is above its limit, looked at on each of 30 days, and how soon one is in
which a workload with 200 checks a day loses 5 points more than it may, or 5 points in all.
"""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

from tests.simulated_rollout import World, at_its_limits, days_until_stopped, summary

RESULT = Path(__file__).with_suffix(".json")
SEED, RUNS = 20261126, 1000
FIRST_RUNS = 3
"""Runs whose days are kept, so that a test can tell when the code gives others."""

WORLDS: dict[str, World] = {
    "nothing changes": World(),
    "everything exactly at its limit": at_its_limits(World()),
    "everything exactly at its limit, one workload": at_its_limits(World(workloads=1)),
    "one of four workloads loses 5 points more than its margin of 2": World(loss_of_first=7.0),
    "one of four workloads loses 5 points more than its margin of 5": World(margin=5.0, loss_of_first=10.0),
    "one of four workloads loses 5 points at a margin of 1": World(margin=1.0, loss_of_first=5.0),
    "one of four workloads loses 5 points at a margin of 2": World(loss_of_first=5.0),
    "the only workload loses 5 points more than its margin of 2": World(workloads=1, loss_of_first=7.0),
    "one of four workloads loses 5 points more than its margin of 2, from day 11 on": World(
        loss_of_first=7.0, drops_on=11
    ),
    "errors, retries and cut answers of all workloads are 2 points above their limit": replace(
        World(margin=1.0), rate=0.04
    ),
}


def main() -> None:
    """Simulate every world and write what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    runs = parser.parse_args().runs
    found: dict[str, object] = {}
    for name, world in WORLDS.items():
        days = days_until_stopped(world, SEED, runs)
        early = sum(day is not None and day < world.drops_on for day in days)
        found[name] = {
            "world": asdict(world),
            "rules": len(world.rules()) - 1,
            **summary(days, world.drops_on),
            "stopped_before_the_drop_share": early / runs,
            "first_days": days[:FIRST_RUNS],
        }
        print(name, found[name], flush=True)
    RESULT.write_text(json.dumps({"seed": SEED, "runs": runs, "worlds": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
