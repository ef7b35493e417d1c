"""LangSmith's runs: model calls among the runs around them, and what its figures leave undecided."""

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from exports import Row, write_jsonl
from load_counts import counts
from staging import judged, prepared

SAMPLE = Path(__file__).parent / "data" / "samples" / "langsmith" / "runs_written_here.jsonl"
RUN: Row = {
    "id": "r1",
    "name": "ChatOpenAI",
    "run_type": "llm",
    "start_time": "2026-05-02T09:00:00.100000",
    "end_time": "2026-05-02T09:00:02.100000",
    "trace_id": "t1",
    "parent_run_id": None,
    "dotted_order": "x",
    "status": "success",
    "extra": {"metadata": {"ls_model_name": "gpt-4o", "ls_provider": "openai"}},
    "inputs": {},
    "outputs": None,
    "prompt_tokens": 100,
    "completion_tokens": 10,
}
pytestmark = pytest.mark.trap("langsmith")


def run(tmp_path: Path, **changes: object) -> Row:
    (row,) = judged(write_jsonl(tmp_path / "runs.jsonl", [RUN | changes]))
    return row


def claude(tmp_path: Path, **changes: object) -> Row:
    metadata = {"ls_model_name": "claude-sonnet-4-5", "ls_provider": "anthropic"}
    return run(tmp_path, extra={"metadata": metadata}, **changes)


def test_only_model_calls_of_the_sample_are_loaded_and_nothing_is_lost(tmp_path: Path) -> None:
    assert counts(SAMPLE, tmp_path) == ("langsmith", 6, 4, 0, 2, 2)


def test_a_parent_that_repeats_the_tokens_of_its_children_is_no_model_call(tmp_path: Path) -> None:
    row = run(tmp_path, run_type="chain")
    assert row["reject_reason"] == "not a model call: run of type chain"
    assert (row["request_id"], row["trace_id"]) == ("r1", "t1"), "the calls below it name it"


def test_times_without_a_zone_are_utc_and_the_first_token_is_counted_from_the_start(tmp_path: Path) -> None:
    row = run(tmp_path, first_token_time="2026-05-02T09:00:00.600000")
    assert str(row["start_time"]) == "2026-05-02 09:00:00.100000"
    assert (row["duration_ms"], row["time_to_first_chunk_ms"], row["stream"]) == (2000, 500, True)
    aware = run(tmp_path, start_time="2026-05-02T11:00:00+02:00")
    assert str(aware["start_time"]) == "2026-05-02 09:00:00"


def test_the_model_is_taken_from_the_metadata_and_the_terms_from_the_invocation(tmp_path: Path) -> None:
    (_, row, *_) = judged(copied(tmp_path))
    assert (row["provider_name"], row["request_model"], row["response_model"]) == (
        "openai",
        "gpt-4o",
        "gpt-4o-2024-08-06",
    )
    assert (row["tool_count"], row["output_type"], row["stream"]) == (1, "json", True)
    assert (row["usage_input_tokens"], row["usage_cache_read_input_tokens"]) == (1536, 1024)
    assert (row["user_id"], row["conversation_id"]) == ("u1", "th1")


def test_the_endpoint_is_the_node_the_tag_or_the_traced_function_and_never_a_class(tmp_path: Path) -> None:
    (_, row, *_) = judged(copied(tmp_path))
    assert (row["route"], row["tags"], row["prompt_name"]) == ("classify", ["support"], None)
    assert run(tmp_path, name="summarise")["prompt_name"] == "summarise"
    metadata = {"ls_model_name": "gpt-4o", "feature": "mail"}
    assert run(tmp_path, extra={"metadata": metadata})["route"] == "mail"


@pytest.mark.parametrize(("cache_read", "total"), [(2000, 2100), (60, 100)])
def test_cached_tokens_of_early_anthropic_runs_are_decided_by_size_and_noted(
    tmp_path: Path, cache_read: int, total: int
) -> None:
    row = claude(tmp_path, start_time="2026-02-02T09:00:00", prompt_token_details={"cache_read": cache_read})
    assert row["usage_input_tokens"] == total
    assert "Anthropic before April 2026" in str(row["usage_note"])


def test_later_anthropic_runs_include_the_cache_without_a_note(tmp_path: Path) -> None:
    row = claude(tmp_path, prompt_token_details={"cache_read": 60})
    assert (row["usage_input_tokens"], row["usage_note"]) == (100, None)


def test_openai_runs_with_more_cached_tokens_than_input_are_rejected(tmp_path: Path) -> None:
    row = run(tmp_path, prompt_token_details={"cache_read": 200})
    assert row["reject_reason"] == "cached tokens 200 exceed usage_input_tokens 100"


