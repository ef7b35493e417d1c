"""Answers to a sample: what is read of a batch's files, and where every line goes."""

from datetime import date
from pathlib import Path

import pytest
from sample_folders import (
    CREATED,
    SMALL,
    Json,
    refused,
    reply,
    sample_id,
    wrapped,
    write_lines,
)

from audit.errors import InputError
from audit.grading.answers import Usage, read_replies
from audit.grading.message import answer_of_body, answer_of_message

IDS = {sample_id(number) for number in range(100)}


@pytest.mark.parametrize(
    ("line", "unanswered", "failure", "text"),
    [
        (reply(1, "yes"), "", None, "yes"),
        (reply(1, "ye", finish="length"), "", "truncated", "ye"),
        (reply(1, "", finish="content_filter"), "", "content filter", ""),
        (reply(1, None, refusal="I cannot"), "", "refusal", ""),
        (reply(1, ""), "", "no answer", ""),
        (wrapped(1, 200, {"choices": []}), "", "no answer", ""),
        (wrapped(1, 200, None), "", "no answer", ""),
        (refused(1, 400, "unsupported_value"), "", "HTTP 400 unsupported_value", ""),
        (refused(1, 400, "content_filter"), "", "content filter", ""),
        (refused(1, 400, "context_length_exceeded"), "", "HTTP 400 context_length_exceeded", ""),
        (refused(1, 422), "", "HTTP 422 invalid_request_error", ""),
        (refused(1, 429, "rate_limit_exceeded"), "rate_limit_exceeded", None, None),
        (refused(1, 400, "billing_hard_limit_reached"), "billing_hard_limit_reached", None, None),
        (refused(1, 404, "DeploymentNotFound"), "deploymentnotfound", None, None),
        (refused(1, 401), "HTTP 401", None, None),
        (refused(1, 500), "HTTP 500", None, None),
        (refused(1, 503), "HTTP 503", None, None),
        (wrapped(1, None, None, error={"code": "batch_expired", "message": "late"}), "batch_expired", None, None),
        (wrapped(1, None, None), "no response", None, None),
    ],
)
def test_a_line_is_an_answer_a_failure_of_the_model_or_no_answer(
    tmp_path: Path, line: Json, unanswered: str, failure: str | None, text: str | None
) -> None:
    found = read_replies([write_lines(tmp_path / "out.jsonl", [line])], IDS).chosen[sample_id(1), "candidate"]
    assert found.unanswered == unanswered
    assert (found.answer and found.answer.text) == text
    assert (found.answer and found.answer.failure) == failure


def test_the_time_the_model_and_the_tokens_are_those_of_the_line(tmp_path: Path) -> None:
    found = read_replies([write_lines(tmp_path / "out.jsonl", [reply(1, "yes")])], IDS).chosen[
        sample_id(1), "candidate"
    ]
    assert (found.observed_on, found.model) == (date(2026, 3, 4), SMALL)
    assert found.usage == Usage(input_tokens=1000, cached_tokens=0, output_tokens=10)


def test_the_responses_api_says_the_same_in_other_words() -> None:
    body: Json = {
        "status": "completed",
        "output": [
            {"type": "reasoning", "summary": []},
            {"type": "message", "content": [{"type": "output_text", "text": "yes"}]},
            {"type": "function_call", "name": "find", "arguments": '{"q": 1}'},
        ],
        "error": None,
    }
    found = answer_of_body(body)
    assert (found.text, found.failure) == ("yes", None)
    assert [(call.name, call.arguments) for call in found.tool_calls] == [("find", '{"q": 1}')]
    cut = answer_of_body(body | {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}})
    assert cut.failure == "truncated"
    refusal = {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}]}
    assert answer_of_body(refusal).failure == "refusal"


def test_a_message_may_be_parts_and_an_old_function_call() -> None:
    parts = answer_of_message({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]})
    assert parts.text == "ab"
    old = answer_of_message({"content": None, "function_call": {"name": "find", "arguments": "{}"}})
    assert [call.name for call in old.tool_calls] == ["find"]


def test_lines_that_are_no_reply_to_the_sample_are_counted_with_an_example(tmp_path: Path) -> None:
    lines: list[object] = [
        reply(1, "yes"),
        reply(1, "yes"),
        reply(500, "yes"),
        {"custom_id": "mine", "response": {}},
        {"custom_id": f"{sample_id(1)}-judge", "response": {}},
        {"custom_id": f"{sample_id(2)}-candidate", "method": "POST", "body": {}},
        "{cut off",
        "[]",
    ]
    found = read_replies([write_lines(tmp_path / "out.jsonl", lines)], IDS)
    assert found.read == len(lines)
    assert dict(found.set_aside) == {"duplicate": 1, "unknown": 3, "unreadable": 3}
    assert "out.jsonl, line 3: custom_id" in found.examples[0]


def test_of_several_lines_about_a_request_an_answer_beats_none_and_the_newest_counts(tmp_path: Path) -> None:
    lines: list[object] = [
        reply(1, "old", created=CREATED),
        refused(1, 500),
        reply(1, "new", created=CREATED + 9),
        reply(1, "older", created=5),
    ]
    for order in (lines, lines[::-1], lines[2:] + lines[:2]):
        found = read_replies([write_lines(tmp_path / "out.jsonl", order)], IDS)
        answer = found.chosen[sample_id(1), "candidate"].answer
        assert answer is not None
        assert answer.text == "new"
        assert found.set_aside["duplicate"] == 3


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "{}\n"])
def test_a_file_that_is_no_batch_output_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.jsonl").write_text(text)
    with pytest.raises(InputError, match="no line has a custom_id"):
        read_replies([tmp_path / "x.jsonl"], IDS)
