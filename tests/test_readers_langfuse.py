"""Langfuse: the same observations in all their shapes, the samples of its own tests, and the traps of both."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from exports import Row, write_jsonl
from staging import judged, prepared, staged

from audit.errors import InputError
from audit.intake.load_report import LoadReport
from audit.intake.loading import load
from audit.warehouse import Warehouse

SAMPLES = Path(__file__).parent / "data" / "samples" / "langfuse"
NESTED = "repeats the calls inside of it"
HIDDEN = "hidden tokens between parts and total; counted as reasoning"
COUNTS: Mapping[str, tuple[int, int, int, int]] = {
    "agno-2025-06-11.json": (6, 2, 2, 2),
    "agno-2025-06-11.trace.json": (6, 2, 2, 2),
    "autogen-2025-06-06.json": (2, 1, 0, 1),
    "autogen-2025-06-06.trace.json": (2, 1, 0, 1),
    "claude-agent-2025-12-22.trace.json": (7, 4, 0, 3),
    "crewai-2025-07-11.trace.json": (6, 1, 0, 5),
    "google-gemini-2025-08-01.json": (1, 1, 0, 0),
    "google-gemini-2025-08-01.trace.json": (1, 1, 0, 0),
    "google-vertex-tools-langchain-2025-09-19.json": (1, 1, 0, 0),
    "langgraph-js-2025-10-30.trace.json": (20, 2, 0, 18),
    "llamaindex-2025-06-05.json": (2, 1, 0, 1),
    "llamaindex-2025-06-05.trace.json": (2, 1, 0, 1),
    "microsoft-agent-2025-10-14.json": (4, 2, 0, 2),
    "microsoft-agent-2025-12-17.trace.json": (4, 2, 0, 2),
    "openai-agents-2025-09-30.json": (5, 2, 0, 3),
    "openai-agents-2025-09-30.trace.json": (5, 2, 0, 3),
    "openai-assistants-2024-05-29.json": (4, 1, 0, 3),
    "pydantic-ai-with-gemini-2025-12-24.trace.json": (1, 1, 0, 0),
    "vertex-ai-2025-08-01.trace.json": (1, 1, 0, 0),
}
"""Records read, loaded, duplicate and rejected."""
SHAPES = (
    "ui_observations_written_here.csv",
    "ui_observations_written_here.jsonl",
    "ui_events_written_here.json",
    "blob_observations_written_here.jsonl",
    "blob_observations_v2_written_here.csv",
    "blob_observations_v2_written_here.parquet",
    "api_v1_page_written_here.json",
    "api_v2_page_written_here.json",
)
"""Six observations, five of them calls, in every shape that Langfuse gives them."""
COMMON = (
    "request_id",
    "start_time",
    "duration_ms",
    "request_model",
    "operation_name",
    "prompt_name",
    "usage_known",
    "usage_input_tokens",
    "usage_cache_read_input_tokens",
    "usage_cache_creation_input_tokens",
    "usage_output_tokens",
    "usage_reasoning_output_tokens",
    "billed_cost",
    "output_type",
    "message_count",
    "is_failed",
    "error_type",
    "trace_id",
    "parent_id",
    "reject_reason",
)
"""What every shape says of a call."""


def sample(tmp_path: Path, name: str) -> Path:
    copy = tmp_path / name
    copy.write_bytes((SAMPLES / name).read_bytes())
    return copy


def loaded(tmp_path: Path, *names: str) -> LoadReport:
    report = load([str(SAMPLES / name) for name in names], tmp_path / "usage.duckdb")
    assert (report.refused, report.failed_checks) == ((), ())
    return report


def picked(rows: Sequence[Row]) -> list[list[object]]:
    return [[row[column] for column in COMMON] for row in rows]


def counts(report: LoadReport) -> tuple[int, int, int, int]:
    read, kept, duplicate, rejected = (report.total(name) for name in ("read", "loaded", "duplicate", "rejected"))
    assert read == kept + duplicate + rejected
    return read, kept, duplicate, rejected


@pytest.mark.parametrize("name", COUNTS)
def test_every_observation_of_the_samples_is_loaded_a_duplicate_or_no_model_call(tmp_path: Path, name: str) -> None:
    report = loaded(tmp_path, name)
    assert counts(report) == COUNTS[name]
    assert report.files[0].format == "langfuse"
    assert report.files[0].rejected == report.files[0].not_calls


def test_all_samples_together_count_each_call_once_however_often_it_was_downloaded(tmp_path: Path) -> None:
    report = loaded(tmp_path, *COUNTS)
    twice = {name for name in COUNTS if name.replace(".trace", "") in COUNTS and ".trace" in name}
    once = sum(count[1] for name, count in COUNTS.items() if name not in twice)
    assert counts(report)[1] == once
    assert sum(file.id_collisions for file in report.files) == 0


def test_a_nested_trace_that_was_downloaded_before_adds_nothing(tmp_path: Path) -> None:
    loaded(tmp_path, "agno-2025-06-11.json")
    assert counts(loaded(tmp_path, "agno-2025-06-11.trace.json")) == (6, 0, 4, 2)


@pytest.mark.trap("langfuse")
@pytest.mark.parametrize("name", ["autogen-2025-06-06", "google-gemini-2025-08-01", "llamaindex-2025-06-05"])
def test_texts_and_objects_milliseconds_and_seconds_give_the_same_calls(tmp_path: Path, name: str) -> None:
    older, newer = (judged(sample(tmp_path, name + end)) for end in (".json", ".trace.json"))
    hashes = {"prompt_hash", "template_hash"}
    assert [{key: row[key] for key in row.keys() - hashes} for row in older] == [
        {key: row[key] for key in row.keys() - hashes} for row in newer
    ]


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_of_the_same_observations_gives_the_same_calls(tmp_path: Path, name: str) -> None:
    expected, found = (judged(sample(tmp_path, each)) for each in (SHAPES[-1], name))
    assert picked(found) == picked(expected)
    assert [row["reject_reason"] for row in found] == ["not a model call: SPAN", *[None] * 5]


@pytest.mark.trap("langfuse")
@pytest.mark.parametrize("name", [name for name in SHAPES if "v2" in name])
def test_both_kinds_of_blob_storage_export_hold_the_same_calls_once(tmp_path: Path, name: str) -> None:
    report = loaded(tmp_path, "blob_observations_written_here.jsonl", name)
    assert counts(report) == (12, 5, 5, 2)
    assert [file.id_collisions for file in report.files] == [0, 0]


def test_all_shapes_of_the_same_observations_in_one_load_are_duplicates_but_for_the_first(tmp_path: Path) -> None:
    assert counts(loaded(tmp_path, *SHAPES)) == (48, 5, 35, 8)


@pytest.mark.trap("langfuse")
def test_a_page_without_usage_has_unknown_tokens_and_says_which_fields_to_ask_for(tmp_path: Path) -> None:
    report = loaded(tmp_path, "api_v2_page_without_usage_written_here.json")
    assert counts(report) == (6, 5, 0, 1)
    (warning,) = report.warnings
    assert "fields=core,basic,time,io,model,usage" in warning
    assert "names a cursor" in warning
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        assert warehouse.count("select count(*) from loaded_facts where usage_known") == 0


def test_a_page_of_several_says_that_there_are_more(tmp_path: Path) -> None:
    page = json.loads((SAMPLES / "api_v1_page_written_here.json").read_text())
    path = tmp_path / "page.json"
    path.write_text(json.dumps(page | {"meta": {"page": 1, "totalPages": 9}}))
    reader, export = prepared(path)
    assert "page 1 of 9; load the others" in str(reader.warn and reader.warn(export))


@pytest.mark.trap("langfuse")
def test_of_a_generation_inside_a_generation_only_the_inner_one_counts(tmp_path: Path) -> None:
    report = loaded(tmp_path, "agno-2025-06-11.trace.json")
    assert report.files[0].notes == {NESTED: 2}
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        rows = warehouse.rows("select usage_input_tokens, usage_output_tokens from loaded_facts order by 1")
    assert rows == [(163, 20), (663, 225)]


@pytest.mark.trap("langfuse")
@pytest.mark.parametrize(
    ("name", "tokens"),
    [
        ("microsoft-agent-2025-10-14.json", [(25, 70), (631, 35)]),
        ("microsoft-agent-2025-12-17.trace.json", [(77, 86), (216, 20)]),
    ],
)
def test_the_usage_that_an_agent_sums_up_or_repeats_is_not_counted(
    tmp_path: Path, name: str, tokens: list[tuple[int, int]]
) -> None:
    loaded(tmp_path, name)
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        rows = warehouse.rows("select usage_input_tokens, usage_output_tokens from loaded_facts order by 1")
        kinds = warehouse.rows("select reject_reason from request_facts where reject_reason is not null order by 1")
    assert rows == tokens
    assert kinds == [("not a model call: AGENT",), ("not a model call: TOOL",)]


@pytest.mark.trap("langfuse")
def test_the_cost_is_what_the_instrumentation_said_also_where_it_is_no_list_price(tmp_path: Path) -> None:
    row = judged(sample(tmp_path, "autogen-2025-06-06.json"))[1]
    assert (row["usage_input_tokens"], row["usage_output_tokens"], row["billed_cost"]) == (41, 3, Decimal("0.000025"))


@pytest.mark.trap("langfuse")
def test_a_generation_without_an_end_or_a_latency_has_no_duration(tmp_path: Path) -> None:
    (row,) = [row for row in judged(sample(tmp_path, "openai-assistants-2024-05-29.json")) if not row["reject_reason"]]
    assert (row["duration_ms"], row["usage_input_tokens"], row["request_model"]) == (None, 49, "gpt-4")


@pytest.mark.trap("langfuse")
def test_exports_without_latency_have_their_durations_from_the_times(tmp_path: Path) -> None:
    records = [json.loads(line) for line in (SAMPLES / "ui_observations_written_here.jsonl").read_text().splitlines()]
    bare: list[Row] = [{key: value for key, value in record.items() if key != "latency"} for record in records]
    rows = judged(write_jsonl(tmp_path / "bare.jsonl", bare))
    assert [row["duration_ms"] for row in rows[1:3]] == [2500, 1200]


def test_a_resource_name_of_vertex_is_reduced_to_the_model(tmp_path: Path) -> None:
    (row,) = judged(sample(tmp_path, "vertex-ai-2025-08-01.trace.json"))
    assert (row["request_model"], row["usage_note"]) == ("gemini-2.5-flash", HIDDEN)
    assert (row["usage_output_tokens"], row["usage_reasoning_output_tokens"]) == (2018, 1173)


def test_name_tags_user_and_session_of_a_trace_are_those_of_its_calls(tmp_path: Path) -> None:
    row = judged(sample(tmp_path, "autogen-2025-06-06.trace.json"))[1]
    found = [row[name] for name in ("route", "tags", "user_id", "conversation_id")]
    assert found == ["autogen-chat-trace", ["autogen", "dev"], "user_123", "session_abc"]


@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("claude-agent-2025-12-22.trace.json", 0),
        ("microsoft-agent-2025-12-17.trace.json", 1),
        ("vertex-ai-2025-08-01.trace.json", None),
    ],
)
def test_the_score_for_correctness_is_kept_and_of_several_others_none(
    tmp_path: Path, name: str, score: float | None
) -> None:
    calls = [row for row in judged(sample(tmp_path, name)) if row["reject_reason"] is None]
    assert {row["feedback_score"] for row in calls} == {score}


@pytest.mark.parametrize("name", [name for name in SHAPES if name.startswith("ui_")])
def test_columns_of_scores_are_read_where_they_hold_numbers(tmp_path: Path, name: str) -> None:
    rows = judged(sample(tmp_path, name))
    assert [row["feedback_score"] for row in rows] == [None, 0.8, None, None, None, None]
    assert (rows[1]["tags"], rows[1]["user_id"]) == (["support", "beta"], "user-7")


@pytest.mark.parametrize("lines", [1, 3])
def test_traces_on_one_line_each_are_taken_apart_too(tmp_path: Path, lines: int) -> None:
    trace = json.loads((SAMPLES / "langgraph-js-2025-10-30.trace.json").read_text())
    path = write_jsonl(tmp_path / "traces.jsonl", [json.dumps(trace)] * lines)
    assert len(judged(path)) == 20 * lines


def test_a_trace_of_the_api_holds_its_observations_itself(tmp_path: Path) -> None:
    document = json.loads((SAMPLES / "claude-agent-2025-12-22.trace.json").read_text())
    path = tmp_path / "trace.json"
    path.write_text(json.dumps(document["trace"] | {"observations": document["observations"]}))
    rows = judged(path)
    assert [row["feedback_score"] for row in rows if row["reject_reason"] is None] == [0, 0, 0, 0]


@pytest.mark.parametrize("keys", ["trace_id observation_id data_type", "traceId observationId dataType"])
def test_scores_and_traces_are_refused_with_what_to_load_instead(tmp_path: Path, keys: str) -> None:
    score: Row = {"id": "s", "name": "helpfulness", "value": 1, **dict.fromkeys(keys.split(), "x")}
    trace: Row = {"id": "t", "timestamp": "2026-03-02", "name": "n", "bookmarked": False, "public": False, "tags": []}
    for number, record in enumerate((score, trace)):
        with pytest.raises(InputError, match="Load the observations instead"):
            prepared(write_jsonl(tmp_path / f"{number}.jsonl", [record]))


def test_no_text_of_a_prompt_reaches_the_staging_relation(tmp_path: Path) -> None:
    for name in (*COUNTS, *SHAPES):
        for row in staged(sample(tmp_path, name)):
            assert not {"What is Langfuse?", "Where is order 4711?"} & set(map(str, row.values()))
            assert max(len(str(value)) for value in row.values()) < 200
