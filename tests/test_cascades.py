"""Candidate plus check: what is sent on, still lost and saved; and that nothing assumed is called measured."""

import random
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.assumptions import Assumptions, Range, exactly
from audit.errors import ConfigError
from audit.evidence.priors import expected_losses
from audit.evidence.verdicts import measured_units
from audit.savings.check import checks_from
from audit.savings.escalation import Cascade, cascades, escalation_rate, failure_rate, residual_loss
from tests.paired import (
    BASE_RATES,
    EQUAL_LENGTH,
    NO_PAIRS,
    SMALL,
    TASK_PRIORS,
    decided,
    outcomes,
    priced,
    priced_frame,
    workload,
    workload_frame,
)

PERFECT = {"sensitivity": 1.0, "false_alarm_rate": 0.0}


def weighed(
    found: pl.DataFrame = NO_PAIRS,
    check: Mapping[str, object] | None = None,
    *,
    assumptions: Assumptions = EQUAL_LENGTH,
    **changes: object,
) -> Cascade:
    """The cascade of one workload `w` of 1,000 requests and $100, on a candidate at 6 % of the price."""
    work = workload_frame(workload("w", **changes))
    return cascades(
        priced_frame(priced("w")),
        decided("w", found=found, **changes),
        measured_units(work, found, candidate=SMALL, alpha=0.025)[0],
        expected_losses(work, SMALL, base_rates=BASE_RATES, task_priors=TASK_PRIORS),
        checks=checks_from(PERFECT if check is None else check),
        candidate=SMALL,
        assumptions=assumptions,
    )["w"]


def played(pairs: list[tuple[int, int]], caught: Fraction, disturbed: Fraction) -> tuple[Fraction, Fraction]:
    """Loss and escalations per request, request by request: both fates of every check, weighted by their odds."""
    loss = sent = Fraction(0)
    for incumbent, candidate in pairs:
        flagged = disturbed if candidate else caught
        for odds, answer in ((flagged, incumbent), (1 - flagged, candidate)):
            loss += odds * (incumbent - answer)
        sent += flagged
    return loss / len(pairs), sent / len(pairs)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=60),
    st.integers(0, 20),
    st.integers(0, 20),
)
def test_what_is_lost_and_sent_on_is_what_playing_every_request_gives(
    pairs: list[tuple[int, int]], caught: int, disturbed: int
) -> None:
    sensitivity, alarms = Fraction(caught, 20), Fraction(disturbed, 20)
    loss, sent = played(pairs, sensitivity, alarms)
    check = checks_from({"sensitivity": float(sensitivity), "false_alarm_rate": float(alarms)}).of("w")
    assert check is not None
    incumbent, candidate = (np.array(column, dtype=np.float64) for column in zip(*pairs, strict=True))
    weights = np.ones(len(pairs))
    assert residual_loss(incumbent, candidate, weights, check).point == pytest.approx(float(loss))
    assert escalation_rate(failure_rate(candidate, weights), check).point == pytest.approx(float(sent))


def test_a_perfect_check_leaves_no_loss_and_sends_on_exactly_the_failures() -> None:
    cascade = weighed(outcomes("w", both=700, lost=100))
    assert cascade.residual_loss.point == 0.0
    assert cascade.escalation_rate == cascade.failure_rate
    assert cascade.failure_rate.point == pytest.approx(0.125)


def test_a_check_that_never_flags_changes_no_loss_and_one_that_always_flags_is_the_incumbent() -> None:
    found = outcomes("w", both=700, lost=100, won=20)
    idle = weighed(found, {"sensitivity": 0.0, "false_alarm_rate": 0.0})
    assert idle.residual_loss.point == pytest.approx(80 / 820)
    assert idle.escalation_rate.point == 0.0
    zealous = weighed(found, {"sensitivity": 1.0, "false_alarm_rate": 1.0})
    assert zealous.residual_loss.point == 0.0
    assert zealous.escalation_rate.point == 1.0
    assert zealous.saving_share.point == pytest.approx(-0.06), "everything is paid twice"


