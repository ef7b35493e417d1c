"""A load on Spark gives what a load on this machine gives: cells, counts, rejects, reports."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import duckdb
import pytest

from audit.assumptions import assumptions_from
from audit.config import Config, read_config, with_endpoint
from audit.demo import LOG, OUTCOMES, SETTINGS, run_demo
from audit.engines import loading as on_spark
from audit.engines.reading import PLACE, Reading
from audit.engines.records import records
from audit.errors import InputError
from audit.evidence.outcome_log import add_outcomes
from audit.intake.load_report import LoadReport
from audit.intake.loading import load as load_here
from audit.intake.rejects import listed
from audit.pipeline import run_report
from audit.scope import Question
from audit.warehouse import Warehouse
from tests.spark_engine import QUICK_JAVA, cluster, needs_spark, spark
from tests.spark_loads import SALT, assert_same, generated, rows

pytestmark = needs_spark

SAMPLES = Path(__file__).parent / "data" / "samples"
SUPPORTED = (
    "anthropic/messages_written_here.jsonl", "azure/apim_gateway_logs_written_here.json",
    "bedrock/invocations_written_here.jsonl", "gateways/azure_apim_written_here.csv",
    "gateways/envoy_ai_gateway_access_log.jsonl", "gateways/portkey_written_here.jsonl",
    "helicone/export_tool_written_here.csv", "home_made/flat_log_written_here.csv",
    "litellm/litellm_1.106.2_standard_logging.jsonl", "litellm/spend_logs_written_here.jsonl",
    "openai/wrapped_calls_written_here.jsonl", "vertex/request_response_written_here.jsonl",
)  # fmt: skip
"""Exports of formats that Spark reads."""


@pytest.fixture(autouse=True)
def _one_salt(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("AUDIT_SALT", SALT)


def both(tmp_path: Path, paths: Sequence[Path | str], config: Config | None = None) -> tuple[LoadReport, LoadReport]:
    """Load the files here and on Spark, into here.duckdb and spark.duckdb."""
    names = [str(path) for path in paths]
    spark()
    here = load_here(names, tmp_path / "here.duckdb", config=config, keep="cells")
    there = on_spark.load(names, tmp_path / "spark.duckdb", config=config, master="local[2]")
    return here, there


def spend_log(number: int, **changed: object) -> dict[str, object]:
    """A line of LiteLLM's SpendLogs."""
    return {
        "request_id": f"r{number}", "call_type": "acompletion", "startTime": f"2026-03-01T10:00:{number % 60:02}Z",
        "endTime": f"2026-03-01T10:01:{number % 60:02}Z", "model": "gpt-4o-2024-08-06", "prompt_tokens": 100 + number,
        "completion_tokens": 10, "request_tags": '["feature-a"]', "metadata": "{}", "custom_llm_provider": "openai",
    } | changed  # fmt: skip


def test_every_supported_format_gives_the_same_cells_and_rejects(tmp_path: Path) -> None:
    here, there = both(tmp_path, [SAMPLES / name for name in SUPPORTED])
    assert not there.refused
    assert not there.failed_checks
    assert here.total("loaded") == there.total("loaded") > len(SUPPORTED)
    assert_same(tmp_path)


def test_logs_with_bad_lines_and_duplicates_add_up_alike(tmp_path: Path) -> None:
    paths = [
        generated(tmp_path, "spend.jsonl.gz", 2000, "litellm", 120),
        generated(tmp_path, "calls.jsonl", 2000, "openai", 70, seed=2),
        generated(tmp_path, "odd [name] 50%.csv", 2000, "csv", 40, seed=3),
        generated(tmp_path, "flat.parquet", 2000, "csv", seed=4),
    ]
    repeated = tmp_path / "again.jsonl"
    repeated.write_bytes(b"".join(gzip.decompress(paths[0].read_bytes()).splitlines(keepends=True)[:300]))
    settings = tmp_path / "audit.toml"
    settings.write_text('[endpoint]\nrewrite = [{ pattern = "^(kb|mail)-.*$", replacement = "text" }]\n')
    _, there = both(tmp_path, [*paths, repeated], read_config(settings))
    assert not there.failed_checks
    assert there.total("rejected") > 230
    assert there.total("duplicate") > 300
    assert there.total("read") == there.total("loaded") + there.total("duplicate") + there.total("rejected")
    assert_same(tmp_path)


