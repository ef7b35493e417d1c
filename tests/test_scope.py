"""What a report is about: its days, and the sources that count."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from exports import START, bucket, spend_log, spend_logs, write_csv, write_jsonl
from oracle import list_cost

from audit.assumptions import Assumptions
from audit.config import Config
from audit.errors import ConfigError
from audit.intake.loading import load
from audit.pipeline import run_report
from audit.scope import Question
from audit.warehouse import Warehouse

TODAY = date(2026, 11, 22)
FIRST = START.date()
ROWS = [spend_log(n, start=START + timedelta(hours=5 * n), tokens_in=300 + n, tag=f"tag{n % 2}") for n in range(200)]


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scope")
    load([str(write_jsonl(folder / "a.jsonl", ROWS))], folder / "usage.duckdb")
    return folder / "usage.duckdb"


def report(
    db: Path, config: Config | None = None, since: date | None = None, until: date | None = None
) -> dict[str, Any]:
    with Warehouse.read(db) as warehouse:
        question = Question(today=TODAY, since=since, until=until)
        document = run_report(warehouse, question, config or Config(), Assumptions()).document
    assert document is not None
    return cast("dict[str, Any]", document)


def test_a_range_of_days_is_the_bill_of_its_rows_in_every_part_of_the_report(db: Path) -> None:
    since, until = FIRST + timedelta(days=5), FIRST + timedelta(days=12)
    chosen = [row for row in ROWS if since <= date.fromisoformat(str(row["startTime"])[:10]) < until]
    cost = float(sum(list_cost(row) or 0 for row in chosen))
    document = report(db, since=since, until=until)
    assert (document["requests"]["total"], document["spend"]["list_cost"]) == (
        len(chosen),
        pytest.approx(cost, abs=1e-12),
    )
    assert [check["name"] for check in document["checks"] if not check["ok"]] == []
    assert sum(each["requests"] for each in document["workloads"]) == len(chosen)
    assert sum(day["requests"] for day in document["daily"]) == len(chosen)
    assert {day["date"] for day in document["daily"]} == {str(row["startTime"])[:10] for row in chosen}
    assert sum(each["requests"] for each in document["models"]) == len(chosen)
    assert 6 < document["window"]["days"] <= 7


def test_two_ranges_that_meet_add_up_to_the_whole(db: Path) -> None:
    middle = FIRST + timedelta(days=17)
    parts, whole = [report(db, until=middle), report(db, since=middle)], report(db)
    assert sum(part["requests"]["total"] for part in parts) == whole["requests"]["total"] == 200
    sums = [Decimal(str(part["spend"]["list_cost"])) for part in parts]
    assert float(sum(sums)) == pytest.approx(whole["spend"]["list_cost"], abs=1e-12)


def test_a_range_without_traffic_has_no_requests_and_no_division_by_zero(db: Path) -> None:
    document = report(db, since=FIRST + timedelta(days=900))
    assert (document["requests"]["total"], document["spend"]["list_cost"]) == (0, 0)


def test_a_range_that_ends_before_it_begins_is_refused(db: Path) -> None:
    with pytest.raises(ConfigError, match="is not before --until"):
        report(db, since=FIRST, until=FIRST)


def test_the_same_traffic_in_two_sources_has_no_total_until_somebody_says_which_counts(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    calls = write_jsonl(tmp_path / "calls.jsonl", spend_logs(30))
    usage = write_csv(tmp_path / "usage.csv", [bucket(requests=33)])
    load([str(calls), str(usage)], db)
    with pytest.raises(ConfigError, match=r"overlap in time and both show gpt-4o-2024-08-06.*\[sources\] use"):
        report(db)
    for sources, requests in (
        (("openai_usage",), 33),
        (("litellm_spend_logs",), 30),
        (("litellm_spend_logs", "openai_usage"), 63),
    ):
        assert report(db, Config(sources=sources))["requests"]["total"] == requests
    with pytest.raises(ConfigError, match="'langfuse'; loaded are"):
        report(db, Config(path=tmp_path / "audit.toml", sources=("langfuse",)))


def test_sources_that_do_not_overlap_count_together(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    calls = write_jsonl(tmp_path / "calls.jsonl", spend_logs(30))
    usage = write_csv(tmp_path / "usage.csv", [bucket(requests=33, start=START.replace(hour=0) - timedelta(days=3))])
    load([str(calls), str(usage)], db)
    assert report(db)["requests"]["total"] == 63
