"""Gemini: rows that Vertex logs to BigQuery, and replies of generateContent as applications log them."""

import csv
import json
from pathlib import Path

import duckdb
import pytest
from loads import counts, jsonl, loaded
from staging import CONTEXT, Row, judged, prepared, staged

from audit.errors import InputError

SAMPLES = Path(__file__).parent / "data" / "samples" / "vertex"
USAGE: Row = {
    "prompt_token_count": 3,
    "candidates_token_count": 29,
    "thoughts_token_count": 901,
    "total_token_count": 933,
    "traffic_type": "ON_DEMAND",
}
REPLY: Row = {
    "candidates": [{"finish_reason": "STOP"}],
    "create_time": "2026-03-02T09:01:00Z",
    "model_version": "gemini-2.5-pro",
    "response_id": "resp-1",
    "usage_metadata": USAGE,
}
LOGGED: Row = {
    "logging_time": "2026-03-02 09:01:11.225994 UTC",
    "request_id": "1",
    "model": "publishers/google/models/gemini-2.5-pro",
    "api_method": "generateContent",
    "full_request": {"contents": [{"role": "user", "parts": [{"text": "secret words"}]}]},
    "full_response": REPLY,
    "metadata": {"request_latency": 11225.994},
}
GENERATED: Row = {
    "candidates": [{"finishReason": "STOP"}],
    "modelVersion": "gemini-2.5-flash",
    "responseId": "r1",
    "usageMetadata": {"promptTokenCount": 12, "candidatesTokenCount": 2, "thoughtsTokenCount": 30},
}
CALL: Row = {
    "request": {"contents": [{"role": "user", "parts": [{"text": "secret words"}]}]},
    "response": GENERATED,
    "started_at": "2026-03-02T09:00:00Z",
    "latency_ms": 700,
}


def logged(tmp_path: Path, **changes: object) -> Row:
    (row,) = judged(jsonl(tmp_path / "rows.jsonl", LOGGED | changes))
    return row


def with_usage(**usage: object) -> Row:
    return REPLY | {"usage_metadata": USAGE | usage}


def test_every_row_of_the_samples_is_loaded_or_told_why_not(tmp_path: Path) -> None:
    report = loaded(tmp_path / "audit.duckdb", SAMPLES)
    assert counts(report) == {
        "generate_content_written_here.jsonl": (2, 2, 0, 0),
        "request_response_written_here.jsonl": (4, 4, 0, 0),
    }


@pytest.mark.trap("vertex")
def test_thoughts_are_added_to_the_candidates_beside_which_they_stand(tmp_path: Path) -> None:
    row = logged(tmp_path)
    assert (row["usage_input_tokens"], row["usage_output_tokens"], row["usage_reasoning_output_tokens"]) == (
        3,
        930,
        901,
    )
    assert (row["response_model"], row["request_id"]) == ("gemini-2.5-pro", "resp-1")
    assert (str(row["start_time"]), row["duration_ms"]) == ("2026-03-02 09:01:00", 11226)


@pytest.mark.trap("vertex")
def test_the_file_does_not_say_its_sampling_rate_so_every_load_is_told(tmp_path: Path) -> None:
    report = loaded(tmp_path / "audit.duckdb", jsonl(tmp_path / "rows.jsonl", LOGGED))
    assert "multiply all totals by 1 / sampling_rate" in report.warnings[0]


def test_a_row_without_the_time_of_creation_began_its_latency_before_it_was_logged(tmp_path: Path) -> None:
    reply = {key: value for key, value in REPLY.items() if key != "create_time"}
    assert str(logged(tmp_path, full_response=reply)["start_time"]) == "2026-03-02 09:01:00"


def test_cached_tokens_are_a_part_of_the_prompt_and_those_of_tools_are_beside_it(tmp_path: Path) -> None:
    usage = {"prompt_token_count": 2000, "cached_content_token_count": 1500, "tool_use_prompt_token_count": 300}
    row = logged(tmp_path, full_response=with_usage(**usage))
    assert (row["usage_input_tokens"], row["usage_cache_read_input_tokens"]) == (2300, 1500)


def test_audio_and_images_are_read_from_the_details(tmp_path: Path) -> None:
    details = [{"modality": "TEXT", "tokenCount": 700}, {"modality": "AUDIO", "tokenCount": 200}]
    details.append({"modality": "IMAGE", "tokenCount": 100})
    row = logged(tmp_path, full_response=with_usage(prompt_token_count=1000, prompt_tokens_details=details))
    assert (row["usage_audio_input_tokens"], row["image_count"]) == (200, 1)


