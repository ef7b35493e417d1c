"""A single Langfuse observation: what is read of it beside its usage, and what a broken one costs."""

import json
from pathlib import Path

import pytest
from exports import Row, write_csv, write_jsonl
from langfuse_observations import OBSERVATION, observation, tokens
from staging import judged, prepared

from audit.errors import InputError


@pytest.mark.parametrize("broken", ["{", '{"input": ', "None", "[1", '"text"', "", "[]"])
def test_malformed_objects_lose_neither_the_record_nor_the_load(tmp_path: Path, broken: str) -> None:
    names = (
        "usageDetails",
        "modelParameters",
        "metadata",
        "traceTags",
        "input",
        "toolDefinitions",
        "toolCalls",
        "usage",
    )
    row = observation(tmp_path, **dict.fromkeys(names, broken), inputUsage=9, outputUsage=1)
    assert (row["reject_reason"], tokens(row)[0]) == (None, 9)


def test_objects_and_texts_may_follow_one_another_in_a_file(tmp_path: Path) -> None:
    usage = {"input": 100, "output": 5, "total": 105}
    texts: list[Row] = [OBSERVATION | {"usageDetails": json.dumps(usage), "modelParameters": "{}"}] * 2
    objects: list[Row] = [OBSERVATION | {"usageDetails": usage, "modelParameters": {}}] * 60
    for records in ([*objects, *texts], [*texts, *objects]):
        assert {tokens(row) for row in judged(write_jsonl(tmp_path / "mixed.jsonl", records))} == {(100, 0, 0, 5, 0)}


def test_an_unreadable_line_is_a_row_of_its_own(tmp_path: Path) -> None:
    rows = judged(write_jsonl(tmp_path / "broken.jsonl", [OBSERVATION, '{"id": ', "7", OBSERVATION]))
    reason = "not a readable record of this format"
    assert [row["reject_reason"] for row in rows] == [None, reason, reason, None]


@pytest.mark.trap("langfuse")
@pytest.mark.parametrize(("latency", "unit_shown"), [(4.5, 1000), (4500, 1)])
def test_a_latency_is_only_used_where_other_records_show_its_unit(
    tmp_path: Path, latency: float, unit_shown: int
) -> None:
    ended = OBSERVATION | {"latency": 2000 / unit_shown}
    open_ended = OBSERVATION | {"id": "obs-2", "endTime": None, "latency": latency}
    rows = judged(write_jsonl(tmp_path / "shown.jsonl", [ended, open_ended]))
    assert [row["duration_ms"] for row in rows] == [2000, 4500]
    (row,) = judged(write_jsonl(tmp_path / "alone.jsonl", [open_ended]))
    assert row["duration_ms"] is None


def test_a_latency_without_a_unit_is_noted(tmp_path: Path) -> None:
    usage = {"input": 100, "output": 5, "total": 105}
    row = observation(tmp_path, endTime=None, latency=3, usageDetails=usage)
    assert (row["duration_ms"], row["usage_note"]) == (None, "latency in a unit that the file does not show; left out")
    named = observation(tmp_path, endTime=None, latencyMs=3100, usageDetails=usage)
    assert (named["duration_ms"], named["usage_note"]) == (3100, None)


@pytest.mark.parametrize(
    ("columns", "route", "prompt_name"),
    [
        ({"promptName": "support", "promptVersion": 12, "traceName": "chat"}, None, "support v12"),
        ({"name": "answer", "traceName": "chat"}, "answer", None),
        ({"name": "ChatOpenAI", "traceName": "support-bot"}, "support-bot", None),
        ({"name": "chat gpt-4o", "traceName": "support-bot"}, "support-bot", None),
        ({"name": "chat gpt-4o", "traceName": "run 99981f6a-abd1-4d09-9fba-00e2ab172193"}, "chat gpt-4o", None),
        ({"name": None, "traceName": "support-bot"}, "support-bot", None),
    ],
)
def test_a_call_is_named_by_its_prompt_else_by_itself_else_by_its_trace(
    tmp_path: Path, columns: Row, route: str | None, prompt_name: str | None
) -> None:
    row = observation(tmp_path, **columns)
    assert (row["route"], row["prompt_name"]) == (route, prompt_name)


