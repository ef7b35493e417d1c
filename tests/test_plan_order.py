"""What a plan rests on before any arithmetic: the order of its rules, and how the traffic is today."""

import random
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import audit
from audit.planning.document import Bounds, Plan
from audit.planning.moves import Move, worth_measuring
from audit.policy.document import Policy, Rule
from audit.policy.stages import Standing, staged, waves
from tests.exports import Row
from tests.loads import jsonl, loaded
from tests.logged import calls, outcomes_file

TODAY = "2026-10-01"


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from([1.0, 2.0, 5.0])), max_size=12),
    st.randoms(use_true_random=False),
)
def test_the_order_is_by_score_and_the_same_however_the_rules_came(
    drawn: list[tuple[int, int, float]], shuffle: random.Random
) -> None:
    standings = [
        Standing(rule_id=f"r{number:02}", saving=Decimal(saving), certainty=sure / 2, margin=margin)
        for number, (saving, sure, margin) in enumerate(drawn)
    ]
    order = waves(standings)
    shuffled = list(standings)
    shuffle.shuffle(shuffled)
    assert waves(shuffled) == order
    flat = [name for wave in order for name in wave]
    scores = {each.rule_id: float(each.saving) * each.certainty * each.margin for each in standings}
    assert sorted(flat) == sorted(scores)
    assert all((scores[one], other) >= (scores[other], one) for one, other in pairwise(flat))
    assert [len(wave) for wave in order[:-1]] == [2**place for place in range(len(order) - 1)]
    stages = staged(order)
    if order:
        assert [set(stage["shares"].values()) for stage in stages][-1] == {1.0}
        assert list(stages[0]["shares"]) == order[0]


def test_each_rule_saves_until_its_own_model_is_switched_off(tmp_path: Path) -> None:
    old, until = "gpt-4o-2024-05-13", "2026-10-23"
    rows = [*calls("old", 300, model=old, request_model=old), *calls("new", 900)]
    db = tmp_path / "usage.duckdb"
    loaded(db, jsonl(tmp_path / "log.jsonl", *rows))
    good = [(None, 1.0, 0.0 if n % 200 == 0 else 1.0) for n in range(1600)]
    outcomes_file(db, good, endpoint="new")
    outcomes_file(db, good, endpoint="old", incumbent_model=old)
    config = tmp_path / "audit.toml"
    config.write_text('[stakes]\nold = "low"\nnew = "low"\n')
    plan = audit.open(db).plan(config=config, today=TODAY, monthly_requests=36_000).document
    last = plan["stages"][-1]
    ends = {each["endpoint"]: each["valid_until"] for each in last["workloads"]}
    assert ends == {"old": until, "new": plan["horizon"]["until"]}
    days = {name: (date.fromisoformat(str(end)) - date.fromisoformat(TODAY)).days for name, end in ends.items()}
    saved = sum(
        each["saving_per_day"]["point"] * max(0, days[each["endpoint"]] - last["starts_on_day"])
        for each in last["workloads"]
    )
    assert last["saving_in_stage"]["point"] == pytest.approx(saved)
    assert last["starts_on_day"] < days["old"] < days["new"]


def test_nothing_is_replayed_for_a_model_that_is_switched_off_already(tmp_path: Path) -> None:
    old = "gpt-4o-2024-05-13"
    rows = [*calls("old", 900, model=old, request_model=old), *calls("new", 2700)]
    db = tmp_path / "usage.duckdb"
    loaded(db, jsonl(tmp_path / "log.jsonl", *rows))
    for today, replayed in ((TODAY, {"old", "new"}), ("2026-10-24", {"new"})):
        plan = audit.open(db).plan(today=today, monthly_requests=3_000_000).document
        measures = [each["workload_id"] for stage in plan["stages"] for each in stage["measure_first"]]
        assert {plan["baseline"][name]["endpoint"] for name in measures} == replayed
        never = {plan["baseline"][each["workload_id"]]["endpoint"]: each["reasons"] for each in plan["never"]}
        assert never == ({} if today == TODAY else {"old": ["not_worth_measuring"]})


