"""A database is made by a load that has something to keep, and by nothing else."""

import json
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from exports import spend_log, spend_logs, write_jsonl

from audit.config import Config
from audit.errors import DatabaseError, InputError
from audit.evidence.outcome_log import add_outcomes
from audit.intake.loading import load
from audit.intake.resolve import rebuild, refit, unload
from audit.intake.retry import retry_rejects
from audit.warehouse import Warehouse


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_first_load_that_fails_leaves_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/empty.csv").touch()
    db = tmp_path / "usage.duckdb"
    assert load([str(tmp_path / "in/empty.csv")], db).refused
    with pytest.raises(InputError, match="no such file"):
        load([str(tmp_path / "missing.csv")], db)
    monkeypatch.setattr("audit.intake.loading.set_aside", _interrupted)
    with pytest.raises(KeyboardInterrupt):
        load([str(write_jsonl(tmp_path / "in/log.jsonl", spend_logs(3)))], db)
    monkeypatch.setenv("AUDIT_SALT", "short")
    with pytest.raises(DatabaseError, match="AUDIT_SALT has 5 characters"):
        load([str(tmp_path / "in/log.jsonl")], db)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_load_that_fails_leaves_a_database_of_before_and_one_of_nothing_but_rejects_stays(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    rejected = write_jsonl(tmp_path / "rejected.jsonl", [spend_log(0, prompt_tokens=-1)])
    assert load([str(rejected)], db).total("rejected") == 1
    (tmp_path / "empty.csv").touch()
    assert load([str(tmp_path / "empty.csv")], db).refused
    with Warehouse.read(db) as warehouse:
        assert warehouse.value("select count(*) from rejects") == 1


def test_work_on_a_database_that_is_not_there_is_an_error_and_makes_none(tmp_path: Path) -> None:
    db = tmp_path / "misspelt.duckdb"
    for work_on in (
        partial(rebuild, db, Config()),
        partial(unload, db, "log.jsonl", Config()),
        partial(refit, db),
        partial(retry_rejects, [], db),
    ):
        with pytest.raises(DatabaseError, match=r"misspelt\.duckdb: no such database; make one with `audit load"):
            work_on()
        assert list(tmp_path.iterdir()) == []


def test_outcomes_for_a_misspelt_database_are_an_error_and_make_none(tmp_path: Path) -> None:
    db = tmp_path / "misspelt.duckdb"
    pair = {"endpoint": "/x", "incumbent_model": "gpt-4o", "candidate_model": "gpt-4o-mini"}
    outcomes = tmp_path / "outcomes.jsonl"
    outcomes.write_text(json.dumps(pair | {"incumbent_score": 1, "candidate_score": 1}))
    with pytest.raises(DatabaseError, match=r"misspelt\.duckdb: no such database; make one with `audit load"):
        add_outcomes(db, outcomes, today=date(2026, 3, 31))
    assert not db.exists()


def test_outcomes_of_requests_that_no_load_brought_change_nothing(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    load([str(write_jsonl(tmp_path / "log.jsonl", spend_logs(3)))], db)
    row = {"request_id": "a", "incumbent_model": "gpt-4o", "candidate_model": "gpt-4o-mini"}
    outcomes = tmp_path / "outcomes.jsonl"
    outcomes.write_text(json.dumps(row | {"incumbent_score": 1, "candidate_score": 1}))
    with pytest.raises(InputError, match="load their export first"):
        add_outcomes(db, outcomes, today=date(2026, 3, 31))
    with Warehouse.read(db) as warehouse:
        assert warehouse.value("select count(*) from paired_outcomes") == 0
