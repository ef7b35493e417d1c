"""The same calls seen through two formats: measured, said at the load, and never in one total until somebody picks."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from exports import START, Row, bucket, spend_log, write_csv, write_jsonl
from typer.testing import CliRunner

from audit.cli import app
from audit.config import Config
from audit.errors import ConfigError
from audit.intake.load_report import LoadReport
from audit.intake.loading import load
from audit.intake.resolve import unload
from audit.intake.twins import Overlap, overlaps
from audit.scope import Question, settle
from audit.warehouse import Warehouse

MODEL = "gpt-4o-2024-08-06"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"


def call(number: int, *, later: float = 0, model: str = MODEL, **columns: object) -> Row:
    """Call `number` as a flat log shows it, `later` seconds after the proxy."""
    row: Row = {
        "request_id": f"trace-{number}",
        "start_time": (START + timedelta(seconds=60 * number + later)).isoformat(),
        "provider": "openai",
        "model": model,
        "prompt_tokens": 500 + number,
        "completion_tokens": 10,
    }
    return row | columns


def proxied(number: int) -> Row:
    return spend_log(number, start=START + timedelta(seconds=60 * number), tokens_in=500 + number, tokens_out=10)


def loaded(db: Path, *paths: Path, config: Config | None = None) -> LoadReport:
    report = load([str(path) for path in paths], db, config=config)
    assert (report.refused, report.failed_checks) == ((), ())
    return report


def both(tmp_path: Path, db: Path, calls: list[Row], proxy: list[Row]) -> LoadReport:
    return loaded(db, write_jsonl(tmp_path / "flat.jsonl", calls), write_jsonl(tmp_path / "proxy.jsonl", proxy))


def found(db: Path) -> list[Overlap]:
    with Warehouse.read(db) as warehouse:
        return overlaps(warehouse)


def test_twins_are_counted_by_model_tokens_and_start_or_by_id(tmp_path: Path, db: Path) -> None:
    calls = [call(n, later=n % 6) for n in range(20)]
    calls += [call(20, later=30), call(21, prompt_tokens=9), call(22, model="gpt-4o-mini")]
    calls += [call(23, later=40, request_id="chatcmpl-23"), call(24, later=-5), call(25, prompt_tokens=0)]
    report = both(tmp_path, db, calls, [proxied(n) for n in range(40)])
    assert found(db) == [Overlap("flat_log", "litellm_spend_logs", MODEL, 25, 26, 22)]
    assert len(report.warnings) == 1
    assert "22 of 25 requests of flat_log have a twin in litellm_spend_logs" in report.warnings[0]
    assert '[sources] use = ["litellm_spend_logs"]' in report.warnings[0]


def test_requests_before_and_after_the_common_window_are_not_asked_for_a_twin(tmp_path: Path, db: Path) -> None:
    both(tmp_path, db, [call(n) for n in range(30)], [proxied(n) for n in range(10, 50)])
    assert found(db) == [Overlap("flat_log", "litellm_spend_logs", MODEL, 20, 20, 20)]


def test_sources_without_a_common_model_or_time_are_no_overlap(tmp_path: Path, db: Path) -> None:
    calls = [call(n, model="gpt-4o-mini") for n in range(5)] + [call(900 + n) for n in range(5)]
    report = both(tmp_path, db, calls[:5], [proxied(n) for n in range(5)])
    assert (report.warnings, found(db)) == ((), [])
    later = tmp_path / "later.duckdb"
    report = both(tmp_path, later, calls[5:], [proxied(n) for n in range(5)])
    assert (report.warnings, found(later)) == ((), [])


def test_buckets_are_compared_by_day_and_model(tmp_path: Path, db: Path) -> None:
    usage = write_csv(tmp_path / "usage.csv", [bucket(requests=33), bucket(requests=5, model="gpt-4o-mini-2024-07-18")])
    proxy = write_jsonl(tmp_path / "proxy.jsonl", [proxied(n) for n in range(30)])
    loaded(db, usage)
    report = loaded(db, proxy)
    assert "litellm_spend_logs has 30 requests and openai_usage 33" in report.warnings[0]
    assert found(db) == [Overlap("litellm_spend_logs", "openai_usage", MODEL, 30, 33, None)]


def test_a_load_that_touches_neither_source_does_not_say_it_again(tmp_path: Path, db: Path) -> None:
    both(tmp_path, db, [call(1)], [proxied(1), proxied(2)])
    other = write_csv(tmp_path / "usage.csv", [bucket(start=START.replace(hour=0) - timedelta(days=90))])
    assert not any("twin" in warning for warning in loaded(db, other).warnings)


def test_an_overlap_is_gone_with_the_file_that_made_it(tmp_path: Path, db: Path) -> None:
    both(tmp_path, db, [call(n) for n in range(3)], [proxied(n) for n in range(3)])
    unload(db, str(tmp_path / "flat.jsonl"), Config())
    assert found(db) == []


def test_whoever_has_picked_is_not_warned_and_figures_are_measured_when_they_are_asked_for(
    tmp_path: Path, db: Path
) -> None:
    config = Config(sources=("flat_log",))
    report = load(
        [
            str(write_jsonl(tmp_path / "flat.jsonl", [call(1), call(2)])),
            str(write_jsonl(tmp_path / "proxy.jsonl", [proxied(n) for n in range(4)])),
        ],
        db,
        config=config,
    )
    assert report.warnings == ()
    assert found(db) == [Overlap("flat_log", "litellm_spend_logs", MODEL, 2, 2, 2)]


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def test_no_total_is_printed_until_a_source_is_picked_and_the_other_is_shown_as_left_out(
    tmp_path: Path, db: Path
) -> None:
    both(tmp_path, db, [call(n) for n in range(20)], [proxied(n) for n in range(30)])
    with Warehouse.read(db) as warehouse, pytest.raises(ConfigError, match="20 of 20 requests of flat_log have a twin"):
        settle(warehouse, Question(today=date(2026, 11, 22)), Config())
    options = ["--db", str(db), "--json", "--quiet"]
    status = json.loads(run("status", "--db", str(db), "--json").stdout)
    assert (status["overlaps"][0]["twins"], status["overlaps"][0]["requests"]) == (20, 20)
    refused = run("report", *options)
    assert refused.exit_code != 0
    assert refused.stdout == ""
    for sources, total, left_out in (
        (["flat_log"], 20, {"litellm_spend_logs": 30}),
        (["litellm_spend_logs"], 30, {"flat_log": 20}),
        (["flat_log", "litellm_spend_logs"], 50, {}),
    ):
        chosen = [part for source in sources for part in ("--source", source)]
        document = json.loads(run("report", *options, *chosen).stdout)
        assert document["requests"]["total"] == total
        assert document["data_quality"]["requests_in_sources_left_out"] == left_out
    unknown = run("report", *options, "--source", "langfuse")
    assert "--source names 'langfuse'; loaded are flat_log, litellm_spend_logs" in str(unknown.exception)


def test_a_source_whose_requests_count_as_those_of_another_is_no_total_alone(tmp_path: Path, db: Path) -> None:
    loaded(db, write_jsonl(tmp_path / "proxy.jsonl", [proxied(n) for n in range(20)]))
    same = [call(n, request_id=f"chatcmpl-{n}") for n in range(15, 25)]
    assert loaded(db, write_jsonl(tmp_path / "flat.jsonl", same)).total("duplicate") == 5
    refused = run("report", "--db", str(db), "--json", "--quiet", "--source", "flat_log")
    assert "5 requests of flat_log are the very same as in litellm_spend_logs" in str(refused.exception)
    for sources, total in (("litellm_spend_logs",), 20), (("flat_log", "litellm_spend_logs"), 25):
        chosen = [part for source in sources for part in ("--source", source)]
        document = json.loads(run("report", "--db", str(db), "--json", "--quiet", *chosen).stdout)
        assert document["requests"]["total"] == total
