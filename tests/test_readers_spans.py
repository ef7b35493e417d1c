"""Spans outside of OTLP: the Vercel AI SDK, tables of Phoenix and Logfire, flat attributes."""

import json
from pathlib import Path

import pytest
from exports import write_jsonl
from otlp_lines import CHAT
from staging import Row, judged, prepared

from audit.errors import InputError
from audit.intake.load_report import LoadReport
from audit.intake.loading import load

SAMPLES = Path(__file__).parent / "data" / "samples"
VERCEL = SAMPLES / "openinference" / "vercel_v6_spans"
PHOENIX = SAMPLES / "openinference"
SPAN: Row = {
    "name": "ai.streamText.doStream",
    "spanContext": {"traceId": "t", "spanId": "s"},
    "attributes": {"ai.model.provider": "anthropic.messages", "ai.model.id": "claude", "ai.usage.inputTokens": 5},
    "status": {"code": 0},
    "startTime": [1770132000, 598000],
    "endTime": [1770132005, 984307375],
    "events": [],
}


def copied(tmp_path: Path, sample: Path) -> Path:
    copy = tmp_path / sample.name
    copy.write_bytes(sample.read_bytes())
    return copy


def one(tmp_path: Path, record: Row) -> Row:
    (row,) = judged(write_jsonl(tmp_path / "one.jsonl", [record]))
    return row


def loaded(tmp_path: Path, *paths: Path) -> LoadReport:
    report = load([str(path) for path in paths], tmp_path / "usage.duckdb")
    assert report.failed_checks == ()
    assert report.total("read") == sum(report.total(part) for part in ("loaded", "duplicate", "rejected"))
    return report


@pytest.mark.parametrize(
    ("name", "format", "counts", "not_calls"),
    [
        *((f"vercel_v6_spans/ai-{call}.json", "vercel_ai", counts, counts[3]) for call, counts in {
            "generateText": (2, 0, 0, 2), "generateText-doGenerate": (2, 2, 0, 0),
            "generateObject": (1, 0, 0, 1), "generateObject-doGenerate": (1, 1, 0, 0),
            "streamText": (1, 0, 0, 1), "streamText-doStream": (1, 1, 0, 0),
            "embed": (1, 0, 0, 1), "embed-doEmbed": (1, 1, 0, 0),
        }.items()),
        ("genai/openinference_client_span_input_output_only.json", "flat_spans", (1, 0, 0, 1), 0),
        ("genai/openinference_client_span_tool_calls.json", "flat_spans", (1, 0, 0, 1), 0),
        ("flat_attributes_written_here.jsonl", "flat_spans", (3, 1, 0, 2), 1),
        ("phoenix_dataframe_written_here.csv", "span_table", (4, 3, 0, 1), 1),
        ("phoenix_dataframe_written_here.parquet", "span_table", (4, 3, 0, 1), 1),
        ("phoenix_nested_written_here.parquet", "span_table", (4, 3, 0, 1), 1),
        ("phoenix_rest_page_written_here.json", "span_table", (4, 3, 0, 1), 1),
        ("../otel/logfire_records_written_here.csv", "span_table", (3, 1, 0, 2), 2),
    ],
)  # fmt: skip
def test_every_record_of_a_sample_is_accounted_for(
    tmp_path: Path, name: str, format: str, counts: tuple[int, ...], not_calls: int
) -> None:
    (file,) = loaded(tmp_path, PHOENIX / name).files
    assert (file.format, file.not_calls) == (format, not_calls)
    assert (file.read, file.loaded, file.duplicate, file.rejected) == counts


@pytest.mark.trap("vercel_ai")
def test_the_outer_span_of_the_vercel_sdk_repeats_the_call_and_is_none(tmp_path: Path) -> None:
    report = loaded(tmp_path, *sorted(VERCEL.glob("ai-*.json")))
    assert (report.total("read"), report.total("loaded"), report.total("not_calls")) == (10, 5, 5)


@pytest.mark.trap("vercel_ai")
def test_usage_is_found_under_the_names_of_generate_stream_and_embed(tmp_path: Path) -> None:
    names = ("generateText-doGenerate", "generateObject-doGenerate", "streamText-doStream", "embed-doEmbed")
    rows = [row for name in names for row in judged(copied(tmp_path, VERCEL / f"ai-{name}.json"))]
    assert [(row["usage_input_tokens"], row["usage_output_tokens"]) for row in rows] == [
        (14, 20), (50, 9), (63, 156), (15, 112), (10, 0),
    ]  # fmt: skip
    assert [row["output_type"] for row in rows] == ["text", "text", "json", "text", "text"]
    assert [row["operation_name"] for row in rows] == ["chat"] * 4 + ["embeddings"]
    assert [row["stream"] for row in rows] == [False, False, False, True, False]
    assert {row["provider_name"] for row in rows} == {"openai"}
    assert [row["route"] for row in rows][:1] == ["test-generate-text"]
    assert rows[3]["time_to_first_chunk_ms"] == 427


