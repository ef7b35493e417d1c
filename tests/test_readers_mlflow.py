"""MLflow's traces: one record per span, wherever the file keeps the spans, and attributes that are JSON in text."""

import base64
import json
from pathlib import Path
from typing import cast

import duckdb
import pytest
from exports import Row, write_jsonl
from load_counts import counts
from staging import judged, prepared

from audit.intake.loading import load
from audit.intake.rejects import listed
from audit.warehouse import Warehouse

SAMPLES = Path(__file__).parent / "data" / "samples" / "mlflow"
NAMES = ("trace_written_here.json", "search_traces_written_here.jsonl", "search_traces_written_here.csv")
START = 1_772_442_000_000_000_000
USAGE: Row = {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}
NO_SPANS = "a trace without its spans; export with search_traces(include_spans=True)"
pytestmark = pytest.mark.trap("mlflow")


def span(kind: str = "CHAT_MODEL", *, usage: Row | None = None, **attributes: object) -> Row:
    """A span as MLflow 3 writes it; `attributes` without their prefix, dots as two underscores."""
    values: Row = {"spanType": kind, "chat.tokenUsage": USAGE if usage is None else usage}
    values |= {name.replace("__", "."): value for name, value in attributes.items()}
    return {
        "trace_id": base64.b64encode(bytes(16)).decode(),
        "span_id": base64.b64encode(bytes(8)).decode(),
        "parent_span_id": None,
        "name": "Completions",
        "start_time_unix_nano": START,
        "end_time_unix_nano": START + 2_500_000_000,
        "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": {f"mlflow.{name}": json.dumps(value) for name, value in values.items() if value != {}},
    }


def read(tmp_path: Path, *spans: Row) -> list[Row]:
    row: Row = {"trace_id": "tr-1", "trace_metadata": {}, "tags": {"mlflow.traceName": "triage"}, "spans": list(spans)}
    return judged(write_jsonl(tmp_path / "traces.jsonl", [row]))


def sample(tmp_path: Path, name: str) -> list[Row]:
    copy = tmp_path / name
    copy.write_bytes((SAMPLES / name).read_bytes())
    return judged(copy)


@pytest.mark.parametrize(("name", "empty"), [(NAMES[0], 0), (NAMES[1], 1), (NAMES[2], 1)])
def test_only_model_calls_of_the_samples_are_loaded_and_nothing_is_lost(tmp_path: Path, name: str, empty: int) -> None:
    assert counts(SAMPLES / name, tmp_path) == ("mlflow", 6 + empty, 4, 0, 2 + empty, 2)


def test_a_trace_reads_alike_as_a_document_as_a_line_and_as_a_row_of_csv(tmp_path: Path) -> None:
    document, lines, table = (sample(tmp_path, name) for name in NAMES)
    assert document == lines[:-1]
    assert lines == table
    assert lines[-1]["reject_reason"] == NO_SPANS


def test_spans_are_taken_and_the_sums_of_the_trace_are_not(tmp_path: Path) -> None:
    rows = [row for row in sample(tmp_path, NAMES[0]) if row["reject_reason"] is None]
    assert [row["usage_input_tokens"] for row in rows] == [1536, 2000, None, None]
    agent = sample(tmp_path, NAMES[0])[0]
    assert agent["reject_reason"] == "not a model call: span of type AGENT"
    assert {row["parent_id"] for row in rows} == {agent["request_id"]}
    assert {row["trace_id"] for row in rows} == {"tr-01"}


def test_a_value_that_is_json_in_text_is_read_as_what_it_is(tmp_path: Path) -> None:
    system = {"role": "system", "content": "Sort 12."}
    inputs: Row = {"model": "gpt-4o", "messages": [system], "tools": [{"type": "function"}, {"type": "function"}]}
    inputs |= {"response_format": {"type": "json_schema"}, "stream": True}
    (row,) = read(
        tmp_path,
        span(
            llm__model="gpt-4.1",
            llm__provider="openai",
            llm__cost={"total_cost": 0.5},
            spanInputs=inputs,
            linkedPrompts=[{"name": "sorting", "version": "3"}],
        ),
    )
    assert (row["request_model"], row["provider_name"], row["prompt_name"]) == (
        "gpt-4.1",
        "openai",
        "sorting",
    )
    assert (row["tool_count"], row["output_type"], row["stream"], row["message_count"]) == (2, "json", True, 1)
    assert (row["usage_input_tokens"], row["usage_output_tokens"], str(row["billed_cost"])) == (100, 10, "0.5000000000")
    assert (row["duration_ms"], row["route"]) == (2500, "triage")
    assert "Sort" not in str(row)