def test_the_saving_is_one_minus_price_ratio_minus_escalation_minus_checks() -> None:
    """$100, 1,000 requests, 6 % price, 10 % failures: e = .1 * .8 + .9 * .05 = .125; checks 1,000 * $0.002 = $2."""
    check = {"sensitivity": 0.8, "false_alarm_rate": 0.05, "usd_per_check": 0.002}
    cascade = weighed(outcomes("w", both=900, lost=100), check)
    assert cascade.escalation_rate.point == pytest.approx(0.125)
    assert cascade.saving.point == pytest.approx(100 - 6 - 12.5 - 2)
    assert cascade.saving_share.point == pytest.approx(0.795)
    assert cascade.break_even_escalation == pytest.approx(0.92)


@pytest.mark.parametrize(("escalated", "saved"), [(0.1, 0.84), (0.2, 0.74), (0.3, 0.64), (0.94, 0.0)])
def test_published_cascade_figures_come_out(escalated: float, saved: float) -> None:
    cascade = weighed(outcomes("w", both=800), {"sensitivity": escalated, "false_alarm_rate": escalated})
    assert cascade.saving_share.point == pytest.approx(saved, abs=1e-9)


def test_a_check_replaces_the_share_set_aside_for_checks_and_not_the_router() -> None:
    paid = Assumptions(output_ratio=exactly(1.0), check_cost_share=0.3, router_cost_per_1k_requests=5.0)
    assert weighed(outcomes("w", both=800), assumptions=paid).saving.point == pytest.approx(100 - 6 - 5)


def test_a_cascade_beats_a_direct_route_that_loses_too_much() -> None:
    cascade = weighed(outcomes("w", both=1800, lost=200), {"sensitivity": 0.9, "false_alarm_rate": 0.05})
    assert cascade.beats_direct
    assert cascade.residual_loss.high < 0.05 < 0.1


@pytest.mark.parametrize(
    ("found", "check", "because"),
    [
        (outcomes("w", both=2000), {"sensitivity": 0.9, "false_alarm_rate": 0.05}, "it may move outright"),
        (outcomes("w", both=1800, lost=200), {"sensitivity": 0.3, "false_alarm_rate": 0.05}, "too much is still lost"),
        (outcomes("w", both=1800, lost=200), {"sensitivity": 1, "false_alarm_rate": 0.95}, "nothing is saved"),
        (outcomes("w", both=1800, lost=200), PERFECT | {"usd_per_check": 0.1}, "the check costs more than it saves"),
        (outcomes("w", both=18, lost=2), PERFECT, "twenty pairs prove nothing"),
        (outcomes("w", both=1800, lost=200, grader="judge:m/1"), PERFECT, "nobody has checked the judge"),
        (outcomes("w", both=1800, lost=200, incumbent_model="gpt-4o-2024-05-13"), PERFECT, "another snapshot"),
        (NO_PAIRS, PERFECT, "nothing is measured"),
    ],
)  # fmt: skip
def test_a_cascade_is_not_advised_when(found: pl.DataFrame, check: Mapping[str, object], because: str) -> None:
    assert not weighed(found, check).beats_direct, because


def test_only_counts_on_both_sides_and_outcomes_make_it_measured() -> None:
    counted = {"sensitivity": {"hits": 45, "of": 50}, "false_alarm_rate": {"hits": 3, "of": 100}}
    found = outcomes("w", both=900, lost=100)
    assert weighed(found, counted).basis == "measured"
    assert weighed(NO_PAIRS, counted).basis == "assumed"
    assert weighed(found, counted | {"sensitivity": 0.9}).basis == "assumed"
    document = weighed(found, counted | {"sensitivity": 0.9}).to_document()
    assert document["basis"] == "assumed"
    assert document["failure_basis"] == "measured"


def test_counts_bring_their_own_uncertainty() -> None:
    found = outcomes("w", both=1800, lost=200)
    exact = weighed(found, {"sensitivity": 0.9, "false_alarm_rate": 0.03})
    counted = weighed(found, {"sensitivity": {"hits": 45, "of": 50}, "false_alarm_rate": {"hits": 3, "of": 100}})
    for name in ("residual_loss", "escalation_rate", "saving"):
        narrow, wide = getattr(exact, name), getattr(counted, name)
        assert wide.point == pytest.approx(narrow.point)
        assert wide.low < narrow.low
        assert wide.high > narrow.high