def test_tokens_written_to_the_cache_count_once_beside_their_parts_by_lifetime(tmp_path: Path) -> None:
    both = {"cache_creation": 50, "ephemeral_5m_input_tokens": 50, "ephemeral_1h_input_tokens": 0}
    parts = {"cache_creation": 0, "ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 20}
    for details, for_an_hour in ((both, 0), (parts, 20)):
        row = claude(tmp_path, prompt_token_details=details)
        counted = (row["usage_cache_creation_input_tokens"], row["usage_cache_creation_1h_input_tokens"])
        assert (counted, row["usage_note"]) == ((50, for_an_hour), None)


def test_costs_are_decimals_in_text_and_a_negative_one_is_noted_and_not_billed(tmp_path: Path) -> None:
    assert run(tmp_path, total_cost="0.0000001")["billed_cost"] == Decimal("0.0000001")
    negative = run(tmp_path, total_cost="-0.0012")
    assert (negative["billed_cost"], negative["usage_note"]) == (None, "negative cost; not taken as billed")
    assert negative["reject_reason"] is None


def test_the_score_is_the_average_of_the_one_feedback_or_of_a_known_one(tmp_path: Path) -> None:
    assert run(tmp_path, feedback_stats={"vibes": {"n": 2, "avg": 0.5}})["feedback_score"] == 0.5
    two = {"length": {"avg": 7}, "user_score": {"avg": 1.0}}
    assert run(tmp_path, feedback_stats=two)["feedback_score"] == 1.0
    assert run(tmp_path, feedback_stats={"a": {"avg": 1}, "b": {"avg": 0}})["feedback_score"] is None


def test_a_failed_run_with_zero_tokens_is_of_unknown_usage(tmp_path: Path) -> None:
    row = run(tmp_path, status="error", error="RateLimitError('429')", prompt_tokens=0, completion_tokens=0)
    assert (row["is_failed"], row["error_type"], row["usage_known"]) == (True, "RateLimitError", False)


def test_tokens_are_found_where_the_sdk_put_them(tmp_path: Path) -> None:
    usage = {"input_tokens": 70, "output_tokens": 7, "input_token_details": {"cache_read": 5}}
    row = run(tmp_path, prompt_tokens=None, completion_tokens=None, outputs={"usage_metadata": usage})
    assert (row["usage_input_tokens"], row["usage_cache_read_input_tokens"], row["usage_output_tokens"]) == (70, 5, 7)


def test_what_a_chain_returns_never_makes_its_row_unreadable(tmp_path: Path) -> None:
    row = run(tmp_path, run_type="chain", outputs={"llm_output": "text", "model": {"a": 1}, "usage_metadata": [1]})
    assert str(row["reject_reason"]).startswith("not a model call")


def test_prompts_are_hashed_and_the_same_system_prompt_is_the_same_template(tmp_path: Path) -> None:
    def messages(system: str, user: str) -> Row:
        texts = [{"id": ["x", "SystemMessage"], "kwargs": {"content": system}}, {"kwargs": {"content": user}}]
        return {"messages": [texts]}

    first = run(tmp_path, inputs=messages("Sort ticket 12.", "secret"))
    second = run(tmp_path, inputs=messages("Sort ticket 13.", "other"))
    assert first["template_hash"] == second["template_hash"] is not None
    assert first["prompt_hash"] != second["prompt_hash"]
    assert first["message_count"] == 2
    assert "secret" not in str(first)


@pytest.mark.parametrize("is_nested", [True, False])
def test_the_bulk_export_reads_like_the_lines_of_the_sdk(tmp_path: Path, is_nested: bool) -> None:
    lines = copied(tmp_path)
    path = tmp_path / "runs.parquet"
    with duckdb.connect() as con:
        texts = ", ".join(f"{name}: 'VARCHAR'" for name in json.loads(lines.read_text().splitlines()[0]))
        declared = "" if is_nested else f", columns = {{{texts}}}"
        con.execute(f"copy (select * from read_json('{lines}'{declared})) to '{path}'")
    assert prepared(path)[0].format == "langsmith"
    assert judged(path) == judged(lines)


def copied(tmp_path: Path) -> Path:
    copy = tmp_path / "runs.jsonl"
    copy.write_bytes(SAMPLE.read_bytes())
    return copy


@pytest.mark.parametrize("tools", ["", "x", "é\0"])
def test_tools_that_are_no_json_do_not_refuse_the_file(tmp_path: Path, tools: str) -> None:
    assert run(tmp_path, extra={"invocation_params": {"tools": tools}})["reject_reason"] is None
