"""Money of a plan by hand: when it has paid for itself, what flows save, how long stages last, what is noticed when."""

import json
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.config import RoutingCosts, read_config
from audit.errors import ConfigError
from audit.monitoring.stopping import watch_mean
from audit.planning.detection import checks_to_notice
from audit.planning.document import Bounds
from audit.planning.pace import MOST_DAYS, WEEK, Demand, paces
from audit.planning.payback import Flow, break_even_day, payback, total
from audit.sampling.power import Spread

MONTH = Fraction(487, 16)
"""Days, 365.25 / 12."""


def bounds(point: float, spread: float = 0.0) -> Bounds:
    return {"low": point - spread, "point": point, "high": point + spread}


@st.composite
def _flows(draw: st.DrawFn) -> list[Flow]:
    """Whole days and cents, as a person would write them down."""
    found: list[Flow] = []
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, 80))
        rate = draw(st.integers(-200, 900)) / 100
        found.append(Flow(start=start, end=start + draw(st.integers(0, 120)), per_day=bounds(rate)))
    return found


def balance(flows: list[Flow], one_time: int, monthly: int, day: Fraction) -> Fraction:
    """By its definition: every flow for the days it has run, less what has been paid."""
    earned = Fraction(0)
    for flow in flows:
        ran = max(Fraction(0), min(day, Fraction(flow.end)) - Fraction(flow.start))
        earned += ran * Fraction(round(100 * flow.per_day["point"]), 100)
    return earned - one_time - monthly * day / MONTH


@settings(max_examples=150)
@given(_flows(), st.integers(0, 400), st.integers(0, 60), st.integers(1, 200))
def test_from_the_day_of_break_even_on_the_balance_is_never_negative_again(
    flows: list[Flow], one_time: int, monthly: int, horizon: int
) -> None:
    costs = RoutingCosts(one_time_cost=Decimal(one_time), monthly_cost=Decimal(monthly), are_stated=True)
    day = break_even_day(flows, "point", costs, 0.0, horizon)
    grid = [Fraction(each, 4) for each in range(4 * horizon + 1)]
    fine = [each for each in grid if balance(flows, one_time, monthly, each) < 0]
    if day is None:
        assert fine
        assert fine[-1] == horizon
        return
    assert all(each < day for each in fine)
    assert balance(flows, one_time, monthly, day) >= 0
    just_before = day - Fraction(1, 10**6)
    assert day == 0 or balance(flows, one_time, monthly, just_before) < 0


def test_payback_in_months_is_costs_over_net_saving_where_all_moves_at_once() -> None:
    costs = RoutingCosts(one_time_cost=Decimal(3000), monthly_cost=Decimal(100), are_stated=True)
    monthly = 30.4375
    flows = [Flow(start=0, end=10_000, per_day=bounds(600 / monthly, 300 / monthly))]
    found = payback(flows, costs, 500.0, 10_000)
    assert found["months"] == pytest.approx({"low": 3500 / 800, "point": 3500 / 500, "high": 3500 / 200})
    assert found["words"] == "It has paid for itself after 7.0 months (4.4 to 17.5)."


@pytest.mark.parametrize(
    ("rate", "spread", "monthly", "horizon", "said"),
    [
        (3.0, 0.1, 100, 300, "not even where everything goes well"),
        (4.5, 2.0, 100, 100, "Within 3.3 months it pays for itself only where everything goes well"),
        (9.0, 0.1, 100, 30, "does not pay for itself within 1.0 months"),
        (0.0, 0.0, 0, 300, "does not pay for itself"),
    ],
)
def test_what_saves_no_more_than_it_costs_never_pays_for_itself(
    rate: float, spread: float, monthly: int, horizon: int, said: str
) -> None:
    costs = RoutingCosts(one_time_cost=Decimal(200), monthly_cost=Decimal(monthly), are_stated=True)
    found = payback([Flow(start=0, end=horizon, per_day=bounds(rate, spread))], costs, 0.0, horizon)
    assert said in found["words"]
    assert (found["months"] or {}).get("high") is None


def test_without_stated_costs_only_measuring_is_paid_back_and_without_traffic_nothing_is() -> None:
    found = payback([Flow(start=0, end=100, per_day=bounds(2.0))], RoutingCosts(), 20.0, 100)
    assert found["months"] == pytest.approx(dict.fromkeys(("low", "point", "high"), 10 / 30.4375))
    assert "state one_time_cost and monthly_cost in audit.toml" in found["words"]
    nothing = payback([], RoutingCosts(one_time_cost=Decimal(5), are_stated=True), 0.0, 100)
    assert (nothing["months"], nothing["words"]) == (None, "Nothing moves, nothing is saved.")


