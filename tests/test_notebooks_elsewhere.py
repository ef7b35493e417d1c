"""The notebooks on databases that are not the demo: only what they claim about the demo is left out there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import audit
from audit.evidence.outcome_log import add_outcomes
from tests import run_notebooks as notebooks
from tests.exports import Row, write_csv
from tests.logged import BIG, SMALL, TODAY, calls
from tests.synthetic_traffic import generate

BY_NAME = pytest.mark.parametrize("path", notebooks.NOTEBOOKS, ids=lambda path: str(path.stem))
HOSTILE = "</script><b>=cmd()\u202e/" + "x" * 300
MEASURED = ("plain", HOSTILE)


@pytest.fixture(scope="module")
def synthetic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated traffic of many tasks on several models; two more endpoints have outcomes, one of them by request."""
    folder = tmp_path_factory.mktemp("synthetic")
    rows: list[Row] = generate(seed=3, rows=3000, n_endpoints=12).drop("^true_.*$").to_dicts()
    measured = [row for endpoint in MEASURED for row in calls(endpoint, 300)]
    db = folder / "own.duckdb"
    audit.load([write_csv(folder / "log.csv", rows), write_csv(folder / "measured.csv", measured)], db=db)
    pairs: list[Row] = [
        {
            "request_id": row["request_id"] if row["endpoint"] == HOSTILE else "",
            "endpoint": row["endpoint"],
            "incumbent_model": BIG,
            "candidate_model": SMALL,
            "incumbent_score": 1,
            "candidate_score": int(number % 9 > 0),
            "incumbent_output_tokens": 100 + number,
            "candidate_output_tokens": 120 + number,
        }
        for number, row in enumerate(measured)
    ]
    add_outcomes(db, write_csv(folder / "outcomes.csv", pairs), today=TODAY)
    (folder / "audit.toml").write_text('[stakes]\nplain = "low"\n', encoding="utf-8")
    return db


@pytest.fixture(scope="module")
def without_the_incumbent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some minutes of another model's traffic."""
    folder = tmp_path_factory.mktemp("other")
    rows = calls("chat", 40, model="gpt-4.1-2025-04-14")
    audit.load(write_csv(folder / "log.csv", rows), db=folder / "own.duckdb")
    return folder / "own.duckdb"


def _python(*arguments: str, db: Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    """A fresh interpreter in `folder` that is told of the database `db`."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"AUDIT_DB": str(db), "PYTHONPATH": str(notebooks.ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@BY_NAME
@pytest.mark.parametrize("kind", ["synthetic", "without_the_incumbent"])
def test_a_notebook_runs_on_a_strangers_database(
    path: Path, kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    code = notebooks.code(path)  # displays are left out; what the last cell asserts of any database must hold
    done = _python("-W", "error", "-c", code, db=request.getfixturevalue(kind), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["synthetic", "without_the_incumbent"])
def test_the_app_runs_on_a_strangers_database(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    done = _python(str(notebooks.APP), db=request.getfixturevalue(kind), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.iterdir())
