"""LiteLLM's SpendLogs rows and StandardLoggingPayload objects: the same calls, and the traps of both."""

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest
from staging import Row, judged, prepared, staged

SAMPLES = Path(__file__).parent / "data" / "samples" / "litellm"
SPEND_LOG: Row = {
    "request_id": "chatcmpl-1",
    "call_type": "acompletion",
    "api_key": "88dc28",
    "spend": 0.00055,
    "prompt_tokens": 100,
    "completion_tokens": 30,
    "startTime": "2026-03-01 10:00:00.000000+00:00",
    "endTime": "2026-03-01 10:00:02.500000+00:00",
    "completionStartTime": "2026-03-01 10:00:02.500000+00:00",
    "model": "gpt-4o",
    "model_group": "support-model",
    "custom_llm_provider": "openai",
    "user": "",
    "end_user": "",
    "cache_hit": "None",
    "request_tags": '["chat", "User-Agent: litellm/1.73"]',
    "team_id": "",
    "session_id": "s1",
    "status": "success",
    "messages": "{}",
    "response": "{}",
    "metadata": "{}",
}
PAYLOAD: Row = {
    "id": "chatcmpl-1",
    "call_type": "acompletion",
    "startTime": 1795378840.0,
    "endTime": 1795378842.5,
    "completionStartTime": 1795378842.5,
    "model": "gpt-4o",
    "model_group": "",
    "prompt_tokens": 100,
    "completion_tokens": 30,
    "model_parameters": {},
    "status": "success",
    "cache_hit": None,
    "stream": None,
}


def jsonl(path: Path, *records: Row) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def spend_log(tmp_path: Path, **changes: object) -> Row:
    (row,) = judged(jsonl(tmp_path / "spend.jsonl", SPEND_LOG | changes))
    return row


def payload(tmp_path: Path, **changes: object) -> Row:
    (row,) = judged(jsonl(tmp_path / "payload.jsonl", PAYLOAD | changes))
    return row


def test_both_shapes_of_the_same_four_calls_give_the_same_tokens_times_and_costs(tmp_path: Path) -> None:
    same = (
        "request_id",
        "start_time",
        "duration_ms",
        "request_model",
        "usage_input_tokens",
        "usage_cache_read_input_tokens",
        "usage_output_tokens",
        "billed_cost",
        "is_failed",
        "stream",
        "tags",
    )
    found: list[list[list[object]]] = []
    for name in ("spend_logs", "standard_logging"):
        copy = tmp_path / name
        copy.write_bytes((SAMPLES / f"litellm_1.106.2_{name}.jsonl").read_bytes())
        found.append([[row[column] for column in same] for row in judged(copy)])
    assert found[0] == found[1]
    plain, cached, tools, as_json = found[0]
    assert plain[4:8] == [41, 0, 12, Decimal("0.0002225")]
    # 512 uncached at 2.50, 1024 cached at 1.25, 12 out at 10.00 dollars per million
    assert cached[4:8] == [1536, 1024, 12, Decimal("0.00268")]
    assert (tools[3], as_json[3]) == ("gpt-4o-mini", "gpt-4o")


def test_tools_and_json_output_are_read_from_the_payload_and_unknown_in_spend_logs(tmp_path: Path) -> None:
    copy = tmp_path / "payload.jsonl"
    copy.write_bytes((SAMPLES / "litellm_1.106.2_standard_logging.jsonl").read_bytes())
    rows = judged(copy)
    assert [row["output_type"] for row in rows] == ["text", "text", "text", "json"]
    assert [bool(row["tool_count"]) for row in rows] == [False, False, True, False]
    assert spend_log(tmp_path)["tool_count"] is None


@pytest.mark.trap("litellm_spend_logs")
@pytest.mark.trap("litellm_payload")
def test_a_success_with_zero_tokens_is_unknown_usage_and_not_an_empty_request(tmp_path: Path) -> None:
    changes = {
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "spend": 0.0,
        "completionStartTime": "2026-03-01 10:00:00.400000+00:00",
    }
    row = spend_log(tmp_path, **changes)
    assert (row["usage_known"], row["usage_input_tokens"], row["is_failed"], row["reject_reason"]) == (
        False,
        None,
        False,
        None,
    )
    assert (row["stream"], row["time_to_first_chunk_ms"]) == (True, 400)
    assert payload(tmp_path, prompt_tokens=0, completion_tokens=0, stream=True)["usage_known"] is False


@pytest.mark.trap("litellm_payload")
def test_a_stream_with_usage_keeps_its_tokens(tmp_path: Path) -> None:
    row = payload(tmp_path, stream=True, completionStartTime=1795378840.25, response_time=0.25)
    assert (row["usage_input_tokens"], row["stream"], row["time_to_first_chunk_ms"]) == (100, True, 250)
    assert row["duration_ms"] == 2500, "response_time is the time to the first chunk of a stream"


