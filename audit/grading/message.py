"""What a model answered: its text, its tool calls, or why there is nothing to compare.

Read from a chat completion (developers.openai.com, Chat API), from a response of the Responses API, or from the message
that a log kept. What it says is never stored: it lives as long as the grading.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from audit.grading.values import mapping, mappings

TRUNCATED = "truncated"
"""The one failure that is none where the other model was cut off at the same limit."""

_FINISH = {"length": TRUNCATED, "max_output_tokens": TRUNCATED, "content_filter": "content filter"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call; arguments are JSON text as the model wrote it, or what a log made of it."""

    name: str
    arguments: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer; `failure` says why it cannot stand as one: truncated, refusal, content filter, HTTP 400 and so on."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    failure: str | None = None


def answer_of_message(message: object, finish_reason: object = None) -> Answer:
    """The answer in a chat message {role, content, tool_calls}; content may be text or a list of parts."""
    found = mapping(message)
    text = _text_of(found.get("content"))
    legacy = mapping(found.get("function_call"))
    calls = tuple(_call(item) for item in mappings(found.get("tool_calls")))
    if not calls and legacy:
        calls = (_call(legacy),)
    return _answer(text, calls, finish_reason, is_refusal=_is_refusal(found))


def answer_of_body(body: object) -> Answer:
    """The answer in the body of a successful reply, chat completion or response; its first choice."""
    found = mapping(body)
    if "output" in found:
        return _answer_of_response(found)
    choices = mappings(found.get("choices"))
    if not choices:
        return Answer(failure="no answer")
    return answer_of_message(choices[0].get("message"), choices[0].get("finish_reason"))


def answer_of_value(value: object) -> Answer:
    """A reference as an answer: text, a number, JSON, or tool calls [{name, arguments}, ...]."""
    if "tool_calls" in mapping(value):
        return answer_of_message(value)
    calls = mappings(value)
    if calls and all("name" in call or "function" in call for call in calls):
        return Answer(text=_json(calls), tool_calls=tuple(_call(call) for call in calls))
    return Answer(text=value if isinstance(value, str) else _json(value))


def _answer_of_response(body: Mapping[str, object]) -> Answer:
    items = mappings(body.get("output"))
    messages = [item for item in items if item.get("type") == "message"]
    calls = tuple(_call(item) for item in items if item.get("type") in ("function_call", "custom_tool_call"))
    parts = [part for message in messages for part in mappings(message.get("content"))]
    reason = mapping(body.get("incomplete_details")).get("reason")
    is_refusal = any(part.get("type") == "refusal" for part in parts)
    return _answer(_text_of(parts), calls, reason, is_refusal=is_refusal)


def _answer(text: str, calls: tuple[ToolCall, ...], finish_reason: object, *, is_refusal: bool) -> Answer:
    failure = _FINISH.get(str(finish_reason))
    if failure is None and is_refusal:
        failure = "refusal"
    if failure is None and not text.strip() and not calls:
        failure = "no answer"
    return Answer(text=text, tool_calls=calls, failure=failure)


def _is_refusal(message: Mapping[str, object]) -> bool:
    parts = mappings(message.get("content"))
    return bool(message.get("refusal")) or any(part.get("type") == "refusal" for part in parts)


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    return "".join(str(part["text"]) for part in mappings(content) if isinstance(part.get("text"), str))


def _call(item: Mapping[str, object]) -> ToolCall:
    """A call in any of its shapes: {function: {name, arguments}}, {custom: {name, input}}, {name, arguments}."""
    found = mapping(item.get("function")) or mapping(item.get("custom")) or item
    return ToolCall(name=str(found.get("name") or ""), arguments=found.get("arguments", found.get("input")))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
