"""Names of the callers' own for the incumbent: what the router is told to move is what the replay says moves."""

from pathlib import Path
from typing import Any, cast

import pytest

import audit
from audit.library.policies import RoutingPolicy
from tests.loads import jsonl, loaded
from tests.logged import BIG, SMALL, calls, outcomes_file
from tests.policy_traffic import by_hand
from tests.routed import Request, first_rule

TODAY = "2026-10-01"
OTHER = "gpt-4.1-2025-04-14"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 calls of `prod-4o`, which the candidate answers too at times, and 200 of `any`, as does another model."""
    folder = tmp_path_factory.mktemp("aliases")
    asked = (("prod-4o", BIG, 300), ("prod-4o", SMALL, 20), ("any", BIG, 200), ("any", OTHER, 30))
    rows = [
        row | {"request_model": name, "response_model": model, "request_id": f"{name}-{model}-{number}"}
        for name, model, count in asked
        for number, row in enumerate(calls("plain", count))
    ]
    for row in rows:
        del row["model"]
    db = folder / "usage.duckdb"
    loaded(db, jsonl(folder / "log.jsonl", *rows))
    outcomes_file(db, [(None, 1.0, 0.0 if number % 200 == 0 else 1.0) for number in range(1600)], endpoint="plain")
    (folder / "audit.toml").write_text('[stakes]\nplain = "low"\n', encoding="utf-8")
    return db


def derived(db: Path) -> RoutingPolicy:
    return audit.open(db).policy(config=db.parent / "audit.toml", today=TODAY)


def moved(db: Path, policy: Any) -> tuple[float, float]:
    found = audit.open(db).simulate(cast("str", policy), config=db.parent / "audit.toml", today=TODAY)
    figure = found["total"]["moved_requests"]
    return figure["low"], figure["high"]


def test_a_rule_names_what_callers_send_unless_another_model_answers_to_it_too(db: Path) -> None:
    policy = derived(db).document
    (rule,) = policy["rules"]
    assert rule["when"].get("request_model") == sorted(["gpt-4o", BIG, "prod-4o"])
    for name, moves in (("prod-4o", True), ("gpt-4o", True), ("any", False), ("gpt-4.1", False)):
        request = Request(endpoint="plain", input_tokens=1000, request_model=name)
        assert (first_rule(policy, request) is not None) == moves


def test_the_replay_bounds_what_the_router_would_move_as_cells_do_not_keep_names(db: Path) -> None:
    low, high = moved(db, "ours")
    assert low <= 300 <= high <= 500
    space: dict[str, Any] = {}
    exec(compile(derived(db).render("python"), "policy.py", "exec"), space)
    assert [space["choose"]("plain", 1000, name) for name in ("prod-4o", "any")] == ["gpt-4o-mini", "any"]
    (stays,) = derived(db).document["not_moved"]
    assert stays["reasons"] == ["not_separable_by_a_router"]


def test_everything_moves_whatever_it_is_called_and_a_rule_by_hand_only_the_incumbents_own_names(db: Path) -> None:
    assert moved(db, "all") == (500, 500)
    assert moved(db, by_hand({"when": {"endpoint": "plain"}, "to": "candidate"})) == (0, 0)