@given(_flows(), st.integers(0, 150), st.integers(0, 150))
def test_flows_add_up_over_any_division_of_the_days(flows: list[Flow], one: int, other: int) -> None:
    first, last = sorted((one, other))
    parts = [total(flows, 0, first), total(flows, first, last), total(flows, last, 1_000)]
    whole = total(flows, 0, 1_000)
    for bound in ("low", "point", "high"):
        assert sum(part[bound] for part in parts) == pytest.approx(whole[bound], abs=1e-9)
        capped = sum(flow.per_day[bound] * max(0, min(flow.end, last) - min(flow.start, last)) for flow in flows)
        assert total(flows, 0, last)[bound] == pytest.approx(capped, abs=1e-9)


@pytest.mark.parametrize("wrong", ['"much"', "-1", "true", "inf", "nan"])
def test_costs_that_are_no_amount_are_refused_by_file_and_key(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "audit.toml"
    path.write_text(f"[routing]\nmonthly_cost = {wrong}\n")
    with pytest.raises(
        ConfigError, match=r"audit\.toml: routing\.monthly_cost = .* must be an amount of USD from 0 up"
    ):
        read_config(path)
    path.write_text("[routing]\none_time_cost = 12.5\n")
    assert read_config(path).routing == RoutingCosts(one_time_cost=Decimal("12.5"), are_stated=True)


def test_checks_add_up_over_stages_and_what_is_decided_keeps_nobody_waiting() -> None:
    found = paces(
        [
            {"a": Demand(per_day=10, needed=1_000), "b": Demand(per_day=200, needed=900)},
            {"a": Demand(per_day=100, needed=1_000), "b": Demand(per_day=200, needed=950)},
            {"a": Demand(per_day=100, needed=1_000), "b": Demand(per_day=200, needed=950)},
        ]
    )
    assert [(pace.starts_on_day, pace.days) for pace in found] == [(0, 5), (5, 10), (15, 1)]
    assert [dict(pace.to_decide) for pace in found] == [{"a": None, "b": 5}, {"a": 10, "b": 0}, {"a": 0, "b": 0}]


@given(st.lists(st.tuples(st.floats(0, 500), st.integers(1, 5_000)), min_size=1, max_size=5))
def test_every_stage_lasts_a_day_at_least_and_a_fortnight_at_most(demands: list[tuple[float, int]]) -> None:
    found = paces([{f"w{n}": Demand(per_day=rate, needed=most) for n, (rate, most) in enumerate(demands)}] * 2)
    for pace in found:
        assert 1 <= pace.days <= MOST_DAYS
        undecided = all(days is None for days in pace.to_decide.values())
        assert pace.days == WEEK or not undecided
    assert found[1].starts_on_day == found[0].days


@pytest.mark.parametrize(("margin", "discordance"), [(0.05, 0.127), (0.02, 0.04)])
def test_simulated_streams_are_stopped_within_the_checks_of_the_formula_on_average(
    margin: float, discordance: float
) -> None:
    """The monitor's own rule over seeded streams, looked at daily, that lose five points more than they may."""
    alpha, loss = 0.01, margin + 0.05
    planned = checks_to_notice(margin, Spread(discordance=discordance), alpha)
    differ = discordance + loss
    draw = np.random.default_rng(11)
    a_day, first = 25, date(2026, 9, 1)
    took: list[int] = []
    for _ in range(60):
        scores = draw.choice(
            [1.0, 0.0, -1.0], (6 * planned // a_day, a_day), p=[(differ + loss) / 2, 1 - differ, (differ - loss) / 2]
        )
        days = [first + timedelta(days=day) for day in range(len(scores))]
        seen = watch_mean(days, list(scores), list(np.ones_like(scores)), limit=margin, alpha=alpha)
        took.append(a_day * ((seen.fired_on - first).days + 1) if seen.fired_on else scores.size)
    assert planned / 2 < np.mean(took) <= planned


def test_noticing_takes_longer_with_fewer_false_alarms_and_more_noise_and_never_for_ever() -> None:
    quiet, noisy = Spread(discordance=0.02), Spread(discordance=0.3)
    for margin in (0.01, 0.02, 0.05, 0.3):
        strict, loose = (checks_to_notice(margin, quiet, alpha) for alpha in (0.001, 0.05))
        assert 0 < loose < strict < checks_to_notice(margin, noisy, 0.001) < 10_000


def test_bounds_are_json() -> None:
    assert json.loads(json.dumps(payback([], RoutingCosts(), 0.0, 0.0)))["months"] is None