BAD_LINES = (
    b"", b" \t\x0b\x0c", b"\xc2\xa0", b"{}", b"[1, 2]", b"null", b"12", b'"text"', b"#### not json",
    b"%(good)s %(good)s", b"%(good)s,%(good)s", b"[%(good)s]", b"%(good)s]", b'%(good)s, "end": 1', b"%(good)s }",
    b'{"request_id": "\\ud800", "startTime": "2026-03-01T10:00:00Z", "model": "m"}',
    b'{"request_id": "\\\\ud800 \\ud83d\\ude00", "startTime": "2026-03-01T10:00:00Z", "model": "m"}',
    b'{"request_id": "\xff\xfe", "startTime": "2026-03-01T10:00:00Z", "model": "m"}',
    b'{"request_id": "a\x00b", "startTime": "2026-03-01T10:00:00Z", "model": "m"}',
    b"{'request_id': 'quoted', 'startTime': '2026-03-01T10:00:00Z', 'model': 'm'}",
    b'{"request_id": "nan", "startTime": "2026-03-01T10:00:00Z", "model": "m", "unread": NaN}',
    b'{"request_id": "float", "startTime": 1772359200.25, "model": "m", "prompt_tokens": 12.0}',
    b'{"request_id": "word", "startTime": "2026-03-01T10:00:00Z", "model": "m", "prompt_tokens": "twelve"}',
    b'{"request_id": "part", "startTime": "2026-03-01T10:00:00Z", "model": "m", "prompt_tokens": 12.7}',
    b'{"request_id": "long", "startTime": "2026-03-01T10:00:00Z", "prompt_tokens": 99999999999999999999}',
    b'{"request_id": "open", "startTime": "2026-03-01T10:00:00Z", "model": "m", "metadata": {"usage_object": "n/a"}}',
    b'{"request_id": "cut o',
)  # fmt: skip


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_the_same_lines_are_bad_on_both_engines(tmp_path: Path, ending: bytes) -> None:
    good = json.dumps(spend_log(1)).encode()
    lines = [json.dumps(spend_log(number)).encode() for number in range(2, 8)]
    for line in BAD_LINES:
        lines += [line.replace(b"%(good)s", good), json.dumps(spend_log(len(lines) + 10)).encode()]
    path = tmp_path / "spend.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + ending.join(lines) + ending)
    both(tmp_path, [path])
    assert_same(tmp_path)
    with Warehouse.read(tmp_path / "spark.duckdb") as warehouse:
        assert all(each.text is not None for each in listed(warehouse))


def test_a_comma_too_many_and_a_key_twice_are_all_that_the_engines_read_differently(tmp_path: Path) -> None:
    lines = {'{"a": "1"}': ("1", "1"), '{"a": "1",}': ("1", None), '{"a": "1", "a": "2"}': ("1", "2")}
    path = tmp_path / "lines.jsonl"
    path.write_text("\n".join(lines))
    reading = Reading(kind="json", columns=(("a", "VARCHAR"),), delimiter=",", select="", is_alone=False)
    there = [row["a"] for row in records(spark(), reading, {1: str(path)}).orderBy(PLACE).collect()]
    with duckdb.connect() as con:
        read = (
            "read_json(?, format = 'newline_delimited', records = true, ignore_errors = true, columns = {a: 'VARCHAR'})"
        )
        here = [a for (a,) in con.execute(f"select a from {read}", [str(path)]).fetchall()]
    assert dict(zip(lines, zip(here, there, strict=True), strict=True)) == lines


def test_of_many_rejects_the_first_thousand_come_home_and_all_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "spend.jsonl"
    lines = [json.dumps(spend_log(number)) if number % 2 else "[]" for number in range(2500)]
    path.write_text("\n".join(lines))
    _, there = both(tmp_path, [path])
    assert not there.failed_checks
    (file,) = there.files
    assert (file.read, file.rejected) == (2500, 1250)
    assert file.notes == {"rejected, and not listed after the first 1,000": 250}
    assert len(rows(tmp_path / "spark.duckdb", "rejects")) == 1000


