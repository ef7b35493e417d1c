"""OpenAI calls as applications log them: bare replies, stored completions, and wrappers around request and reply."""

import csv
import json
from pathlib import Path
from typing import cast

import pytest
from staging import CONTEXT, Row, judged, prepared, staged

SAMPLES = Path(__file__).parent / "data" / "samples" / "openai"
USAGE: Row = {
    "prompt_tokens": 1536,
    "completion_tokens": 12,
    "total_tokens": 1548,
    "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 0},
}
REPLY: Row = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1741570283,
    "model": "gpt-4o-2024-08-06",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "secret answer"}, "finish_reason": "stop"}],
    "usage": USAGE,
    "service_tier": "default",
}
REQUEST: Row = {
    "model": "gpt-4o",
    "stream": False,
    "metadata": {"feature": "mail-draft", "team": "sales"},
    "messages": [
        {"role": "system", "content": "You write mails."},
        {"role": "user", "content": "secret question"},
    ],
}
CALL: Row = {
    "started_at": "2026-03-01T10:00:00.250Z",
    "latency_ms": 900,
    "status": 200,
    "user": "u1",
    "request": REQUEST,
    "response": REPLY,
}


def jsonl(path: Path, *records: Row) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def call(tmp_path: Path, **changes: object) -> Row:
    (row,) = judged(jsonl(tmp_path / "calls.jsonl", CALL | changes))
    return row


def asked(tmp_path: Path, **changes: object) -> Row:
    return call(tmp_path, request=REQUEST | changes)


def replied(tmp_path: Path, **changes: object) -> Row:
    return call(tmp_path, response=REPLY | changes)


def test_a_wrapped_call_has_the_tokens_of_the_reply_and_the_latency_of_the_wrapper(tmp_path: Path) -> None:
    row = call(tmp_path)
    assert (row["usage_input_tokens"], row["usage_cache_read_input_tokens"]) == (1536, 1024)
    assert (row["usage_output_tokens"], row["usage_reasoning_output_tokens"]) == (12, 5)
    assert (str(row["start_time"]), row["duration_ms"]) == ("2026-03-01 10:00:00.250000", 900)
    assert (row["request_model"], row["response_model"], row["request_id"]) == (
        "gpt-4o",
        "gpt-4o-2024-08-06",
        "chatcmpl-1",
    )
    assert (row["route"], row["team_id"], row["user_id"]) == ("mail-draft", "sales", "u1")
    assert (row["message_count"], row["tool_count"], row["output_type"]) == (2, None, "text")


@pytest.mark.trap("openai_requests")
def test_a_bare_reply_reads_the_same_with_its_own_time_and_no_latency(tmp_path: Path) -> None:
    (row,) = judged(jsonl(tmp_path / "replies.jsonl", REPLY))
    assert (row["usage_input_tokens"], row["usage_cache_read_input_tokens"], row["duration_ms"]) == (1536, 1024, None)
    assert (str(row["start_time"]), row["response_finish_reason"]) == ("2025-03-10 01:31:23", "stop")


@pytest.mark.trap("openai_requests")
def test_the_documented_replies_read_also_where_detail_objects_are_missing(tmp_path: Path) -> None:
    found: list[object] = []
    for name in ("openapi_example_CreateChatCompletionResponse.json", "openapi_example_ChatCompletionList.json"):
        path = tmp_path / name
        path.write_bytes((SAMPLES / name).read_bytes())
        (row,) = judged(path)
        found.append((row["usage_input_tokens"], row["usage_output_tokens"], row["usage_cache_read_input_tokens"]))
    assert found == [(1117, 46, 0), (13, 18, 0)]


def test_a_stored_completion_keeps_its_route_tools_and_format(tmp_path: Path) -> None:
    stored = REPLY | {
        "request_id": "req_1",
        "input_user": "u9",
        "metadata": {"use_case": "triage", "release": "r7"},
        "tools": [{"type": "function", "function": {"name": "lookup"}}],
        "response_format": {"type": "json_schema"},
    }
    path = tmp_path / "stored.json"
    path.write_text(json.dumps({"object": "list", "data": [stored], "last_id": "chatcmpl-1", "has_more": True}))
    (row,) = judged(path)
    assert (row["route"], row["tool_count"], row["output_type"], row["user_id"]) == ("triage", 1, "json", "u9")
    assert json.loads(str(row["metadata"])) == {"feature": None, "release": "r7"}
    reader, export = prepared(path)
    assert "after=chatcmpl-1" in str(reader.warn and reader.warn(export))


