"""Braintrust's spans: model calls among the spans around them, in seconds and with inclusive counts."""

from pathlib import Path

import pytest
from exports import Row, write_jsonl
from load_counts import counts
from staging import judged

SAMPLES = Path(__file__).parent / "data" / "samples" / "braintrust"
SPAN: Row = {
    "id": "row-1",
    "span_id": "s1",
    "root_span_id": "s0",
    "span_parents": ["s0"],
    "created": "2026-03-02T09:00:00Z",
    "metadata": {"model": "gpt-4o"},
    "metrics": {"start": 1772442000.5, "end": 1772442002.75, "prompt_tokens": 100, "completion_tokens": 10},
    "span_attributes": {"name": "Chat Completion", "type": "llm"},
}
pytestmark = pytest.mark.trap("braintrust")


def span(tmp_path: Path, **changes: object) -> Row:
    (row,) = judged(write_jsonl(tmp_path / "logs.jsonl", [SPAN | changes]))
    return row


@pytest.mark.parametrize("name", ["logs_written_here.jsonl", "logs_written_here.csv"])
def test_only_model_calls_of_the_samples_are_loaded_and_nothing_is_lost(tmp_path: Path, name: str) -> None:
    assert counts(SAMPLES / name, tmp_path) == ("braintrust", 6, 3, 0, 3, 3)


def test_lines_and_csv_of_the_same_spans_read_alike(tmp_path: Path) -> None:
    found: list[list[Row]] = []
    for name in ("logs_written_here.jsonl", "logs_written_here.csv"):
        copy = tmp_path / name
        copy.write_bytes((SAMPLES / name).read_bytes())
        found.append([{key: value for key, value in row.items() if key != "prompt_hash"} for row in judged(copy)])
    assert found[0] == found[1]


def test_times_are_epoch_seconds_and_so_is_the_time_to_the_first_token(tmp_path: Path) -> None:
    metrics = {"start": 1772442000.5, "end": 1772442002.75, "time_to_first_token": 0.42}
    row = span(tmp_path, metrics=metrics)
    assert str(row["start_time"]) == "2026-03-02 09:00:00.500000"
    assert (row["duration_ms"], row["time_to_first_chunk_ms"], row["stream"]) == (2250, 420, True)


def test_spans_of_other_types_and_the_calls_of_scorers_are_no_traffic(tmp_path: Path) -> None:
    assert span(tmp_path, span_attributes={"name": "x", "type": "task"})["reject_reason"] == (
        "not a model call: span of type task"
    )
    assert span(tmp_path, span_attributes=None)["reject_reason"] == "not a model call: span of type none"
    scorer = span(tmp_path, span_attributes={"name": "x", "type": "llm", "purpose": "scorer"})
    assert (scorer["reject_reason"], scorer["parent_id"]) == ("not a model call: span of a scorer", "s0")


def test_the_input_includes_the_cache_for_every_provider(tmp_path: Path) -> None:
    metrics = {"start": 1772442000, "prompt_tokens": 2000, "completion_tokens": 9, "prompt_cached_tokens": 1500}
    metrics["prompt_cache_creation_tokens"] = 200
    row = span(tmp_path, metadata={"model": "claude-sonnet-4-5", "provider": "anthropic"}, metrics=metrics)
    assert (row["usage_input_tokens"], row["usage_cache_creation_input_tokens"]) == (2000, 200)
    more = span(tmp_path, metrics=metrics | {"prompt_cached_tokens": 2001})
    assert "exceed usage_input_tokens 2000" in str(more["reject_reason"])
    parts = {"prompt_cache_creation_5m_tokens": 150, "prompt_cache_creation_1h_tokens": 50}
    for written in (metrics | parts, {**metrics, "prompt_cache_creation_tokens": None, **parts}):
        row = span(tmp_path, metrics=written)
        assert (row["usage_cache_creation_input_tokens"], row["usage_cache_creation_1h_input_tokens"]) == (200, 50)


def test_counts_that_are_written_as_floats_are_counts(tmp_path: Path) -> None:
    metrics = {"start": 1772442000, "prompt_tokens": 100.0, "completion_tokens": 10.0}
    assert span(tmp_path, metrics=metrics)["usage_input_tokens"] == 100


def test_a_span_without_tokens_is_of_unknown_usage_and_not_of_none(tmp_path: Path) -> None:
    row = span(tmp_path, metrics={"start": 1772442000.5}, error="APITimeoutError: no answer")
    assert (row["usage_known"], row["is_failed"], row["error_type"]) == (False, True, "APITimeoutError")


def test_a_reply_of_braintrusts_own_cache_is_one(tmp_path: Path) -> None:
    metrics = {"start": 1772442000, "prompt_tokens": 100, "completion_tokens": 10, "cached": 1}
    assert span(tmp_path, metrics=metrics)["gateway_cache_hit"] is True


def test_one_score_is_the_score_and_of_several_none_is(tmp_path: Path) -> None:
    assert span(tmp_path, scores={"quality": 0.75})["feedback_score"] == 0.75
    assert span(tmp_path, scores={"quality": 0.75, "tone": 1})["feedback_score"] is None


def test_names_that_the_sdk_gives_are_no_endpoint(tmp_path: Path) -> None:
    assert span(tmp_path)["prompt_name"] is None
    assert span(tmp_path, span_attributes={"name": "draft reply", "type": "llm"})["prompt_name"] == "draft reply"
    assert span(tmp_path, metadata={"model": "gpt-4o", "feature": "mail"})["route"] == "mail"
