"""Sums of a replay by hand, without a database: bounds hold, rules add up, the first that holds decides."""

from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.assumptions import Assumptions, Range
from audit.policy.document import Policy, Rule, When
from audit.policy.moving import FIGURES, Known, Terms
from audit.policy.replay import Replay, replay
from audit.policy.visible import Piece, Seen
from audit.savings.cascade import Costs, Offer
from tests.logged import BIG
from tests.policy_traffic import by_hand


def piece(endpoint: str = "a", *, at_least: int = 0, below: int = 100, requests: int = 10, **changes: Any) -> Piece:
    usual: dict[str, Any] = {
        "endpoint": endpoint,
        "model": BIG,
        "flags": (False, False, False, False),
        "at_least": at_least,
        "below": below,
        "mean_at_least": at_least,
        "workload_id": f"w-{endpoint}",
        "gate": "",
        "is_bucket": False,
        "input_tokens": at_least * requests,
        "costs": Costs(
            requests=requests,
            list_cost=Decimal(requests),
            candidate_input_cost=Decimal(requests) / 50,
            candidate_output_cost=Decimal(requests) / 20,
        ),
    }
    return Piece(**(usual | changes))


def known(endpoint: str, loss: float = 0.02, *, is_measured: bool = True) -> Known:
    offer = Offer(
        workload_id=f"w-{endpoint}",
        endpoint=endpoint,
        model=BIG,
        decision_unit=endpoint,
        verdict="route",
        is_open=True,
        output_ratio=Range(low=1.0, point=1.1, high=1.2),
        is_ratio_measured=True,
        pass_probability=1.0,
        pass_alpha=None,
        pass_beta=None,
        requests=0,
        list_cost=Decimal(0),
        candidate_input_cost=Decimal(0),
        candidate_output_cost=Decimal(0),
    )
    spread = Range(low=loss - 0.01, point=loss, high=loss + 0.02)
    return Known(offer=offer, loss=spread, is_measured=is_measured, cascade=None)


ENDPOINTS = ("a", "b", "c")
KNOWN = {f"w-{name}": known(name, 0.01 * (1 + place), is_measured=place != 1) for place, name in enumerate(ENDPOINTS)}
TERMS = Terms(assumptions=Assumptions(), is_at_ceiling=False)
NAMES = {BIG: frozenset({"gpt-4o"})}


def sums(policy: Policy, *pieces: Piece, names: dict[str, frozenset[str]] | None = None) -> Replay:
    traffic = Seen(pieces=pieces, by_endpoint={}, names=NAMES if names is None else names)
    return replay(policy, traffic, KNOWN, TERMS)


def rule(number: int, when: When, *, share: float = 1.0, to: str = "candidate") -> Rule:
    found: dict[str, Any] = {"id": f"r{number}", "name": "", "workload_ids": [], "when": when, "to": to, "share": share}
    return cast("Rule", found)


def policy_of(*rules: Rule) -> Policy:
    return {**by_hand().document, "rules": list(rules)}


@st.composite
def _whens(draw: st.DrawFn) -> When:
    when: When = {}
    if (endpoint := draw(st.sampled_from([None, *ENDPOINTS]))) is not None:
        when["endpoint"] = endpoint
    if (span := draw(st.none() | st.tuples(st.integers(0, 200), st.integers(0, 200)))) is not None:
        when["input_tokens"] = {"at_least": min(span), "below": max(span) + 1}
    return when


@st.composite
def _pieces(draw: st.DrawFn) -> Piece:
    low, width = draw(st.integers(0, 180)), draw(st.integers(1, 40))
    endpoint, requests = draw(st.sampled_from(ENDPOINTS)), draw(st.integers(1, 1000))
    return piece(endpoint, at_least=low, below=low + width, requests=requests)


PIECES = st.lists(_pieces(), max_size=6)
RULES = st.lists(
    st.tuples(_whens(), st.floats(0, 1), st.sampled_from(["candidate", "candidate", "incumbent"])), max_size=4
)