def test_the_responses_api_counts_input_and_output_under_its_own_names(tmp_path: Path) -> None:
    reply: Row = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1741570283,
        "completed_at": 1741570285,
        "status": "completed",
        "model": "gpt-4o-2024-08-06",
        "instructions": "Be brief.",
        "text": {"format": {"type": "json_schema"}},
        "tools": [],
        "prompt": {"id": "pmpt_7"},
        "usage": {
            "input_tokens": 300,
            "input_tokens_details": {"cached_tokens": 256, "cache_write_tokens": 10},
            "output_tokens": 40,
            "output_tokens_details": {"reasoning_tokens": 32},
        },
    }
    request: Row = {"model": "gpt-4o", "input": [{"role": "user", "content": [{"type": "input_image"}]}]}
    (bare,) = judged(jsonl(tmp_path / "bare.jsonl", reply))
    (wrapped,) = judged(jsonl(tmp_path / "wrapped.jsonl", {"request": request, "response": reply}))
    for row in (bare, wrapped):
        assert (row["usage_input_tokens"], row["usage_cache_read_input_tokens"]) == (300, 256)
        assert (row["usage_cache_creation_input_tokens"], row["usage_reasoning_output_tokens"]) == (10, 32)
        assert (row["operation_name"], row["output_type"], row["prompt_name"]) == ("responses", "json", "pmpt_7")
        assert (row["duration_ms"], row["tool_count"]) == (2000, 0)
    assert (bare["image_count"], wrapped["image_count"]) == (0, 1)


def test_embeddings_have_no_output_and_known_usage(tmp_path: Path) -> None:
    reply: Row = {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.1]}],
        "model": "text-embedding-3-small",
        "usage": {"prompt_tokens": 8, "total_tokens": 8},
    }
    row = call(tmp_path, request={"model": "text-embedding-3-small", "input": "text"}, response=reply)
    assert (row["operation_name"], row["usage_known"], row["usage_output_tokens"]) == ("embeddings", True, 0)


@pytest.mark.trap("openai_requests")
def test_a_stream_without_usage_is_unknown_and_not_zero(tmp_path: Path) -> None:
    reply = {key: value for key, value in REPLY.items() if key != "usage"}
    row = call(tmp_path, request=REQUEST | {"stream": True}, response=reply)
    assert (row["usage_known"], row["usage_input_tokens"], row["stream"]) == (False, None, True)
    assert (row["reject_reason"], row["is_failed"]) == (None, False)
    assert replied(tmp_path, usage=None)["usage_known"] is False


@pytest.mark.parametrize("usage", ["n/a", {}, [1], {"prompt_tokens": None}, {"prompt": 12}])
@pytest.mark.trap("openai_requests")
def test_a_usage_that_is_there_but_unreadable_is_rejected_and_not_taken_for_unknown(
    tmp_path: Path, usage: object
) -> None:
    assert replied(tmp_path, usage=usage)["reject_reason"] == "usage holds no readable count of input tokens"


@pytest.mark.parametrize(("count", "reason"), [("twelve", "is not a count"), (12.7, "12.7"), (-5, "-5")])
def test_a_count_that_is_a_word_a_fraction_or_negative_is_rejected(tmp_path: Path, count: object, reason: str) -> None:
    assert reason in str(replied(tmp_path, usage=USAGE | {"prompt_tokens": count})["reject_reason"])


def test_a_failed_call_has_the_type_of_its_error_and_not_the_message(tmp_path: Path) -> None:
    body = {"error": {"message": "your secret question broke it", "type": "rate_limit_exceeded", "code": "429"}}
    logged = call(tmp_path, status=429, response=body)
    assert (logged["is_failed"], logged["error_type"], logged["http_response_status_code"]) == (
        True,
        "rate_limit_exceeded",
        429,
    )
    raised = call(tmp_path, status=None, response=None, error="openai.RateLimitError: secret question refused")
    assert (raised["is_failed"], raised["error_type"]) == (True, "openai.RateLimitError")
    told = call(tmp_path, status="error", response=None, error="The secret question was too long")
    assert (told["is_failed"], told["error_type"]) == (True, None)
    assert not any("secret" in str(value) for row in (logged, raised, told) for value in row.values())


@pytest.mark.parametrize("nothing", [None, "", False, {}])
def test_an_error_field_that_says_nothing_is_no_error(tmp_path: Path, nothing: object) -> None:
    assert call(tmp_path, error=nothing)["is_failed"] is False


@pytest.mark.parametrize("key", ["feature", "route", "endpoint", "use_case", "task"])
def test_the_route_is_found_in_the_wrapper_or_in_the_requests_metadata(tmp_path: Path, key: str) -> None:
    assert asked(tmp_path, metadata={key: "triage"})["route"] == "triage"
    assert call(tmp_path, request={"model": "gpt-4o", "messages": []}, **{key: "triage"})["route"] == "triage"
    assert call(tmp_path, request={"model": "gpt-4o", "messages": []}, metadata={key: "triage"})["route"] == "triage"


def test_retries_are_counted_from_the_first_try_on(tmp_path: Path) -> None:
    assert [call(tmp_path, **said)["attempt"] for said in ({"attempt": 1}, {"retry_count": 0})] == [1, 1]


