"""The demo: real rows only, reproducible, and one of each verdict for the reason its README gives."""

import csv
import gzip
import json
from collections import Counter
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import demo_source
import pytest

from audit.config import read_config
from audit.demo import DATABASE, LOG, NOTE, SETTINGS, DemoResult, run_demo
from audit.errors import ConfigError
from audit.report.document import ReportDocument, Workload

TODAY = date(2026, 11, 22)
BUNDLE = demo_source.BUNDLE


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoResult:
    return run_demo(tmp_path_factory.mktemp("demo") / "audit-demo", today=TODAY)


def rows(name: str) -> list[dict[str, str]]:
    with (demo_source.SOURCES / name).open(newline="") as file:
        return list(csv.DictReader(file))


def log() -> list[dict[str, object]]:
    return [json.loads(line) for line in gzip.decompress((BUNDLE / LOG).read_bytes()).splitlines()]


def tagged(endpoint: str) -> list[dict[str, object]]:
    return [record for record in log() if json.loads(str(record["request_tags"])) == [endpoint]]


def of(document: ReportDocument, endpoint: str) -> list[Workload]:
    return [workload for workload in document["workloads"] if workload["endpoint"] == endpoint]


def test_the_bundled_files_are_what_the_sources_give() -> None:
    log_bytes = (BUNDLE / LOG).read_bytes()
    assert gzip.decompress(log_bytes).decode() == demo_source.spend_logs()
    assert (BUNDLE / "outcomes.csv").read_bytes().decode() == demo_source.outcomes()
    # no name and no time in the gzip header; the packed bytes themselves differ between zlib builds
    assert log_bytes[3:8] == bytes(5)


def test_the_demo_is_small_and_carries_its_licences() -> None:
    bundled = {entry.name for entry in BUNDLE.iterdir()}
    assert {"NOTICE.md", "LICENSE.upstream.azure", "LICENSE.upstream.zeroeval", "README.md"} < bundled
    assert sum(entry.stat().st_size for entry in BUNDLE.iterdir()) < 1_000_000
    assert "moved" in (BUNDLE / "NOTICE.md").read_text(encoding="utf-8")


def test_every_row_of_the_log_is_a_row_of_its_source() -> None:
    for endpoint, name in (("code-completion", "code"), ("conversation", "conv")):
        source = rows(f"AzureLLMInferenceTrace_{name}.csv")
        found = tagged(endpoint)
        assert len(found) == len(source) // 10
        for record in found:
            row = source[int(str(record["request_id"]).rpartition("/")[2]) - 1]
            assert (row["ContextTokens"], row["GeneratedTokens"]) == (
                str(record["prompt_tokens"]),
                str(record["completion_tokens"]),
            )
    newer = {row["id"]: row for row in rows("zeroeval_gpt4o0806_vs_mini.csv")}
    older = {row["id"]: row for row in rows("zeroeval_gpt4o0513_vs_mini.csv")}
    for endpoint, source in (("gsm", newer), ("math-l5", newer), ("crux", newer), ("numersense-v2", older)):
        found = tagged(endpoint)
        assert len(found) == sum(row["category"] == endpoint for row in source.values())
        for record in found:
            row = source[str(record["request_id"])]
            assert (row["big_model"], row["big_input_tokens"], row["big_output_tokens"]) == (
                record["model"],
                str(record["prompt_tokens"]),
                str(record["completion_tokens"]),
            )


def test_arrival_times_fill_the_declared_week_and_say_that_they_were_moved() -> None:
    records = log()
    times = [str(record["startTime"]) for record in records]
    assert times == sorted(times)
    assert (times[0][:10], times[-1][:10]) == ("2026-09-07", "2026-09-13")
    assert all('"arrival_time": "moved"' in str(record["metadata"]) for record in records)


def test_a_working_hour_is_busier_than_the_night_and_the_weekend() -> None:
    hours = Counter((moment.weekday(), moment.hour) for moment in demo_source.arrivals(7_200))
    assert (hours[0, 12], hours[0, 7], hours[0, 3], hours[5, 12]) == (80, 40, 20, 40)
    assert sum(hours.values()) == 7_200


def test_the_tool_recomputes_exactly_what_the_log_was_billed(demo: DemoResult) -> None:
    spend = sum(Decimal(str(record["spend"])) for record in log())
    assert demo.document["spend"]["billed_cost"] == pytest.approx(float(spend), abs=1e-12)
    assert demo.document["spend"]["list_cost"] == pytest.approx(float(spend), abs=1e-12)