@settings(max_examples=60)
@given(PIECES, RULES)
def test_bounds_hold_and_rules_add_up(pieces: list[Piece], drawn: list[tuple[When, float, str]]) -> None:
    rules = [rule(number, when, share=share, to=to) for number, (when, share, to) in enumerate(drawn)]
    found = sums(policy_of(*rules), *pieces)
    total = found.total()
    for name in FIGURES:
        assert total.low[name] <= total.point[name] + Decimal("1e-15")
        assert total.point[name] <= total.high[name] + Decimal("1e-15")
        parts = [found.total(rule=each["id"]).point[name] for each in rules]
        assert sum(parts, Decimal(0)) == pytest.approx(total.point[name], abs=Decimal("1e-15"))


@settings(max_examples=60)
@given(PIECES, RULES, st.floats(0, 1))
def test_a_smaller_share_moves_less_of_everything(
    pieces: list[Piece], drawn: list[tuple[When, float, str]], factor: float
) -> None:
    full = [rule(number, when, share=share, to=to) for number, (when, share, to) in enumerate(drawn)]
    less = [cast("Rule", {**each, "share": each["share"] * factor}) for each in full]
    more, fewer = sums(policy_of(*full), *pieces).total().point, sums(policy_of(*less), *pieces).total().point
    for name in ("requests", "list_cost", "saving", "measured_point", "unmeasured_point"):
        assert fewer[name] <= more[name] + Decimal("1e-12")


@settings(max_examples=60)
@given(PIECES, RULES)
def test_requests_are_decided_by_the_first_rule_token_by_token(
    pieces: list[Piece], drawn: list[tuple[When, float, str]]
) -> None:
    """The oracle walks every input length of a piece, with the requests spread evenly over them."""
    rules = [rule(number, when, share=share, to=to) for number, (when, share, to) in enumerate(drawn)]
    expected = 0.0
    for each in pieces:
        for tokens in range(each.at_least, each.below):
            for one in rules:
                when = one["when"]
                span = when.get("input_tokens", {"at_least": 0, "below": 10**9})
                if when.get("endpoint", each.endpoint) == each.endpoint and tokens in range(
                    span["at_least"], span["below"] or 10**9
                ):
                    moves = one["share"] if one["to"] == "candidate" else 0.0
                    expected += moves * each.costs.requests / (each.below - each.at_least)
                    break
    assert float(sums(policy_of(*rules), *pieces).total().point["requests"]) == pytest.approx(expected, abs=1e-9)


def test_a_bucket_has_bounds_because_only_its_mean_is_known() -> None:
    bucket = piece(at_least=0, below=1 << 40, mean_at_least=50, is_bucket=True)
    found = sums(policy_of(rule(1, {"input_tokens": {"at_least": 0, "below": 100}})), bucket).total()
    assert (found.low["requests"], found.point["requests"], found.high["requests"]) == (0, 10, 10)
    whole = sums(policy_of(rule(1, {"endpoint": "a"})), bucket).total()
    assert whole.is_exact
    assert whole.point["requests"] == 10


def test_the_mean_loss_holds_whichever_of_the_undecided_requests_move() -> None:
    bucket = piece("c", at_least=0, below=1 << 40, mean_at_least=500, is_bucket=True)
    short = rule(1, {"input_tokens": {"at_least": 0, "below": 100}})
    mean = sums(policy_of(short), piece("a"), bucket).total().mean_loss("measured")
    assert mean is not None
    low, point, high = map(float, mean)
    assert point == pytest.approx(0.01), "at its mean length the bucket stays"
    losses = [KNOWN[name].loss for name in ("w-a", "w-c")]
    for moved_of_c in range(11):
        ends = [
            (10 * getattr(losses[0], end) + moved_of_c * getattr(losses[1], end)) / (10 + moved_of_c)
            for end in ("low", "high")
        ]
        assert low - 1e-12 <= ends[0] <= ends[1] <= high + 1e-12
    assert sums(policy_of(short), piece("b")).total().mean_loss("measured") is None


def test_a_name_that_the_log_does_not_have_leaves_bounds() -> None:
    policy = policy_of(rule(1, {"request_model": ["gpt-4o"]}))
    assert sums(policy, piece()).total().low["requests"] == 10
    unknown = sums(policy, piece(), names={BIG: frozenset({""})}).total()
    assert (unknown.low["requests"], unknown.high["requests"]) == (0, 10)
    other = sums(policy, piece(), names={BIG: frozenset({BIG})}).total()
    assert other.high["requests"] == 0
