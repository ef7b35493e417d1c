"""A policy played over the log gives the report's own figures to the digit, and simply adds up."""

import json
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import jsonschema
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import audit
from audit.assumptions import Assumptions, Range
from audit.errors import ConfigError
from audit.library.policies import RoutingPolicy
from audit.policy.document import Policy, Rule, When
from audit.policy.moving import FIGURES, Known, Terms
from audit.policy.reading import checked
from audit.policy.replay import replay
from audit.policy.simulate import Simulation
from audit.policy.visible import Piece, Seen
from audit.savings.cascade import Costs, Offer
from tests.loads import jsonl, loaded
from tests.logged import BIG, SMALL, calls
from tests.policy_traffic import policy_database

TODAY = "2026-10-01"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay")
    policy_database(path)
    return path


def played(folder: Path, policy: object = "ours", **options: Any) -> Simulation:
    opened = audit.open(folder / "usage.duckdb")
    return opened.simulate(cast("str", policy), config=folder / "audit.toml", today=TODAY, **options)


def reported(folder: Path) -> audit.Report:
    return audit.open(folder / "usage.duckdb").report(config=folder / "audit.toml", today=TODAY)


def by_hand(*rules: dict[str, Any]) -> RoutingPolicy:
    document = {"schema": "traffic-audit/policy/1", "incumbent": "gpt-4o", "candidate": "gpt-4o-mini", "rules": rules}
    return RoutingPolicy(document=checked(json.loads(json.dumps(document))))


def exactly(figure: Any) -> float:
    assert figure["low"] == figure["point"] == figure["high"]
    return float(figure["point"])


def test_moving_everything_at_the_ceilings_assumptions_is_the_ceiling(folder: Path) -> None:
    total, document = played(folder, "all", at_ceiling=True)["total"], reported(folder).document
    assert exactly(total["saving"]) == document["savings"]["ceiling"]["window"]["point"]
    assert exactly(total["moved_requests"]) == document["routable"]["ceiling"]["requests"]["point"]
    assert exactly(total["moved_list_cost"]) == document["routable"]["ceiling"]["cost"]["point"]


def test_moving_nothing_is_todays_bill(folder: Path) -> None:
    total, document = played(folder, "none")["total"], reported(folder).document
    assert exactly(total["spend"]) == total["list_cost"] == document["spend"]["list_cost"]
    assert total["requests"] == document["requests"]["total"]
    assert exactly(total["saving"]) == exactly(total["moved_requests"]) == exactly(total["escalations"]) == 0
    assert total["quality_loss"]["measured"]["points"] is total["quality_loss"]["unmeasured"]["points"] is None


def test_our_policy_saves_what_is_measured_less_what_no_router_can_tell_apart(folder: Path) -> None:
    total, document = played(folder)["total"], reported(folder).document
    policy = audit.open(folder / "usage.duckdb").policy(config=folder / "audit.toml", today=TODAY).document
    lost = sum(Decimal(str(each["saving_lost"])) for each in policy["not_moved"] if "saving_lost" in each)
    assert lost > 0
    assert Decimal(str(exactly(total["saving"]))) + lost == Decimal(
        str(document["savings"]["measured"]["window"]["point"])
    )
    assert total["quality_loss"]["unmeasured"]["points"] is None, "nothing unmeasured moves"


def test_on_the_demo_all_three_are_the_figures_of_the_report(demo: audit.DemoResult) -> None:
    opened, config = audit.open(demo.db), demo.db.parent / "audit.toml"
    savings = opened.report(config=config).document["savings"]
    ours, everything = opened.simulate(config=config), opened.simulate("all", config=config, at_ceiling=True)
    assert exactly(ours["total"]["saving"]) == savings["measured"]["window"]["point"] > 0
    assert exactly(everything["total"]["saving"]) == savings["ceiling"]["window"]["point"]


def test_endpoints_and_rules_add_up_to_the_total(folder: Path) -> None:
    found = played(folder, "ours")
    for name in ("moved_requests", "moved_list_cost", "saving", "escalations", "beyond_gate"):
        for parts in (found["endpoints"], found["rules"]):
            summed = sum(part[name]["point"] for part in cast("list[dict[str, Any]]", parts))
            assert summed == pytest.approx(found["total"][name]["point"], abs=1e-12), name
    assert sum(each["requests"] for each in found["endpoints"]) == found["total"]["requests"]
    assert sum(each["list_cost"] for each in found["endpoints"]) == pytest.approx(found["total"]["list_cost"])


def test_a_threshold_inside_a_bin_is_resolved_on_the_requests(folder: Path) -> None:
    """950 splits `plain`, whose inputs lie between 900 and 990, inside one half octave."""
    cut = {"at_least": 0, "below": 950}
    found = played(folder, by_hand({"when": {"endpoint": "plain", "input_tokens": cut}, "to": "candidate"}))["total"]
    rows = audit.open(folder / "usage.duckdb").requests
    short = rows.filter(pl.col("endpoint") == "plain", pl.col("usage_input_tokens") < 950).collect()
    assert 0 < short.height < 400
    assert exactly(found["moved_requests"]) == short.height
    cost = sum(2.5 * row["usage_input_tokens"] + 10 * row["usage_output_tokens"] for row in short.to_dicts()) / 1e6
    assert exactly(found["moved_list_cost"]) == pytest.approx(cost, rel=1e-12)
    mini = sum(0.15 * row["usage_input_tokens"] + 1.05 * 0.6 * row["usage_output_tokens"] for row in short.to_dicts())
    assert exactly(found["saving"]) == pytest.approx(cost - mini / 1e6, rel=1e-12)