def test_a_call_without_tokens_is_of_unknown_usage_and_says_since_when_they_are_written(tmp_path: Path) -> None:
    (row,) = read(tmp_path, span(usage={}))
    assert (row["reject_reason"], row["usage_known"]) == (None, False)
    assert row["usage_note"] == "no token counts; MLflow writes them since 3.2"


def test_cached_tokens_are_inside_input_unless_they_cannot_be(tmp_path: Path) -> None:
    inside, beside = read(
        tmp_path,
        span(usage=USAGE | {"cache_read_input_tokens": 60}),
        span(usage=USAGE | {"cache_read_input_tokens": 400}),
    )
    assert (inside["usage_input_tokens"], beside["usage_input_tokens"]) == (100, 500)
    assert beside["usage_note"] == "cached tokens exceed input; treated as exclusive"


def test_embeddings_have_no_output_tokens_and_are_known_all_the_same(tmp_path: Path) -> None:
    (row,) = read(tmp_path, span("EMBEDDING", usage={"input_tokens": 100}))
    assert (row["operation_name"], row["usage_known"], row["usage_output_tokens"]) == ("embeddings", True, 0)


def test_spans_of_mlflow_2_are_read_though_their_keys_have_other_names(tmp_path: Path) -> None:
    new = span("LLM", usage={}, spanInputs={"model": "gpt-4o"})
    old = {
        "name": "Completions",
        "context": {"span_id": "0x1", "trace_id": "0x2"},
        "parent_id": "0x0",
        "start_time": START,
        "end_time": START + 1_000_000_000,
        "status_code": "ERROR",
        "attributes": new["attributes"],
    }
    path = tmp_path / "trace.json"
    path.write_text(json.dumps({"info": {"request_id": "r1"}, "data": {"spans": [old]}}))
    (row,) = judged(path)
    assert (row["request_id"], row["parent_id"], row["trace_id"]) == ("0x1", "0x0", "r1")
    assert (row["duration_ms"], row["is_failed"], row["request_model"]) == (1000, True, "gpt-4o")


@pytest.mark.parametrize("column", ["spans", "trace"])
def test_a_parquet_file_gives_the_spans_of_either_column(tmp_path: Path, column: str) -> None:
    lines, path = tmp_path / "traces.jsonl", tmp_path / "traces.parquet"
    lines.write_bytes((SAMPLES / NAMES[1]).read_bytes())
    kept = "spans" if column == "spans" else "trace, cast('none' as varchar) as spans"
    with duckdb.connect() as con:
        con.execute(
            f"copy (select trace_id, request_time, trace_metadata, tags, {kept} from read_json('{lines}')) to '{path}'"
        )
    assert prepared(path)[0].format == "mlflow"
    assert [known(row) for row in judged(path)] == [known(row) for row in judged(lines)]


def test_records_of_a_line_have_the_place_of_that_line_and_unreadable_lines_one_record(tmp_path: Path) -> None:
    row: Row = {"trace_id": "tr-1", "trace_metadata": None, "tags": None}
    bad = span(usage={"input_tokens": "many", "output_tokens": 1})
    rows: list[Row | str] = [row | {"spans": [span(), span()]}, "{broken", row | {"spans": [span("TOOL"), bad]}]
    path = write_jsonl(tmp_path / "traces.jsonl", rows)
    report = load([str(path)], tmp_path / "usage.duckdb")
    assert (report.total("read"), report.total("rejected"), report.total("not_calls")) == (5, 3, 1)
    assert report.failed_checks == ()
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        first, second = listed(warehouse, with_others=False)
    assert (first.record_number, first.text) == (3, "{broken")
    assert (second.record_number, second.reason) == (5, "usage_input_tokens many is not a count")
    assert cast("str", second.text) == json.dumps(rows[2])


def known(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "prompt_hash"}


def test_a_record_longer_than_any_before_is_read_as_the_first_records_say(tmp_path: Path) -> None:
    """Whether spans are a list or text only the first records show, and they are looked into again."""
    rows: list[Row] = [
        {"trace_id": f"t{n}", "spans": [span() | {"span_id": f"{n:016x}"}], "request": "x" * n * 20_000_000}
        for n in range(2)
    ]
    report = load([str(write_jsonl(tmp_path / "traces.jsonl", rows))], tmp_path / "usage.duckdb")
    assert (report.refused, report.total("loaded")) == ((), 2)
