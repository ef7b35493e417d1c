"""Whatever a log holds: a conversation that is wholly there, or a reason; and nothing that was not said."""

import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from exports import Row
from hypothesis import given, settings
from hypothesis import strategies as st
from said import ANSWER, BODY, MESSAGES, REQUEST, SETTINGS, reply

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request
from audit.conversations.values import Conversation, UnavailableError
from audit.readers.registry import READERS

HELLO: Row = {"role": "user", "content": "hello"}
KEYS = st.sampled_from(
    (
        *("messages", "input", "content", "role", "parts", "type", "text", "tools", "function", "name", "arguments"),
        *("id", "tool_calls", "output", "choices", "message", "attributes", "request", "response", "body", "inputs"),
        *("outputs", "spans", "data", "resourceSpans", "scopeSpans", "image_url", "source"),
    )
)
WORDS = st.text() | st.sampled_from(
    ("user", "assistant", "tool", "text", "image_url", "tool_use", "function_call", "[", "{}", "[{}]", "null")
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=4),
    max_leaves=25,
)
READING = [reader.conversation for reader in READERS if reader.conversation is not None]


@settings(max_examples=300, deadline=None)
@given(record=st.dictionaries(KEYS, JSON, max_size=6), read=st.sampled_from(READING))
def test_no_record_is_so_strange_that_it_raises_anything_but_a_reason(
    record: Row, read: Callable[[Row], Conversation]
) -> None:
    with suppress(UnavailableError):
        found = read(record)
        assert found.body["messages"]
        assert json.loads(json.dumps(found.body))


@given(st.permutations(list(REQUEST)))
def test_the_order_of_a_request_changes_nothing(names: list[str]) -> None:
    assert chat_request({name: REQUEST[name] for name in names}).body == BODY


def test_a_body_of_chat_completions_is_left_as_it_is() -> None:
    assert chat_request(BODY).body == BODY
    assert chat_request(chat_request(REQUEST).body).body == BODY


def test_what_the_sdk_sends_beside_its_own_parameters_is_a_part_of_the_request() -> None:
    found = chat_request({"messages": [HELLO], "extra_body": {"reasoning_effort": "low", "top_k": 5, "api_key": "x"}})
    assert found.body == {"messages": [HELLO], "reasoning_effort": "low"}
    assert found.dropped == ("top_k",)


def test_a_choice_among_some_of_the_tools_stays_one_among_those() -> None:
    tools = [{"functionDeclarations": [{"name": name} for name in ("find", "book", "pay")]}]
    choice = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["find", "book"]}}
    found = chat_request({"messages": [HELLO], "tools": tools, "toolConfig": choice}).body["tool_choice"]
    named = [{"type": "function", "function": {"name": name}} for name in ("find", "book")]
    assert found == {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": named}}


REFUSED: list[tuple[Row, str]] = [
    ({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]}, "audio"),
    ({"messages": [HELLO], "modalities": ["text", "audio"], "audio": {"voice": "x"}}, "audio"),
    ({"input": "x", "previous_response_id": "resp_1"}, "only OpenAI has"),
    ({"input": "x", "prompt": {"id": "pmpt_1"}}, "only OpenAI has"),
    ({"input": "x", "tools": [{"type": "web_search"}]}, "tool that the vendor runs: web_search"),
    ({"input": [{"type": "item_reference", "id": "x"}]}, "item_reference"),
    ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]}, "kept elsewhere"),
    ({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]}, "file"),
    ({"prompt": "Once upon"}, "completion of a text"),
    ({"messages": []}, "no messages"),
    ({"messages": [{"role": "system", "content": "x"}]}, "no messages"),
    ({"messages": [{"role": "user"}]}, "not logged"),
    ({"messages": [{"role": "assistant", "content": None}]}, "not logged"),
    ({"messages": [{"role": "narrator", "content": "x"}]}, "narrator"),
    ({"messages": [HELLO, {"role": "tool", "tool_call_id": "c", "content": "x"}]}, "whose call is not in it"),
    ({"messages": [{"role": "user", "content": "@@@langfuseMedia:type=image/png|id=1@@@"}]}, "Langfuse keeps"),
    ({"messages": [{"role": "user", "content": "__REDACTED__"}]}, "OpenInference"),
    ({"messages": [HELLO], "response_format": {"type": "json_schema"}}, "schema"),
    ({"litellm_truncated": True, "messages": [HELLO]}, "cut off"),
]


@pytest.mark.parametrize(("sent", "reason"), REFUSED)
def test_what_is_not_wholly_there_or_has_no_place_is_refused_with_the_reason(sent: Row, reason: str) -> None:
    with pytest.raises(UnavailableError, match=reason):
        chat_request(sent)


def test_an_answer_that_calls_a_tool_needs_the_tools() -> None:
    called = answer_of({"choices": [{"message": MESSAGES[2], "finish_reason": "tool_calls"}]})
    with pytest.raises(UnavailableError, match="none was logged"):
        chat_request({"messages": [HELLO]}, called)
    assert chat_request({"messages": [HELLO], **SETTINGS}, called).answer == called


def test_calls_in_a_log_of_messages_alone_need_the_tools_too() -> None:
    with pytest.raises(UnavailableError, match="none was logged"):
        chat_request({"messages": MESSAGES}, is_whole=False)
    assert chat_request({"messages": MESSAGES}).body == {"messages": MESSAGES}


ENDED: list[tuple[Row, str | None]] = [
    ({"role": "assistant", "content": "x"}, None),
    ({"choices": [{"message": {"role": "assistant", "content": "x"}, "finish_reason": "length"}]}, "length"),
    ({"type": "message", "content": [{"type": "text", "text": "x"}], "stop_reason": "refusal"}, "content_filter"),
    (
        {
            "output": [{"type": "message", "content": [{"type": "output_text", "text": "x"}]}],
            "status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"},
        },
        "length",
    ),
]


@pytest.mark.parametrize(("replied", "expected"), ENDED)
def test_why_an_answer_ended_is_said_in_the_words_of_chat_completions(replied: Row, expected: str | None) -> None:
    assert answer_of(replied) == {"message": {"role": "assistant", "content": "x"}, "finish_reason": expected}


NO_ANSWERS: list[object] = [
    None,
    "",
    {},
    {"choices": []},
    {"choices": [{"message": {"role": "assistant", "content": None}}]},
    {"choices": [{"message": {"role": "assistant", "content": "redacted-by-litellm"}}]},
    [{"choices": [{"delta": {"content": "x"}}]}],
    {
        "output": [
            {"type": "web_search_call"},
            {"type": "message", "content": [{"type": "output_text", "text": "x"}]},
        ]
    },
    {"choices": [{"message": {"role": "assistant", "content": None, "audio": {"data": "x"}}}]},
]


@pytest.mark.parametrize("replied", NO_ANSWERS)
def test_an_answer_that_is_not_wholly_there_is_none(replied: object) -> None:
    assert answer_of(replied) is None


def test_a_reply_says_its_first_choice() -> None:
    assert answer_of(reply({})) == ANSWER