@pytest.mark.parametrize(
    "parameters",
    [
        {"response_format": {"type": "json_schema", "json_schema": {}}},
        {"response_format": '{"type":"json_object"}'},
        {"response_mime_type": "application/json"},
        {"text": '{"format":{"type":"json_schema"}}'},
    ],
)
def test_a_format_of_the_answer_is_read_from_the_parameters(tmp_path: Path, parameters: Row) -> None:
    for given in (parameters, json.dumps(parameters)):
        assert observation(tmp_path, modelParameters=given)["output_type"] == "json"
    assert observation(tmp_path, modelParameters={"response_format": {"type": "text"}})["output_type"] == "text"


def test_tools_are_counted_wherever_they_are_recorded(tmp_path: Path) -> None:
    tool = {"type": "function", "function": {"name": "find_order"}}
    messages = [{"role": "system", "content": "Answer."}, {"role": "user", "content": "Hello"}]
    for columns in (
        {"toolDefinitions": {"find_order": "{}"}, "input": messages},
        {"input": {"messages": messages, "tools": [tool]}},
        {"input": json.dumps({"messages": messages, "tools": [tool]})},
        {"input": messages, "modelParameters": {"tools": json.dumps([tool])}},
    ):
        row = observation(tmp_path, **columns)
        assert (row["tool_count"], row["message_count"]) == (1, 2)
        assert row["template_hash"]
    assert observation(tmp_path, toolDefinitions={}, toolCalls=["{}", "{}"])["tool_count"] == 2


def test_an_error_is_a_failed_call_with_its_class_and_without_its_message(tmp_path: Path) -> None:
    row = observation(tmp_path, level="ERROR", statusMessage="RateLimitError: the prompt was: my secret")
    assert (row["is_failed"], row["error_type"], row["usage_known"]) == (True, "RateLimitError", False)
    warned = observation(tmp_path, level="WARNING", statusMessage="RateLimitError: retried")
    assert (warned["is_failed"], warned["error_type"]) == (False, None)


def test_a_cost_of_zero_says_that_langfuse_knows_no_price(tmp_path: Path) -> None:
    assert observation(tmp_path, totalCost=0)["billed_cost"] is None
    assert str(observation(tmp_path, totalCost=None, calculatedTotalCost=0.25)["billed_cost"]) == "0.2500000000"


def test_the_first_token_of_a_stream_is_timed_by_its_own_time(tmp_path: Path) -> None:
    row = observation(tmp_path, completionStartTime="2026-03-02T09:00:00.400Z", timeToFirstToken=0.4)
    assert (row["stream"], row["time_to_first_chunk_ms"]) == (True, 400)
    assert observation(tmp_path, timeToFirstTokenMs=350)["time_to_first_chunk_ms"] == 350
    assert observation(tmp_path, modelParameters={"is_stream": "false"})["stream"] is False
    assert observation(tmp_path)["stream"] is None


def test_configured_keys_of_the_metadata_are_kept_and_no_others(tmp_path: Path) -> None:
    for metadata in ({"feature": "chat", "other": 1}, '{"attributes": {"feature": "chat"}}'):
        kept = json.loads(str(observation(tmp_path, metadata=metadata)["metadata"]))
        assert kept == {"feature": "chat", "release": None}


def test_a_table_with_texts_in_json_quotes_is_read_as_if_there_were_none(tmp_path: Path) -> None:
    plain: Row = OBSERVATION | {"parentObservationId": "", "usageDetails": '{"input":100,"output":5,"total":105}'}
    quoted: Row = {key: json.dumps(value) if key != "usageDetails" else value for key, value in plain.items()}
    first, second = (judged(write_csv(tmp_path / f"{n}.csv", [row])) for n, row in enumerate((plain, quoted)))
    assert first == second
    assert tokens(first[0])[0] == 100


def test_spans_of_another_tool_with_trace_ids_are_not_taken_for_langfuse(tmp_path: Path) -> None:
    run: Row = {"id": "1", "trace_id": "t", "start_time": "2026-03-02", "run_type": "llm", "parent_run_id": None}
    with pytest.raises(InputError, match="not an export"):
        prepared(write_jsonl(tmp_path / "run.jsonl", [run]))