def test_without_outcomes_the_failures_are_the_public_range_and_said_to_be_prior() -> None:
    cascade = weighed(check={"sensitivity": 0.5, "false_alarm_rate": 0.0})
    assert cascade.failure_basis == "prior"
    public = BASE_RATES["quality_loss"].to_numpy() / 100
    assert cascade.failure_rate.high == pytest.approx(public.max())
    assert cascade.residual_loss.high == pytest.approx(public.max() / 2)


def test_a_confirmed_task_type_brings_its_published_range() -> None:
    cascade = weighed(confirmed_task_type="extraction")
    assert (cascade.failure_rate.low, cascade.failure_rate.high) == (0.0, 0.04)
    assert cascade.failure_rate.point == pytest.approx(0.018)


def test_a_workload_behind_a_gate_or_without_a_check_has_no_cascade() -> None:
    gated = workload_frame(workload("w", gate_reasons=["images"]))
    work, units = priced_frame(priced("w")), measured_units(gated, NO_PAIRS, candidate=SMALL, alpha=0.025)[0]
    losses = expected_losses(gated, SMALL, base_rates=BASE_RATES, task_priors=TASK_PRIORS)
    for check, verdicts in (
        (PERFECT, decided("w", gate_reasons=["images"])),
        ({"endpoint": {"other": PERFECT}}, decided("w")),
    ):
        checks = checks_from(check)
        found = cascades(work, verdicts, units, losses, checks=checks, candidate=SMALL, assumptions=EQUAL_LENGTH)
        assert found == {}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 1), st.floats(0, 1), st.floats(0.1, 30))
def test_a_sharper_check_loses_less_order_and_units_change_nothing(
    seed: int, first: float, second: float, unit: float
) -> None:
    draw = np.random.default_rng(seed)
    incumbent, candidate = draw.integers(0, 5, 60) / 4, draw.integers(0, 5, 60) / 4
    weights = draw.uniform(0.5, 3.0, 60)
    duller, sharper = sorted((first, second))

    def left(sensitivity: float, order: list[int], scale: float = 1.0) -> Range:
        check = checks_from({"sensitivity": sensitivity, "false_alarm_rate": 0.1}).of("w")
        assert check is not None
        return residual_loss(incumbent[order], candidate[order], scale * weights[order], check)

    straight, shuffled = list(range(60)), random.Random(seed).sample(range(60), 60)
    assert left(sharper, straight).point <= left(duller, straight).point + 1e-12
    again = left(duller, shuffled, unit)
    assert (again.low, again.point, again.high) == pytest.approx(
        (left(duller, straight).low, left(duller, straight).point, left(duller, straight).high), abs=1e-9
    )


def test_an_endpoints_own_check_overrides_single_figures() -> None:
    checks = checks_from({"sensitivity": 0.8, "false_alarm_rate": 0.1, "endpoint": {"chat": {"sensitivity": 0.5}}})
    usual, own = checks.of("tag"), checks.of("chat")
    assert usual is not None
    assert own is not None
    assert (usual.sensitivity.share.point, own.sensitivity.share.point) == (0.8, 0.5)
    assert own.false_alarm_rate == usual.false_alarm_rate
    assert [row["name"] for row in checks.to_document()][3] == "check of chat: sensitivity"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sensitivity": 0.8}, r"\[check\] has no false_alarm_rate"),
        ({"sensitivity": 1.2, "false_alarm_rate": 0.1}, "check.sensitivity is 1.2; it must be from 0 to 1"),
        ({"sensitivity": "high", "false_alarm_rate": 0.1}, "check.sensitivity is 'high'; give one number"),
        ({"sensitivity": [0.9, 0.8, 0.7], "false_alarm_rate": 0.1}, "check.sensitivity: a range must rise"),
        ({"sensitivity": {"hits": 9, "of": 5}, "false_alarm_rate": 0.1}, "hits at most of"),
        ({"sensitivity": {"hits": 9}, "false_alarm_rate": 0.1}, r"write counts like \{ hits = 42, of = 50 \}"),
        (PERFECT | {"usd_per_check": -1}, "check.usd_per_check is -1; it must be at least 0"),
        ({"endpoint": {"chat": 3}}, r'write a section \[check.endpoint."chat"\]'),
        ({"endpoint": {"chat": PERFECT | {"specificity": 1}}}, "unknown key of .*'specificity'"),
    ],
)
def test_a_check_that_cannot_be_is_named(settings: Mapping[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        checks_from(settings)