def test_an_endpoint_that_is_a_path_of_the_api_is_no_route(tmp_path: Path) -> None:
    row = call(tmp_path, endpoint="/v1/chat/completions")
    assert (row["route"], row["url_path"]) == ("mail-draft", "/v1/chat/completions")


def test_tools_json_and_images_are_seen_in_the_request(tmp_path: Path) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    row = asked(
        tmp_path,
        tools=[{"type": "function", "function": {"name": "a"}}, {"type": "function", "function": {"name": "b"}}],
        response_format={"type": "json_object"},
        messages=[{"role": "user", "content": [{"type": "text", "text": "what is this"}, picture, picture]}],
    )
    assert (row["tool_count"], row["output_type"], row["image_count"]) == (2, "json", 2)


@pytest.mark.trap("openai_requests")
def test_a_tier_is_the_one_that_served_the_call(tmp_path: Path) -> None:
    assert replied(tmp_path, service_tier="flex")["service_tier"] == "flex"
    assert replied(tmp_path, service_tier=None)["service_tier"] == "default"


def test_a_chunk_of_a_stream_is_no_call_unless_it_brings_the_usage(tmp_path: Path) -> None:
    chunk = REPLY | {"object": "chat.completion.chunk"}
    rows = judged(jsonl(tmp_path / "chunks.jsonl", chunk | {"usage": None}, chunk))
    assert [row["reject_reason"] for row in rows] == ["a chunk of a streamed reply, not a whole call", None]


def test_request_and_response_may_be_json_text_in_json_lines_or_in_a_csv(tmp_path: Path) -> None:
    text = CALL | {"request": json.dumps(REQUEST), "response": json.dumps(REPLY)}
    expected = staged(jsonl(tmp_path / "objects.jsonl", CALL))
    assert staged(jsonl(tmp_path / "text.jsonl", text, CALL)) == expected * 2
    with (tmp_path / "text.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(text))
        writer.writeheader()
        writer.writerow(text)
    assert staged(tmp_path / "text.csv") == expected


def test_malformed_json_text_leaves_a_record_of_unknown_usage_and_raises_nothing(tmp_path: Path) -> None:
    broken = CALL | {"request": '{"model": ', "response": "{"}
    whole = CALL | {"request": json.dumps(REQUEST), "response": json.dumps(REPLY)}
    first, second = judged(jsonl(tmp_path / "text.jsonl", broken, whole))
    assert (first["usage_known"], second["usage_input_tokens"]) == (False, 1536)


def test_a_body_inside_of_request_and_response_is_found(tmp_path: Path) -> None:
    row = call(
        tmp_path,
        request={"url": "https://api.openai.com/v1/chat/completions", "body": REQUEST},
        response={"status_code": 200, "body": REPLY},
    )
    assert (row["usage_input_tokens"], row["route"]) == (1536, "mail-draft")


def test_latency_in_seconds_or_as_two_times_is_converted(tmp_path: Path) -> None:
    assert call(tmp_path, latency_ms=None, duration_s=1.25)["duration_ms"] == 1250
    assert call(tmp_path, latency_ms=None, ended_at="2026-03-01T10:00:01Z")["duration_ms"] == 750
    assert call(tmp_path, ttft_ms=80)["time_to_first_chunk_ms"] == 80


def test_prompts_and_answers_are_hashed_with_the_salt_and_never_kept(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "calls.jsonl", CALL)
    (row,) = staged(path)
    (again,) = staged(path, context=type(CONTEXT)(salt="other"))
    assert not any("secret" in str(value) or "write mails" in str(value) for value in row.values())
    for column in ("prompt_hash", "template_hash"):
        assert row[column] is not None
        assert row[column] != again[column]


def test_a_template_is_the_same_behind_other_numbers_and_another_behind_other_words(tmp_path: Path) -> None:
    def template(system: str) -> object:
        messages = [{"role": "system", "content": system}, *cast("list[object]", REQUEST["messages"])[1:]]
        return asked(tmp_path, messages=messages)["template_hash"]

    assert template("Answer ticket 4711.") == template("Answer ticket 12.")
    assert template("Answer ticket 4711.") != template("Close ticket 4711.")


def test_instructions_beside_a_plain_text_input_are_a_template(tmp_path: Path) -> None:
    request = {"model": "gpt-4o", "input": "plain words", "instructions": "Be brief."}
    assert call(tmp_path, request=request)["template_hash"] is not None


@pytest.mark.trap("openai_requests")
def test_predicted_tokens_that_were_rejected_are_part_of_the_output_and_not_added(tmp_path: Path) -> None:
    details = {"reasoning_tokens": 5, "accepted_prediction_tokens": 3, "rejected_prediction_tokens": 4}
    row = call(tmp_path, response=REPLY | {"usage": USAGE | {"completion_tokens_details": details}})
    assert row["usage_output_tokens"] == 12