def test_an_id_with_other_content_is_a_collision_and_one_with_the_same_a_duplicate(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text("\n".join(json.dumps(spend_log(number)) for number in (1, 2, 3, 3)))
    second.write_text(
        "\n".join(json.dumps(line) for line in (spend_log(2), spend_log(3, prompt_tokens=7), spend_log(4)))
    )
    _, there = both(tmp_path, [first, second], with_endpoint(Config(), "tag:feature-"))
    assert [(file.duplicate, file.id_collisions) for file in there.files] == [(1, 0), (1, 1)]
    assert_same(tmp_path)


def test_what_spark_does_not_read_is_refused_by_name_with_the_way_out(tmp_path: Path) -> None:
    names = [
        "bills/flat_bill_written_here.csv", "otel/otlp_traps_written_here.otlp.jsonl",
        "langfuse/blob_observations_written_here.jsonl", "codex/rollout_written_here.jsonl",
        "openai/batch_output_doc_example.jsonl",
    ]  # fmt: skip
    misnamed = tmp_path / "packed.log"
    misnamed.write_bytes(gzip.compress(json.dumps(spend_log(1)).encode()))
    report = on_spark.load([*(str(SAMPLES / name) for name in names), str(misnamed)], tmp_path / "none.duckdb")
    assert not report.files
    assert len(report.refused) == len(names) + 1
    assert all("without --engine spark" in message for message in report.refused)
    assert [message.partition(": ")[0] for message in report.refused] == [str(SAMPLES / n) for n in names] + [
        str(misnamed)
    ]


def test_buckets_and_files_that_spark_hides_stop_the_load_and_change_nothing(tmp_path: Path) -> None:
    spark()
    hidden = tmp_path / "_spend.jsonl"
    hidden.write_text(json.dumps(spend_log(1)))
    for path, said in (
        (SAMPLES / "litellm/daily_spend_written_here.csv", "bucket of several requests"),
        (hidden, "must not begin with a dot or an underscore"),
    ):
        with pytest.raises(InputError, match=said):
            on_spark.load([str(path)], tmp_path / "spark.duckdb", master="local[2]")
    assert not (tmp_path / "spark.duckdb").exists()


def test_a_later_load_of_the_same_time_is_refused_and_one_of_another_counts(tmp_path: Path) -> None:
    march, april = tmp_path / "march.jsonl", tmp_path / "april.jsonl"
    march.write_text("\n".join(json.dumps(spend_log(number)) for number in range(5)))
    april.write_text(
        "\n".join(json.dumps(spend_log(number, startTime="2026-04-01T10:00:00Z")) for number in range(5, 9))
    )
    both(tmp_path, [march])
    db = tmp_path / "spark.duckdb"
    with pytest.raises(InputError, match="of which no keys were kept"):
        on_spark.load([str(march)], db, master="local[2]")
    assert load_here([str(april)], db).total("loaded") == 4
    assert sum(int(str(count)) for (count,) in rows(db, "traffic_cells", "request_count")) == 9


def test_the_demo_reports_the_same_whichever_engine_loaded_it(tmp_path: Path) -> None:
    spark()
    demo = run_demo(tmp_path)
    config = read_config(tmp_path / SETTINGS)
    both(tmp_path, [tmp_path / LOG], config)
    reports: list[object] = []
    assumptions = assumptions_from(config.assumptions)
    for db in (tmp_path / "here.duckdb", tmp_path / "spark.duckdb"):
        add_outcomes(db, tmp_path / OUTCOMES, today=demo.today)
        with Warehouse.read(db) as warehouse:
            document = run_report(warehouse, Question(today=demo.today), config, assumptions).document
        for file in cast("list[dict[str, object]]", document.get("files", [])):
            del file["seconds"]
        reports.append(json.loads(json.dumps(document, default=str).replace(db.name, "")))
    assert reports[0] == reports[1]
    assert_same(tmp_path)


def test_a_cluster_of_two_workers_gives_the_cells_of_this_machine(tmp_path: Path) -> None:
    paths = [
        generated(tmp_path, "spend.jsonl", 30_000, "litellm", 300),
        generated(tmp_path, "calls.jsonl.gz", 20_000, "openai", 60, seed=2),
        generated(tmp_path, "flat.csv", 20_000, "csv", 40, seed=3),
        *(generated(tmp_path, f"flat{seed}.parquet", 470_000, "csv", seed=seed) for seed in (4, 5)),
    ]
    here = load_here([str(path) for path in paths], tmp_path / "here.duckdb", keep="cells")
    with cluster(tmp_path) as master:
        command = [
            str(Path(sys.executable).parent / "audit"), "load", *map(str, paths), "--engine", "spark",
            "--master", master,
            "--db", str(tmp_path / "spark.duckdb"), "--json",
        ]  # fmt: skip
        # 200 parts by default, for logs that are a thousand times as long
        (tmp_path / "spark-defaults.conf").write_text("spark.sql.shuffle.partitions 4\nspark.driver.host 127.0.0.1\n")
        environment = os.environ | QUICK_JAVA | {"SPARK_CONF_DIR": str(tmp_path), "SPARK_LOCAL_IP": "127.0.0.1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "master.log").read_text().count("Registering worker") == 2
    counted = json.loads(done.stdout)["rows"]
    assert counted == {name: here.total(name) for name in ("read", "loaded", "duplicate", "rejected")}
    assert counted["read"] >= 1_000_000
    assert_same(tmp_path)