def test_the_first_rule_that_holds_decides(folder: Path) -> None:
    stay = {"when": {"endpoint": "plain"}, "to": "incumbent"}
    everything: dict[str, Any] = {"when": {}, "to": "candidate"}
    first, last = played(folder, by_hand(stay, everything)), played(folder, by_hand(everything, stay))
    moved = {each["endpoint"]: each["moved_requests"]["point"] for each in first["endpoints"]}
    assert (moved["plain"], moved["told"]) == (0, 300)
    assert {each["endpoint"]: each["moved_requests"]["point"] for each in last["endpoints"]}["plain"] == 408
    assert last["rules"][1]["moved_requests"]["point"] == 0


def test_what_the_candidate_cannot_take_is_counted_apart_and_saves_nothing(folder: Path) -> None:
    found = played(folder, by_hand({"when": {"endpoint": "photo"}, "to": "candidate"}))
    assert exactly(found["total"]["beyond_gate"]) == 40
    assert exactly(found["total"]["saving"]) == exactly(found["total"]["moved_requests"]) == 0
    assert any("40 requests would go to a candidate that cannot serve them" in note for note in found["notes"])


def test_measured_and_expected_losses_are_never_one_number(folder: Path) -> None:
    total = played(folder, "all")["total"]["quality_loss"]
    measured, expected = total["measured"], total["unmeasured"]
    assert exactly(measured["requests"]) == 408 + 500 + 500 + 300
    assert exactly(expected["requests"]) == 500 + 500 + 300
    lost = 408 * 8 / 1600 + 300 / 3
    assert measured["answers_lost"]["point"] == pytest.approx(lost)
    assert measured["answers_lost"]["low"] < lost < measured["answers_lost"]["high"]
    assert measured["points"] is not None
    assert measured["points"]["point"] == pytest.approx(100 * lost / 1708)


def test_a_check_is_paid_sends_answers_on_and_leaves_less_loss(folder: Path, tmp_path: Path) -> None:
    config = tmp_path / "audit.toml"
    text = (folder / "audit.toml").read_text()
    config.write_text(f"{text}[check]\nsensitivity = 0.9\nfalse_alarm_rate = 0.02\nusd_per_check = 0.0001\n")
    before = played(folder)["total"]
    after = audit.open(folder / "usage.duckdb").simulate(config=config, today=TODAY)["total"]
    sent = after["escalations"]["point"]
    assert 0.02 * 900 < sent < 0.03 * 900
    assert before["saving"]["point"] - 0.0001 * 900 > after["saving"]["point"] > 0
    assert after["quality_loss"]["measured"]["answers_lost"]["point"] == pytest.approx(
        0.1 * before["quality_loss"]["measured"]["answers_lost"]["point"]
    )


def test_a_policy_for_another_pair_is_refused(folder: Path) -> None:
    other = by_hand()
    other.document["candidate"] = "gpt-4.1-mini"
    with pytest.raises(ConfigError, match=r"policy is a policy from gpt-4o to gpt-4\.1-mini, the question one from"):
        played(folder, other)


def test_a_replay_is_valid_by_its_schema(folder: Path) -> None:
    schema = json.loads(files("audit").joinpath("data/schemas/policy-replay.schema.json").read_text(encoding="utf-8"))
    for policy in ("ours", "none", "all"):
        found = json.loads(json.dumps(played(folder, policy, frontier=policy == "all")))
        jsonschema.validate(found, schema, jsonschema.Draft202012Validator)


def test_latency_is_told_where_the_log_has_both_models(tmp_path: Path) -> None:
    rows = [
        *calls("both", 100, duration_ms=900),
        *calls("both", 20, model=SMALL, duration_ms=600),
        *calls("one", 100, duration_ms=900),
    ]
    loaded(tmp_path / "usage.duckdb", jsonl(tmp_path / "log.jsonl", *rows))
    total = audit.open(tmp_path / "usage.duckdb").simulate("all", today=TODAY)["total"]
    assert total["latency"] == {"requests": 100.0, "seconds_now": 0.9, "seconds_then": 0.6}
    assert audit.open(tmp_path / "usage.duckdb").simulate("none", today=TODAY)["total"]["latency"] is None


# Sums by hand, without a database.


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


def sums(policy: Policy, *pieces: Piece, names: dict[str, frozenset[str]] | None = None) -> Any:
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


def test_a_name_that_the_log_does_not_have_leaves_bounds() -> None:
    policy = policy_of(rule(1, {"request_model": ["gpt-4o"]}))
    assert sums(policy, piece()).total().low["requests"] == 10
    unknown = sums(policy, piece(), names={BIG: frozenset({""})}).total()
    assert (unknown.low["requests"], unknown.high["requests"]) == (0, 10)
    other = sums(policy, piece(), names={BIG: frozenset({BIG})}).total()
    assert other.high["requests"] == 0
