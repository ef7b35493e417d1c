"""A plan that does not fit the traffic, or traffic that cannot be used: one clear error each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import audit
from tests.monitored import RULES, called
from tests.rollouts import export, pairs, plan, plan_file, traffic

Change = Callable[[dict[str, Any]], None]


def other_pair(document: dict[str, Any]) -> None:
    document["pair"] |= {"incumbent": "gpt-4.1", "incumbent_models": ["gpt-4.1-2025-04-14"]}
    document["pair"] |= {"candidate": "gpt-4.1-mini", "candidate_model": "gpt-4.1-mini-2025-04-14"}


def later_window(document: dict[str, Any]) -> None:
    document["window"]["end"] = "2026-10-05T10:00:00+00:00"


def no_stages(document: dict[str, Any]) -> None:
    document["stages"] = []


def other_schema(document: dict[str, Any]) -> None:
    document["schema"] = "traffic-audit/policy/1"


def no_alpha(document: dict[str, Any]) -> None:
    document["stages"][0]["stop_rules"][0]["alpha"] = None


def no_limit(document: dict[str, Any]) -> None:
    del document["stages"][0]["stop_rules"][0]["limit"]


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (
            other_pair,
            [],
            "since 2026-09-01 no request was answered by gpt-4.1 or gpt-4.1-mini, which the plan is about",
        ),
        (
            later_window,
            [],
            "its traffic is of 2026-09-01 to 2026-09-01, none of 2026-10-06 or later: the plan was made",
        ),
        (no_stages, [], "the plan has no stages"),
        (other_schema, [], "its schema is 'traffic-audit/policy/1', that of a plan 'traffic-audit/plan/1'"),
        (no_alpha, [], "stop rule '1-quality_loss-w-chat' has alpha None"),
        (no_limit, [], "stages[0].stop_rules[0].limit is missing"),
        (None, ["--stage", "7"], "stage 7 is not in the plan, which has 1, 2"),
        (None, ["--since", "2026-08-31"], "--since 2026-08-31 lies in the traffic that the plan was made from"),
    ],
)
def test_a_plan_that_does_not_fit_is_one_clear_error(
    tmp_path: Path, change: Change | None, options: list[str], said: str
) -> None:
    document = plan(*RULES)
    if change is not None:
        change(document)
    done = called(export(tmp_path, traffic(1, per_day=4)), "--plan", plan_file(tmp_path, document), *options)
    assert isinstance(done.exception, audit.AuditError), done.output
    assert said in str(done.exception)


@pytest.mark.parametrize("options", [["--stage", "7"], ["--since", "2026-08-31"]])
def test_a_question_that_the_plan_cannot_answer_loads_nothing(tmp_path: Path, options: list[str]) -> None:
    db = tmp_path / "usage.duckdb"
    done = called(
        export(tmp_path, traffic(1, per_day=4)), "--plan", plan_file(tmp_path, plan(*RULES)), "--db", db, *options
    )
    assert isinstance(done.exception, audit.AuditError), done.output
    assert not db.exists()


def test_outcomes_make_no_database_where_there_is_none(tmp_path: Path) -> None:
    rows, db = traffic(1, per_day=4), tmp_path / "misspelt.duckdb"
    made = plan_file(tmp_path, plan(*RULES))
    done = called("--plan", made, "--db", db, "--outcomes", pairs(tmp_path, rows, lost=0.0))
    assert isinstance(done.exception, audit.AuditError), done.output
    assert "misspelt.duckdb: no such database" in str(done.exception)
    assert not db.exists()


def test_exports_that_cannot_be_used_are_one_clear_error(tmp_path: Path) -> None:
    made, empty = plan_file(tmp_path, plan(*RULES)), tmp_path / "empty.csv"
    empty.write_text("")
    for arguments, said in (
        ([empty, "--plan", made], "empty.csv"),
        ([tmp_path / "none.csv", "--plan", made], "none.csv"),
        (["--plan", made], "no exports and no database to look at"),
        ([empty, "--plan", made, "--html", made], "plan.json: is the plan"),
        ([empty, "--plan", tmp_path / "no.json"], "no.json: no such file or directory; name a plan"),
    ):
        done = called(*arguments)
        assert isinstance(done.exception, audit.AuditError), done.output
        assert said in str(done.exception)