def test_a_call_that_is_no_stream_has_no_time_to_first_chunk(tmp_path: Path) -> None:
    for row in (spend_log(tmp_path), payload(tmp_path)):
        assert (row["stream"], row["time_to_first_chunk_ms"], row["duration_ms"]) == (False, None, 2500)


def test_a_rate_limited_call_is_failed_with_its_class_and_code(tmp_path: Path) -> None:
    error = {"error_code": "429", "error_class": "RateLimitError", "error_message": "text of a prompt"}
    failed = {"status": "failure", "prompt_tokens": 0, "completion_tokens": 0}
    for row in (
        spend_log(tmp_path, **failed, metadata=json.dumps({"error_information": error})),
        payload(tmp_path, **failed, error_information=error, id="5f0c9d8e-0000-4000-8000-000000000000"),
    ):
        assert (row["is_failed"], row["error_type"], row["http_response_status_code"]) == (True, "RateLimitError", 429)


@pytest.mark.trap("litellm_spend_logs")
def test_each_attempt_of_a_retried_call_is_a_row_with_the_trace_and_number_that_group_them(tmp_path: Path) -> None:
    attempts = jsonl(
        tmp_path / "spend.jsonl",
        SPEND_LOG | {"request_id": "a", "status": "failure", "metadata": '{"attempted_retries": 0}'},
        SPEND_LOG | {"request_id": "b", "metadata": '{"attempted_retries": 1}'},
    )
    assert [(row["trace_id"], row["attempt"], row["is_failed"]) for row in judged(attempts)] == [
        ("s1", 1, True),
        ("s1", 2, False),
    ]


@pytest.mark.parametrize("call_type", ["aget_responses", "afile_content", "alist_input_items"])
@pytest.mark.trap("litellm_spend_logs")
@pytest.mark.trap("litellm_payload")
def test_a_fetched_object_is_rejected_because_it_was_billed_before(tmp_path: Path, call_type: str) -> None:
    for row in (spend_log(tmp_path, call_type=call_type), payload(tmp_path, call_type=call_type)):
        assert "bills a fetched object again" in str(row["reject_reason"])


@pytest.mark.trap("litellm_spend_logs")
def test_a_request_id_of_the_word_none_is_no_id(tmp_path: Path) -> None:
    assert spend_log(tmp_path, request_id="None")["request_id"] is None
    assert payload(tmp_path, id="")["request_id"] is None


@pytest.mark.trap("litellm_spend_logs")
@pytest.mark.trap("litellm_payload")
def test_a_hit_in_litellms_own_cache_is_marked_and_its_tokens_are_kept(tmp_path: Path) -> None:
    for row in (spend_log(tmp_path, cache_hit="True", spend=0.0), payload(tmp_path, cache_hit=True)):
        assert (row["gateway_cache_hit"], row["usage_input_tokens"]) == (True, 100)
    assert spend_log(tmp_path, cache_hit="False")["gateway_cache_hit"] is False


@pytest.mark.trap("litellm_spend_logs")
def test_metadata_and_tags_are_read_whether_json_text_or_objects(tmp_path: Path) -> None:
    usage = {"usage_object": {"prompt_tokens_details": {"cached_tokens": 64}}, "user_api_key_alias": "support"}
    for metadata, tags in ((json.dumps(usage), '["chat"]'), (usage, ["chat"])):
        row = spend_log(tmp_path, metadata=metadata, request_tags=tags)
        assert (row["usage_cache_read_input_tokens"], row["api_key_id"], row["tags"]) == (64, "support", ["chat"])


def test_cached_tokens_of_older_versions_are_found_under_additional_usage_values(tmp_path: Path) -> None:
    older = {"additional_usage_values": {"cache_read_input_tokens": 40, "cache_creation_input_tokens": 8}}
    row = spend_log(tmp_path, metadata=json.dumps(older))
    assert (row["usage_cache_read_input_tokens"], row["usage_cache_creation_input_tokens"]) == (40, 8)


@pytest.mark.trap("litellm_spend_logs")
def test_more_cached_than_input_tokens_of_older_versions_stand_beside_the_input_and_are_noted(tmp_path: Path) -> None:
    row = spend_log(tmp_path, metadata='{"usage_object": {"cache_read_input_tokens": 900}}')
    assert (row["reject_reason"], row["usage_input_tokens"], row["usage_cache_read_input_tokens"]) == (None, 1000, 900)
    assert row["usage_note"] == "cached tokens exceed input; treated as exclusive"


@pytest.mark.parametrize("broken", ["{", '{"usage_object": ', "None", "[1", '"text"', ""])
def test_malformed_metadata_tags_or_messages_do_not_stop_the_load_or_lose_the_row(tmp_path: Path, broken: str) -> None:
    row = spend_log(tmp_path, metadata=broken, request_tags=broken, messages=broken, proxy_server_request=broken)
    assert (row["reject_reason"], row["usage_input_tokens"], row["tags"]) == (None, 100, None)


