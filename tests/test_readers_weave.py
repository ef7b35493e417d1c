"""Weave's calls: summaries add up the calls inside, so only the innermost ones count."""

from pathlib import Path

import pytest
from exports import Row, write_jsonl
from load_counts import counts
from staging import judged

from audit.intake.loading import load
from audit.warehouse import Warehouse

SAMPLES = Path(__file__).parent / "data" / "samples" / "weave"
OPENAI: Row = {"requests": 1, "prompt_tokens": 100, "completion_tokens": 10}
CALL: Row = {
    "id": "c1",
    "project_id": "team/support",
    "op_name": "weave:///team/support/op/openai.chat.completions.create:a1",
    "display_name": None,
    "trace_id": "t1",
    "parent_id": None,
    "started_at": "2026-03-02T09:00:00.250000Z",
    "ended_at": "2026-03-02T09:00:01Z",
    "attributes": {},
    "inputs": {"model": "gpt-4o"},
    "exception": None,
    "summary": {"usage": {"gpt-4o-2024-08-06": OPENAI}},
}
pytestmark = pytest.mark.trap("weave")


def call(tmp_path: Path, usage: Row | None = None, **changes: object) -> Row:
    summary = {} if usage is None else {"summary": {"usage": usage}}
    (row,) = judged(write_jsonl(tmp_path / "calls.jsonl", [CALL | summary | changes]))
    return row


@pytest.mark.parametrize("name", ["calls_written_here.jsonl", "calls_written_here.csv"])
def test_only_innermost_calls_of_the_samples_are_loaded_and_nothing_is_lost(tmp_path: Path, name: str) -> None:
    assert counts(SAMPLES / name, tmp_path) == ("weave", 7, 3, 1, 3, 3)


def test_an_op_around_one_call_gives_way_to_it_though_it_states_the_same_usage(tmp_path: Path) -> None:
    load([str(SAMPLES / "calls_written_here.jsonl")], tmp_path / "usage.duckdb")
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        rows = warehouse.rows("select right(request_id, 2), usage_input_tokens from loaded_facts order by 1")
    assert rows == [("03", 1536), ("04", 2000), ("06", None)]


@pytest.mark.parametrize(
    ("usage", "kind"),
    [
        ({"a": OPENAI, "b": OPENAI}, "sum of several models"),
        ({"a": OPENAI | {"requests": 2}}, "sum of several calls"),
    ],
)
def test_a_summary_of_several_calls_is_no_call(tmp_path: Path, usage: Row, kind: str) -> None:
    row = call(tmp_path, usage)
    assert row["reject_reason"] == f"not a model call: {kind}"
    assert (row["request_id"], row["trace_id"]) == ("c1", "t1")


def test_an_op_without_usage_is_no_call_but_a_call_of_a_library_is_one_of_unknown_usage(tmp_path: Path) -> None:
    assert call(tmp_path, {}, op_name="weave:///t/p/op/lookup:1")["reject_reason"] == (
        "not a model call: op without usage"
    )
    row = call(tmp_path, {}, exception="Traceback\n  File x\nopenai.RateLimitError: 429 of prompt")
    assert (row["reject_reason"], row["usage_known"], row["is_failed"]) == (None, False, True)
    assert row["error_type"] == "openai.RateLimitError"


def test_the_model_served_is_the_key_of_the_usage(tmp_path: Path) -> None:
    row = call(tmp_path)
    assert (row["request_model"], row["response_model"]) == ("gpt-4o", "gpt-4o-2024-08-06")
    assert (str(row["start_time"]), row["duration_ms"]) == ("2026-03-02 09:00:00.250000", 750)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (OPENAI | {"prompt_tokens_details": {"cached_tokens": 60}}, (100, 60, 10, 0)),
        ({"input_tokens": 100, "output_tokens": 10, "cache_read_input_tokens": 60}, (160, 60, 10, 0)),
        (OPENAI | {"cache_read_input_tokens": 60, "thoughts_tokens": 7}, (100, 60, 17, 7)),
    ],
    ids=["openai", "anthropic", "gemini"],
)
def test_usage_is_counted_as_its_provider_does(tmp_path: Path, usage: Row, expected: tuple[int, ...]) -> None:
    row = call(tmp_path, {"m.odel-1": usage})
    found = ("usage_input_tokens", "usage_cache_read_input_tokens", "usage_output_tokens")
    assert tuple(row[name] for name in (*found, "usage_reasoning_output_tokens")) == expected


def test_writes_for_an_hour_are_a_part_of_all_writes(tmp_path: Path) -> None:
    written = {"cache_creation_input_tokens": 60, "cache_creation": {"ephemeral_1h_input_tokens": 40}}
    row = call(tmp_path, {"claude-sonnet-4-5": {"input_tokens": 100, "output_tokens": 10} | written})
    assert (row["usage_cache_creation_input_tokens"], row["usage_cache_creation_1h_input_tokens"]) == (60, 40)


def test_the_cost_is_the_sum_of_both_sides(tmp_path: Path) -> None:
    costs = {"gpt-4o": {"prompt_tokens_total_cost": 0.00256, "completion_tokens_total_cost": 0.0004}}
    summary = {"usage": {"gpt-4o": OPENAI}, "weave": {"costs": costs, "latency_ms": 700, "status": "success"}}
    row = call(tmp_path, summary=summary)
    assert (str(row["billed_cost"]), row["duration_ms"], row["is_failed"]) == ("0.0029600000", 700, False)


def test_attributes_name_the_endpoint_and_prompts_are_only_hashed(tmp_path: Path) -> None:
    inputs = {"model": "gpt-4o", "messages": [{"role": "system", "content": "Sort 12."}, {"role": "user"}]}
    row = call(tmp_path, attributes={"feature": "mail", "release": "r1"}, inputs=inputs)
    assert (row["route"], row["message_count"]) == ("mail", 2)
    assert row["template_hash"]
    assert "Sort" not in str(row)
