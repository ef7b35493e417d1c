"""A plan as `audit plan` makes it, and the days after it: placed, compared, and offered a refit."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import audit
from audit.report.monitor_document import Monitor
from tests.exports import Row, write_csv
from tests.logged import BIG, SMALL, calls
from tests.policy_traffic import policy_database

DAY, TODAY = date(2026, 9, 2), date(2026, 10, 1)

MIX = (
    ("plain", 80, 900, 120),
    ("length", 100, 300, 200),
    ("length", 100, 9_000, 200),
    ("hidden", 100, 2_000, 20),
    ("hidden", 100, 2_000, 1_500),
    ("told", 60, 700, 90),
    ("shy", 60, 500, 60),
)
"""Endpoint, requests, tokens in and out: the traffic that the plan was made from, a fifth of it."""


@dataclass(frozen=True)
class Planned:
    """A database with its plan."""

    db: Path
    plan: Path
    stages: list[dict[str, Any]]

    @property
    def config(self) -> Path:
        """The settings beside the database."""
        return self.db.with_name("audit.toml")


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    folder = tmp_path_factory.mktemp("planned")
    db = policy_database(folder)
    made = audit.open(db).plan(config=folder / "audit.toml", today=TODAY, monthly_requests=90_000)
    (folder / "plan.json").write_text(made.json(), encoding="utf-8")
    stages: Any = made.document["stages"]
    return Planned(db, folder / "plan.json", stages)


def days_after(mix: tuple[tuple[str, int, int, int], ...], on_candidate: float, *, day: date = DAY) -> list[Row]:
    """The mix again, a part of `plain` and of the short half of `length` answered by the candidate."""
    rows: list[Row] = []
    for place, (endpoint, count, tokens_in, tokens_out) in enumerate(mix):
        for number, row in enumerate(calls(endpoint, count, day=day)):
            may_move = endpoint == "plain" or (endpoint == "length" and tokens_in < 2_000)
            row |= {"request_id": f"{day}-{place}-{number}", "usage_input_tokens": tokens_in}
            row["usage_output_tokens"] = tokens_out
            row["model"] = SMALL if may_move and number < on_candidate * count else BIG
            rows.append(row)
    return rows


def look(planned: Planned, folder: Path, rows: list[Row], **options: Any) -> Monitor:
    return audit.monitor(write_csv(folder / "new.csv", rows), plan=planned.plan, today=TODAY, **options)


def test_every_rule_of_a_real_plan_is_placed_and_what_is_not_moved_stays(planned: Planned, tmp_path: Path) -> None:
    stage = next(each for each in planned.stages if len(each["workloads"]) == 2)
    found = look(planned, tmp_path, days_after(MIX, 0.1), stage=stage["number"], config=planned.config)
    moved = {line["endpoint"]: line["saving"]["moved_requests"] for line in found["workloads"]}
    assert moved == {"plain": 8, "length": 10}
    stayed = {line["endpoint"]: line["incumbent"]["requests"] for line in found["workloads"]}
    assert stayed == {"plain": 72, "length": 90}
    assert found["stopped"] is None
    assert found["saving"]["realised"] > 0


def test_in_the_plans_own_database_workloads_are_compared_and_a_refit_is_offered(
    planned: Planned, tmp_path: Path
) -> None:
    db = tmp_path / "copy.duckdb"
    db.write_bytes(planned.db.read_bytes())
    alike = look(planned, tmp_path, days_after(MIX, 0.5), stage=3, db=db, config=planned.config)["drift"]
    assert alike["basis"] == "workloads"
    assert alike["total_variation"] < 0.05
    assert (alike["exceeded"], alike["refit"]) == (False, None)
    assert {each["id"] for each in alike["shares"]} >= {each["workload_id"] for each in planned.stages[0]["workloads"]}
    # A fortnight on, the long half of `length` has grown and become longer still.
    other = tuple(each if each[:1] + each[2:3] != ("length", 9_000) else ("length", 900, 24_000, 200) for each in MIX)
    later = tmp_path / "later"
    later.mkdir()
    day = date(2026, 9, 16)
    moved = look(planned, later, days_after(other, 0.5, day=day), stage=3, db=db, config=planned.config, since=day)
    drift = moved["drift"]
    assert drift["exceeded"]
    assert drift["refit"]
    assert sum(each["requests"] for each in drift["refit"]) == sum(count for _, count, _, _ in other)
    assert any("audit cluster --refit" in note for note in moved["notes"])


def test_outcomes_that_the_plan_was_made_from_are_not_counted_again(planned: Planned, tmp_path: Path) -> None:
    db = tmp_path / "copy.duckdb"
    db.write_bytes(planned.db.read_bytes())
    found = look(planned, tmp_path, days_after(MIX, 0.1), db=db, config=planned.config)
    assert [line["quality"] for line in found["workloads"]] == [None] * len(found["workloads"])