def test_a_workload_that_two_rules_move_is_replayed_and_paid_for_once(tmp_path: Path) -> None:
    rows = calls("tag", 940)
    for row in rows[:20]:
        row["tool_count"] = 1
    for row in rows[20:40]:
        row["output_type"] = "json"
    db = tmp_path / "usage.duckdb"
    loaded(db, jsonl(tmp_path / "log.jsonl", *rows))
    plan = audit.open(db).plan(today=TODAY, monthly_requests=300_000).document
    (workload,) = plan["baseline"]
    rules = {each["rule_id"]: each["workload_id"] for each in plan["stages"][-1]["workloads"]}
    assert list(rules.values()) == [workload, workload]
    assert [[each["workload_id"] for each in stage["measure_first"]] for stage in plan["stages"]] == (
        [[workload], *([[]] * (len(plan["stages"]) - 1))]
    )
    checks = sum(stage["days"] * stage["checks_usd_per_day"] for stage in plan["stages"])
    replay = plan["stages"][0]["measure_first"][0]["usd"]
    assert plan["payback"]["measuring_cost"] == pytest.approx(replay + checks)


def test_a_rule_that_shares_its_workload_with_a_larger_one_owes_no_replay_of_its_own() -> None:
    def rule(name: str, *workloads: str) -> Rule:
        return {"id": name, "verdict": "pilot", "workload_ids": list(workloads)}  # pyright: ignore[reportReturnType]

    def move(of: Rule, point: float) -> Move:
        saving: Bounds = {"low": 0.0, "point": point, "high": 9.0}
        return Move(rule=of, workload_id=of["workload_ids"][0], requests_per_day=1.0, saving=saving, margin=2.0)

    rules = [rule("small", "a"), rule("large", "a"), rule("dear", "b")]
    policy: Policy = {"rules": rules}  # pyright: ignore[reportAssignmentType]
    found = [move(each, point) for each, point in zip(rules, (0.1, 2.0, 0.1), strict=True)]
    kept = worth_measuring(policy, found, {"a": 15.0, "b": 15.0}, lambda _: 10.0)
    assert [each["id"] for each in kept["rules"]] == ["small", "large"]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A log that knows how answers finished, which are retries, how long they took, and what failed."""
    folder = tmp_path_factory.mktemp("watched")
    rows: list[Row] = calls("tag", 400)
    for number, row in enumerate(rows):
        row["attempt"] = 2 if number % 10 == 0 else 1
        row["duration_ms"] = 1000 if number % 20 else 9000
        row["response_finish_reason"] = ("length", "MAX_TOKENS", "stop", "stop")[number % 4]
    failed = [row | {"request_id": f"f{n}", "http_response_status_code": 500} for n, row in enumerate(rows[:100])]
    db = folder / "usage.duckdb"
    loaded(db, jsonl(folder / "log.jsonl", *rows, *failed))
    outcomes_file(db, [(None, 1.0, 0.0 if n % 200 == 0 else 1.0) for n in range(1600)], endpoint="tag")
    config = folder / "audit.toml"
    config.write_text('[stakes]\ntag = "low"\n')
    return audit.open(db).plan(config=config, today=TODAY, monthly_requests=400 * 30).document


def test_the_baseline_knows_errors_retries_cut_answers_and_latency_where_the_log_does(watched: Plan) -> None:
    (known,) = watched["baseline"].values()
    assert known["error_rate"] == pytest.approx(0.2)
    assert known["retry_rate"] == pytest.approx(0.1)
    assert known["truncation_rate"] == pytest.approx(0.5)
    assert known["invalid_json_rate"] is None
    assert (known["latency_ms_p50"], known["latency_ms_p95"]) == pytest.approx((1000, 1400))
    assert (known["input_tokens"], known["output_tokens"], known["share"]) == (1000, 100, 1.0)
    assert known["cost_per_request"] == pytest.approx(0.0035)
    metrics = [rule["metric"] for rule in watched["stages"][0]["stop_rules"]]
    assert metrics == ["quality_loss", "error_rate", "retry_rate", "truncation_rate", "saving"]
    assert watched["stages"][0]["stop_rules"][1]["limit"] == pytest.approx(0.25)