@pytest.mark.trap("vercel_ai")
def test_times_are_pairs_of_seconds_and_nanoseconds(tmp_path: Path) -> None:
    row = one(tmp_path, SPAN)
    assert str(row["start_time"]) == "2026-02-03 15:20:00.000598", "598000 ns are 0.000598 s, not 0.598"
    assert row["duration_ms"] == 5984
    as_text = one(tmp_path, SPAN | {"startTime": "2026-02-03T15:20:00.000598Z"})
    assert as_text["start_time"] == row["start_time"]


def test_the_attributes_of_a_failed_vercel_call_name_its_error_and_parent(tmp_path: Path) -> None:
    raised: Row = {"name": "exception", "time": [1770132001, 0], "attributes": {"exception.type": "AI_APICallError"}}
    row = one(tmp_path, SPAN | {"status": {"code": 2}, "events": [raised], "parentSpanContext": {"spanId": "p"}})
    assert (row["is_failed"], row["error_type"], row["parent_id"]) == (True, "AI_APICallError", "p")
    assert (row["provider_name"], row["usage_known"]) == ("anthropic", False)


@pytest.mark.trap("vercel_ai")
def test_a_list_of_attribute_names_is_refused_with_what_to_load_instead(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a list of the attributes that some spans had .* Load the files with the"):
        prepared(copied(tmp_path, VERCEL / "capture-results.json"))


@pytest.mark.trap("span_table")
def test_every_shape_of_a_phoenix_export_gives_the_same_calls(tmp_path: Path) -> None:
    same = (
        "reject_reason", "request_id", "trace_id", "parent_id", "start_time", "duration_ms", "provider_name",
        "request_model", "response_model", "usage_known", "usage_input_tokens", "usage_cache_read_input_tokens",
        "usage_output_tokens", "output_type", "is_failed", "conversation_id",
    )  # fmt: skip
    names = (
        "dataframe_written_here.csv",
        "dataframe_written_here.parquet",
        "nested_written_here.parquet",
        "rest_page_written_here.json",
    )
    shapes = [judged(copied(tmp_path, PHOENIX / f"phoenix_{name}")) for name in names]
    first, *others = [[{name: row[name] for name in same} for row in rows] for rows in shapes]
    for other in others:
        assert other == first
    assert [row["reject_reason"] for row in first] == ["not a model call: AGENT", None, None, None]
    assert [row["usage_cache_read_input_tokens"] for row in first[1:]] == [1024, 0, None]
    assert [rows[3]["error_type"] for rows in (shapes[0], shapes[1], shapes[3])] == ["RateLimitError"] * 3
    assert [rows[1]["message_count"] for rows in shapes[:2]] == [2, 2]
    assert shapes[0][1]["template_hash"] == shapes[1][1]["template_hash"] is not None


@pytest.mark.trap("span_table")
def test_a_number_that_pandas_wrote_as_nan_is_absent(tmp_path: Path) -> None:
    rows = judged(copied(tmp_path, PHOENIX / "phoenix_dataframe_written_here.parquet"))
    assert (rows[2]["usage_cache_read_input_tokens"], rows[2]["reject_reason"]) == (0, None)


@pytest.mark.trap("span_table")
def test_a_dataframe_by_rows_has_epochs_and_one_by_columns_is_refused_with_the_way_out(tmp_path: Path) -> None:
    row: Row = {"context.trace_id": "t", "context.span_id": "s", "span_kind": "LLM", "start_time": 1772442000000}
    row |= {
        "end_time": 1772442001000,
        "attributes.llm.token_count.prompt": 3.0,
        "attributes.llm.token_count.completion": 4,
    }
    found = one(tmp_path, row)
    assert (str(found["start_time"]), found["duration_ms"], found["usage_input_tokens"]) == (
        "2026-03-02 09:00:00",
        1000,
        3,
    )
    by_columns = tmp_path / "columns.json"
    for indent in (None, 1):
        by_columns.write_text(
            json.dumps({name: {"0": value, "1": value} for name, value in row.items()}, indent=indent)
        )
        with pytest.raises(InputError, match=r"column by column.*orient='records', lines=True"):
            prepared(by_columns)


def test_an_attribute_inside_an_object_column_is_found(tmp_path: Path) -> None:
    row: Row = {"context.trace_id": "t", "span_kind": "LLM", "start_time": "2026-03-02T09:00:00Z"}
    row |= {"attributes.llm.token_count": {"prompt": 30, "completion": 4, "prompt_details": {"cache_read": 20}}}
    found = one(tmp_path, row)
    assert (found["usage_input_tokens"], found["usage_cache_read_input_tokens"]) == (30, 20)


@pytest.mark.parametrize("as_text", [True, False])
def test_one_odd_attribute_costs_no_record(tmp_path: Path, as_text: bool) -> None:
    for odd in ({"user": "bob", "llm": 7}, {"llm": {"token_count": "many"}}, {"gen_ai": [1]}):
        values = {**CHAT, **odd}
        row: Row = {"trace_id": "t", "span_id": "s", "start_timestamp": "2026-03-02T09:00:00Z"}
        row |= {"attributes": json.dumps(values) if as_text else values}
        assert (one(tmp_path, row)["usage_input_tokens"], one(tmp_path, row)["reject_reason"]) == (100, None)


def test_what_the_console_exporter_prints_is_a_table_of_spans(tmp_path: Path) -> None:
    printed = {
        "name": "chat gpt-4o",
        "context": {"trace_id": "0x" + "0" * 31 + "1", "span_id": "0x" + "0" * 15 + "2", "trace_state": "[]"},
        "kind": "SpanKind.CLIENT",
        "parent_id": "0x" + "0" * 15 + "3",
        "start_time": "2026-03-02T09:00:00.000000Z",
        "end_time": "2026-03-02T09:00:01.500000Z",
        "status": {"status_code": "ERROR"},
        "attributes": CHAT,
        "events": [{"name": "exception", "timestamp": "x", "attributes": {"exception.type": "openai.APIError"}}],
        "links": [],
        "resource": {"attributes": {"service.name": "shop"}, "schema_url": ""},
    }
    path = tmp_path / "console.log"
    path.write_text(json.dumps(printed, indent=4) + "\n" + json.dumps(printed, indent=4) + "\n")
    first, second = judged(path)
    assert first == second
    assert (first["trace_id"], first["request_id"], first["parent_id"]) == (
        "0" * 31 + "1",
        "0" * 15 + "2",
        "0" * 15 + "3",
    )
    assert (first["is_failed"], first["error_type"], first["project_id"], first["duration_ms"]) == (
        True,
        "APIError",
        "shop",
        1500,
    )


@pytest.mark.trap("span_table")
def test_logfire_keeps_attributes_as_json_and_agents_beside_their_calls(tmp_path: Path) -> None:
    agent, call, other = judged(copied(tmp_path, SAMPLES / "otel" / "logfire_records_written_here.csv"))
    assert [agent["reject_reason"], other["reject_reason"]] == [
        "not a model call: invoke_agent",
        "not a model call: span",
    ]
    assert (call["usage_input_tokens"], call["usage_cache_read_input_tokens"], call["usage_output_tokens"]) == (
        140,
        128,
        9,
    )
    assert (call["parent_id"], call["project_id"], call["duration_ms"]) == (agent["request_id"], "shop", 750)


@pytest.mark.trap("flat_spans")
def test_attributes_without_a_time_are_rejected_and_the_load_says_what_is_missing(tmp_path: Path) -> None:
    samples = sorted((PHOENIX / "genai").glob("*.json"))
    report = loaded(tmp_path, *samples)
    assert (report.total("rejected"), report.total("not_calls")) == (2, 0)
    assert len(report.warnings) == 2
    assert all("without the time of the call" in warning for warning in report.warnings)
    for sample in samples:
        (row,) = judged(copied(tmp_path, sample))
        assert (row["reject_reason"], row["message_count"]) == ("start_time is missing", 3)
        assert (row["request_model"], row["response_model"], row["usage_input_tokens"]) == ("gpt-4", "gpt-4-0613", 97)


@pytest.mark.trap("flat_spans")
def test_flat_attributes_with_a_time_are_calls_with_their_tools(tmp_path: Path) -> None:
    call, tool, odd = judged(copied(tmp_path, PHOENIX / "flat_attributes_written_here.jsonl"))
    assert (call["reject_reason"], call["tool_count"], call["usage_output_tokens"]) == (None, 2, 52)
    assert tool["reject_reason"] == "not a model call: TOOL"
    assert odd["reject_reason"] == "usage_input_tokens twelve is not a count"
