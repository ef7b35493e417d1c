"""Real exports of other projects' tools: what is known to have been asked and answered comes back, all of it."""

import shutil
from pathlib import Path
from typing import cast

import pytest
from exports import Row
from said import asked

from audit.intake.loading import load

SAMPLES = Path(__file__).parent / "data" / "samples"
ASKED: list[Row] = [
    {"role": "system", "content": "You classify support tickets. Reply with one label."},
    {"role": "user", "content": "My invoice is wrong"},
]
WEATHER: Row = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
HELLO: Row = {"message": {"role": "assistant", "content": "Hello there"}, "finish_reason": "stop"}


def calling(arguments: str) -> Row:
    function = {"name": "get_weather", "arguments": arguments}
    call = {"id": "call_1", "type": "function", "function": function}
    return {"message": {"role": "assistant", "content": None, "tool_calls": [call]}, "finish_reason": "tool_calls"}


def mock_calls(*, temperature: bool, arguments: str) -> list[tuple[Row, Row]]:
    """The four calls that were made through every one of these tools: plain, cached, with a tool, as JSON."""
    return [
        ({"messages": ASKED, **({"temperature": 0} if temperature else {})}, HELLO),
        ({"messages": ASKED}, HELLO),
        ({"messages": ASKED, "tools": [WEATHER]}, calling(arguments)),
        ({"messages": ASKED, "response_format": {"type": "json_object"}}, HELLO),
    ]


def texts_of(folder: Path, name: str) -> list[tuple[Row | None, Row | None]]:
    path = Path(shutil.copy(SAMPLES / name, folder))
    load([str(path)], folder / "usage.duckdb")
    return [(each.body, each.answer) for each in asked(folder / "usage.duckdb")]


@pytest.mark.parametrize(
    ("name", "temperature", "arguments"),
    [
        ("litellm/litellm_1.106.2_standard_logging.jsonl", False, '{"city":"Paris"}'),
        ("openinference/openinference_openai_0.1.66.otlp.jsonl", True, '{"city":"Paris"}'),
        ("traceloop/openllmetry_0.62.4.otlp.jsonl", True, '{"city": "Paris"}'),
    ],
)
def test_the_same_calls_come_out_of_every_tracer(tmp_path: Path, name: str, temperature: bool, arguments: str) -> None:
    assert texts_of(tmp_path, name) == mock_calls(temperature=temperature, arguments=arguments)


def test_a_conversation_of_the_vercel_sdk(tmp_path: Path) -> None:
    _, (body, answer) = texts_of(tmp_path, "openinference/vercel_v6_spans/ai-generateText-doGenerate.json")
    assert body == {
        "messages": [
            {"role": "system", "content": "You are a helpful assistant."},
            {"role": "user", "content": [{"type": "text", "text": "What is 2 + 2?"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "2 + 2 equals 4."}]},
            {"role": "user", "content": [{"type": "text", "text": "And what is 3 + 3?"}]},
        ]
    }
    assert answer == {"message": {"role": "assistant", "content": "3 + 3 equals 6."}, "finish_reason": "stop"}


def test_a_trace_of_langchain_in_langfuse_brings_its_tools_along(tmp_path: Path) -> None:
    ((body, answer),) = texts_of(tmp_path, "langfuse/google-vertex-tools-langchain-2025-09-19.json")
    assert body is not None
    assert answer is not None
    messages, tools = cast("list[Row]", body["messages"]), cast("list[dict[str, Row]]", body["tools"])
    assert [message["role"] for message in messages] == ["system", "system", "user", "assistant", "user"]
    assert messages[-1]["content"] == "[name]"
    assert {tool["function"]["name"] for tool in tools} >= {"transition_to_service_a"}
    assert answer["message"] == {
        "role": "assistant",
        "content": "Thank you, [name]. Which of our services are you interested in?",
    }


UNTOLD = {
    "litellm/litellm_1.106.2_spend_logs.jsonl": "the proxy stored no prompt",
    "openinference/vercel_v6_spans/ai-generateObject-doGenerate.json": "the JSON schema of its answer was not logged",
    "otel/otel_openai_v2_2.3b0.otlp.jsonl": "the span holds no messages",
    "langfuse/agno-2025-06-11.json": "its input is the application's own",
    "langfuse/langgraph-js-2025-10-30.trace.json": "",
    "openai/openapi_example_ChatCompletionList.json": "only the reply was logged",
    "llm_sqlite/responses_written_here.csv": "its messages lie in other tables",
    "codex/ccusage_codex_session-alpha.jsonl": "exports of codex hold no prompts",
}


@pytest.mark.parametrize("name", UNTOLD)
def test_an_export_that_does_not_hold_the_request_says_what_it_lacks(tmp_path: Path, name: str) -> None:
    path = Path(shutil.copy(SAMPLES / name, tmp_path))
    load([str(path)], tmp_path / "usage.duckdb")
    found = asked(tmp_path / "usage.duckdb")
    assert found
    assert all(each.body is None and str(each.unavailable).startswith(UNTOLD[name]) for each in found)