@pytest.mark.trap("litellm_spend_logs")
def test_a_naive_start_time_is_utc_and_an_offset_is_applied(tmp_path: Path) -> None:
    assert str(spend_log(tmp_path, startTime="2025-01-01 10:00:00")["start_time"]) == "2025-01-01 10:00:00"
    assert str(spend_log(tmp_path, startTime="2025-01-01T10:00:00+02:00")["start_time"]) == "2025-01-01 08:00:00"
    assert str(payload(tmp_path, startTime="2025-01-01T10:00:00Z")["start_time"]) == "2025-01-01 10:00:00"
    assert str(payload(tmp_path)["start_time"]) == "2026-11-22 20:20:40"


def test_an_empty_model_group_falls_back_to_the_model(tmp_path: Path) -> None:
    assert spend_log(tmp_path)["request_model"] == "support-model"
    assert spend_log(tmp_path, model_group="")["request_model"] == "gpt-4o"


@pytest.mark.trap("litellm_spend_logs")
@pytest.mark.trap("litellm_payload")
def test_a_row_that_stands_for_a_whole_batch_is_a_bucket_at_batch_prices(tmp_path: Path) -> None:
    batch = {"batch_models": ["gpt-4o"], "batch_successful_requests": 250}
    rows = (
        spend_log(tmp_path, metadata=json.dumps(batch), prompt_tokens=50_000),
        payload(tmp_path, hidden_params=batch, prompt_tokens=50_000),
    )
    for row in rows:
        assert (row["request_grain"], row["request_count"], row["service_tier"]) == ("bucket", 250, "batch")


@pytest.mark.trap("litellm_spend_logs")
def test_spend_is_kept_as_billed_cost_whatever_margin_it_holds(tmp_path: Path) -> None:
    assert spend_log(tmp_path, spend=1e-7)["billed_cost"] == Decimal("0.0000001")


def test_prompts_are_hashed_and_never_kept(tmp_path: Path) -> None:
    messages = [{"role": "system", "content": "Sort ticket 4711."}, {"role": "user", "content": "secret words"}]
    stored = spend_log(tmp_path, messages=json.dumps(messages))
    other = [*messages[:1], {"role": "user", "content": "others"}]
    logged = payload(tmp_path, messages=other)
    assert (stored["message_count"], stored["prompt_hash"] == logged["prompt_hash"]) == (2, False)
    assert stored["template_hash"] == logged["template_hash"], "the same system prompt is the same template"
    assert not any("secret" in str(value) or "ticket" in str(value) for value in stored.values())


def test_only_configured_metadata_keys_are_kept(tmp_path: Path) -> None:
    own = {"feature": "mail", "password": "hunter2"}
    for row in (
        spend_log(tmp_path, metadata=json.dumps({"spend_logs_metadata": own})),
        payload(tmp_path, metadata={"requester_metadata": own}),
    ):
        assert json.loads(str(row["metadata"])) == {"feature": "mail", "release": None}


def test_a_csv_made_by_psql_reads_like_the_json_rows(tmp_path: Path) -> None:
    path = tmp_path / "spend_logs.csv"
    record = SPEND_LOG | {"metadata": '{"usage_object": {"prompt_tokens_details": {"cached_tokens": 64}}}'}
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(record))
        writer.writeheader()
        writer.writerow(record)
    as_json = staged(jsonl(tmp_path / "spend.jsonl", record))
    as_csv = staged(path)
    assert as_csv == as_json


def test_a_page_of_the_proxys_api_is_unrolled_and_says_that_there_are_more(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"data": [SPEND_LOG, SPEND_LOG], "total": 900, "page": 1, "total_pages": 9}, indent=1))
    reader, export = prepared(path)
    assert reader.format == "litellm_spend_logs"
    assert "page 1 of 9; load the others" in str(reader.warn and reader.warn(export))
    assert len(judged(path)) == 2


@pytest.mark.trap("litellm_spend_logs")
@pytest.mark.trap("litellm_payload")
def test_a_responses_call_that_may_be_logged_twice_is_loaded_and_noted(tmp_path: Path) -> None:
    note = "responses call that some LiteLLM versions log a second time as a completion (issue 15740)"
    for provider, expected in (("anthropic", note), ("gemini", note), ("openai", None), ("azure", None)):
        changes = {"call_type": "aresponses", "custom_llm_provider": provider}
        for row in (spend_log(tmp_path, **changes), payload(tmp_path, **changes)):
            assert (row["usage_note"], row["reject_reason"]) == (expected, None)


@pytest.mark.trap("litellm_spend_logs")
def test_cache_writes_for_an_hour_are_counted_because_they_cost_more(tmp_path: Path) -> None:
    written = {"cache_creation_tokens": 90, "cache_creation_token_details": {"ephemeral_1h_input_tokens": 60}}
    metadata = {"usage_object": {"prompt_tokens_details": written}}
    for row in (spend_log(tmp_path, metadata=json.dumps(metadata)), payload(tmp_path, metadata=metadata)):
        assert (row["usage_cache_creation_input_tokens"], row["usage_cache_creation_1h_input_tokens"]) == (90, 60)
        assert row["usage_note"] is None