def test_a_reply_without_candidates_wrote_nothing_and_no_reply_at_all_is_a_failed_call(tmp_path: Path) -> None:
    blocked = REPLY | {"usage_metadata": {"prompt_token_count": 9}}
    row = logged(tmp_path, full_response=blocked)
    assert (row["usage_known"], row["usage_output_tokens"]) == (True, 0)
    rows = judged(jsonl(tmp_path / "two.jsonl", LOGGED, LOGGED | {"full_response": None}))
    assert (rows[1]["is_failed"], rows[1]["usage_known"], rows[1]["reject_reason"]) == (True, False, None)


def test_provisioned_throughput_is_noted_and_flex_is_a_tier(tmp_path: Path) -> None:
    row = logged(tmp_path, full_response=with_usage(traffic_type="PROVISIONED_THROUGHPUT"))
    assert row["usage_note"] == "provisioned throughput, priced as on demand"
    assert logged(tmp_path, full_response=with_usage(traffic_type="ON_DEMAND_FLEX"))["service_tier"] == "flex"


@pytest.mark.trap("vertex")
def test_claude_on_vertex_counts_the_cache_beside_the_input(tmp_path: Path) -> None:
    usage = {"input_tokens": 10, "cache_read_input_tokens": 500, "output_tokens": 20}
    reply = {"type": "message", "stop_reason": "end_turn", "usage": usage}
    row = logged(tmp_path, full_response=reply, model="publishers/anthropic/models/claude-sonnet-4-5")
    assert (row["usage_input_tokens"], row["usage_output_tokens"], row["response_model"]) == (
        510,
        20,
        "claude-sonnet-4-5",
    )
    written = {"cache_creation_input_tokens": 60, "cache_creation": {"ephemeral_1h_input_tokens": 40}}
    more = logged(tmp_path, full_response=reply | {"usage": usage | written})
    assert (more["usage_input_tokens"], more["usage_cache_creation_1h_input_tokens"]) == (570, 40)


def test_json_lines_csv_and_parquet_of_the_same_table_read_alike(tmp_path: Path) -> None:
    as_json = staged(jsonl(tmp_path / "rows.jsonl", LOGGED))
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in LOGGED.items()}
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(texts))
        writer.writeheader()
        writer.writerow(texts)
    with duckdb.connect() as con:
        con.execute(f"copy (from read_csv('{tmp_path}/rows.csv', all_varchar = true)) to '{tmp_path}/rows.parquet'")
    hashed = {"prompt_hash"}  # of the text as written, which csv and JSON space differently
    for other in ("rows.csv", "rows.parquet"):
        (row,) = staged(tmp_path / other)
        assert {k: v for k, v in row.items() if k not in hashed} == {
            k: v for k, v in as_json[0].items() if k not in hashed
        }
    assert staged(jsonl(tmp_path / "texts.jsonl", texts))[0]["usage_input_tokens"] == "3"


def test_a_stream_logged_as_a_list_has_its_usage_on_the_last_chunk_and_broken_json_is_rejected(tmp_path: Path) -> None:
    first = REPLY | {"usage_metadata": {"prompt_token_count": 3}}
    assert logged(tmp_path, full_response=[first, REPLY])["usage_output_tokens"] == 930
    broken = logged(tmp_path, full_response='{"usage_metadata": ')
    assert broken["reject_reason"] == "full_response is not readable JSON"


@pytest.mark.trap("gemini_replies")
def test_logged_replies_add_thoughts_and_need_a_time_of_their_own(tmp_path: Path) -> None:
    (row,) = judged(jsonl(tmp_path / "calls.jsonl", CALL))
    assert (row["usage_input_tokens"], row["usage_output_tokens"], row["usage_reasoning_output_tokens"]) == (12, 32, 30)
    assert (row["response_model"], row["response_finish_reason"], row["duration_ms"]) == (
        "gemini-2.5-flash",
        "STOP",
        700,
    )
    assert not any("secret" in str(value) for value in row.values())
    reader, export = prepared(jsonl(tmp_path / "replies.jsonl", GENERATED))
    with pytest.raises(InputError, match="which say no time; log"):
        reader.relation(export, CONTEXT)
    timed = GENERATED | {"createTime": "2026-03-02T09:00:00Z"}
    assert judged(jsonl(tmp_path / "timed.jsonl", timed))[0]["usage_output_tokens"] == 32
