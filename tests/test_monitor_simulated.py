"""The monitor's own stop rules on rollouts with known truths: what they miss, and what they imagine."""

import json
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.monitoring.stopping import watch_mean, watch_rate
from tests.benchmarks.monitor import FIRST_RUNS, RESULT, RUNS, SEED, WORLDS
from tests.simulated_rollout import World, at_its_limits, days_until_stopped, summary

DAYS = [date(2026, 9, 1) + timedelta(days=number) for number in range(60)]


def test_a_healthy_stage_is_hardly_ever_stopped_and_a_bad_one_within_days() -> None:
    assert days_until_stopped(at_its_limits(World(workloads=2)), seed=1, runs=30).count(None) >= 28
    found = summary(days_until_stopped(World(workloads=2, loss_of_first=7.0, days=15), seed=2, runs=15))
    assert found["median_days"] is not None
    assert found["median_days"] <= 7


def test_the_published_figures_are_those_of_these_worlds_and_keep_what_is_promised() -> None:
    kept = json.loads(Path(RESULT).read_text(encoding="utf-8"))
    assert (kept["seed"], kept["runs"]) == (SEED, RUNS)
    assert {name: each["world"] for name, each in kept["worlds"].items()} == {
        name: asdict(world) for name, world in WORLDS.items()
    }
    for name, each in kept["worlds"].items():
        if "exactly at its limit" in name or "nothing changes" in name:
            assert each["stopped_share"] <= 0.05
        else:
            assert each["stopped_share"] >= 0.95
            assert each["stopped_before_the_drop_share"] <= 0.05


@pytest.mark.parametrize("name", WORLDS)
def test_the_first_runs_of_a_published_world_are_what_the_code_gives_today(name: str) -> None:
    kept = json.loads(Path(RESULT).read_text(encoding="utf-8"))["worlds"][name]
    assert days_until_stopped(WORLDS[name], SEED, FIRST_RUNS) == kept["first_days"]


counts = st.lists(st.tuples(st.integers(0, 8), st.integers(8, 60)), min_size=1, max_size=12)


@given(counts, st.floats(0.01, 0.3))
@settings(max_examples=30)
def test_a_look_at_any_day_sees_what_a_later_look_says_of_that_day(seen: list[tuple[int, int]], limit: float) -> None:
    events, trials = (np.array(each, dtype=float) for each in zip(*seen, strict=True))
    days = DAYS[: len(seen)]
    whole = watch_rate(days, events, trials, limit=limit, alpha=0.01)
    fired = None
    for last in range(1, len(seen) + 1):
        part = watch_rate(days[:last], events[:last], trials[:last], limit=limit, alpha=0.01)
        fired = fired or part.fired_on
        assert part.fired_on == fired
        assert part.peak <= whole.peak + 1e-9
    assert whole.fired_on == fired


def test_evidence_that_is_held_back_for_later_days_stays_fair() -> None:
    """Its mean over all outcomes of three days at the limit is at most 1: counted out, not simulated."""
    limit, alpha = 0.25, 0.05
    mean = 0.0
    for first in range(3):
        for second in range(3):
            for third in range(3):
                events = np.array([first, second, third], dtype=float)
                chance = float(np.prod([binomial(2, k, limit) for k in (first, second, third)]))
                mean += chance * np.exp(watch_rate(DAYS[:3], events, np.full(3, 2.0), limit=limit, alpha=alpha).log_e)
    assert mean <= 1 + 1e-9
    assert mean > 0.99


def binomial(trials: int, count: int, rate: float) -> float:
    ways: dict[tuple[int, int], int] = {(2, 0): 1, (2, 1): 2, (2, 2): 1}
    return ways[trials, count] * rate**count * (1 - rate) ** (trials - count)


def test_a_loss_that_begins_late_is_found_soon_in_spite_of_good_days_before() -> None:
    draw = np.random.default_rng(5)
    good = [draw.choice((1.0, 0.0, -1.0), 200, p=(0.05, 0.9, 0.05)) for _ in range(30)]
    bad = [draw.choice((1.0, 0.0, -1.0), 200, p=(0.14, 0.82, 0.04)) for _ in range(20)]
    values = good + bad
    weights = [np.ones(200) for _ in values]
    found = watch_mean(DAYS[:50], values, weights, limit=0.02, alpha=0.003)
    assert found.fired_on is not None
    assert 30 < DAYS.index(found.fired_on) < 42


@pytest.mark.parametrize("limit", [0.0, 1.0])
def test_limits_at_the_ends_are_tests_like_others(limit: float) -> None:
    events, trials = np.array([3.0, 5.0]), np.array([10.0, 10.0])
    found = watch_rate(DAYS[:2], events, trials, limit=limit, alpha=0.01)
    assert (found.fired_on is not None) == (limit == 0.0)


def test_without_any_day_no_rule_fires() -> None:
    nothing: Any = []
    found = watch_mean(nothing, nothing, nothing, limit=0.02, alpha=0.01)
    assert (found.log_e, found.fired_on) == (0.0, None)