def test_every_record_and_every_pair_arrives(demo: DemoResult) -> None:
    count = len(log())
    assert demo.document["rows"] == {"read": count, "loaded": count, "duplicate": 0, "rejected": 0}
    assert demo.document["requests"]["eligible"] == count
    assert demo.outcomes.pairs == len(demo_source.outcomes().splitlines()) - 1
    assert not demo.outcomes.unknown_endpoints
    assert all(check["ok"] for check in demo.document["checks"])


def test_the_readme_counts_what_is_there() -> None:
    readme = (BUNDLE / "README.md").read_text(encoding="utf-8")
    assert f"{len(log()):,} calls" in readme
    assert f"{len(demo_source.outcomes().splitlines()) - 1:,} paired outcomes" in readme


@pytest.mark.parametrize(
    ("endpoint", "verdict", "reason"),
    [
        ("gsm", "route", "loss_within_margin"),
        ("math-l5", "pilot", "undecided"),
        ("crux", "keep", "loss_above_margin"),
        ("numersense-v2", "pilot", "retired_snapshot"),
        ("code-completion", "pilot", "no_outcomes"),
        ("conversation", "pilot", "no_outcomes"),
    ],
)
def test_each_endpoint_gets_the_verdict_of_the_readme(
    demo: DemoResult, endpoint: str, verdict: str, reason: str
) -> None:
    readme = (BUNDLE / "README.md").read_text(encoding="utf-8")
    line = next(line for line in readme.splitlines() if line.startswith("|") and f"`{endpoint}`" in line)
    assert f"| {verdict} |" in line
    workloads = of(demo.document, endpoint)
    assert workloads
    assert {workload["verdict"] for workload in workloads} == {verdict}
    assert all(reason in workload["reasons"] for workload in workloads)


def test_the_losses_are_those_published_for_the_same_answers(demo: DemoResult) -> None:
    losses = {w["endpoint"]: w["quality_loss"]["point"] for w in demo.document["workloads"] if w["quality_loss"]}
    # evidence of WildEval/ZeroEval: 54 of 1,319, 175 of 721, 129 of 800 and 57 of 512 pairs differ
    expected = {"gsm": 26 / 1319, "math-l5": 23 / 721, "crux": 89 / 800, "numersense-v2": 47 / 512}
    assert losses == pytest.approx({name: 100 * share for name, share in expected.items()})


def test_with_normal_stakes_the_same_outcomes_do_not_route(tmp_path: Path) -> None:
    settings = (BUNDLE / SETTINGS).read_text()
    (tmp_path / SETTINGS).write_text(settings.replace('gsm = "low"', 'gsm = "normal"'))
    result = run_demo(tmp_path, today=TODAY)
    assert {workload["verdict"] for workload in of(result.document, "gsm")} == {"pilot"}
    assert 'gsm = "normal"' in (tmp_path / SETTINGS).read_text()


def test_a_commented_setting_of_the_demo_is_a_valid_one(tmp_path: Path) -> None:
    settings = (BUNDLE / SETTINGS).read_text().replace("# code-completion =", "code-completion =")
    settings = settings.replace("# escalation_rate", "escalation_rate").replace("# check_cost", "check_cost")
    (tmp_path / SETTINGS).write_text(settings)
    config = read_config(tmp_path / SETTINGS)
    assert config.task_types == {"code-completion": "code_gen"}
    assert set(config.assumptions) == {"escalation_rate", "check_cost_share"}


def test_the_tour_says_first_that_times_were_moved(demo: DemoResult) -> None:
    assert demo.document.get("warnings", [])[0] == NOTE
    page = demo.html.read_text(encoding="utf-8")
    assert "arrival times moved into one week" in page


def test_the_tour_can_be_taken_again(demo: DemoResult) -> None:
    again = run_demo(demo.directory, today=TODAY)
    assert {k: v for k, v in again.document.items() if k != "files"} == {
        k: v for k, v in demo.document.items() if k != "files"
    }


def test_the_tour_never_overwrites_somebody_elses_log(tmp_path: Path) -> None:
    (tmp_path / LOG).write_bytes(b"mine")
    with pytest.raises(ConfigError, match=r"spend_logs\.jsonl\.gz: in the way"):
        run_demo(tmp_path, today=TODAY)
    assert (tmp_path / LOG).read_bytes() == b"mine"
    assert not (tmp_path / DATABASE).exists()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file.*name another directory"):
        run_demo(tmp_path / "file", today=TODAY)


def test_the_demo_is_found_beside_the_package() -> None:
    assert files("audit").joinpath("data", "demo", LOG).is_file()
