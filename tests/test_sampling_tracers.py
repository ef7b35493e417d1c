"""Requests as tracers, frameworks and small tools keep them, as chat completions that say the same."""

import json
from pathlib import Path
from typing import cast

import round_trip_platforms as platforms
import round_trip_tracing as tracing
from exports import Row, write_csv
from said import ARGUMENTS, CALL, FORM, PARAMETERS, PICTURE, SCHEMA
from said_otherwise import CALLED, CHAT, DATA, PICTURED, PLAIN_TOOL, SAID, SYSTEM, one_call


def genai(**attributes: object) -> Row:
    """A span with what a tracer that leaves no JSON schema behind would say of it."""
    plain = tracing.genai(CALL) | {"gen_ai.output.type": "text", "gen_ai.request.temperature": 0.2}
    names = {key.replace("__", "."): value for key, value in attributes.items()}
    return tracing.otlp_line([tracing.otlp_span(CALL, plain | names)])


OTEL: list[Row] = [
    {
        "role": "user",
        "parts": [
            {"type": "text", "content": "What is this?"},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": DATA},
        ],
    },
    {
        "role": "assistant",
        "parts": [
            {"type": "reasoning", "content": "hm"},
            {"type": "text", "content": "I look."},
            {"type": "tool_call", "id": "call_1", "name": "look_up", "arguments": {"order": 4711}},
        ],
    },
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_1", "response": "paid"}]},
    {"role": "user", "parts": [{"type": "text", "content": "And now?"}]},
]
OTEL_TOOLS = json.dumps([{"type": "function", "name": "look_up", "description": "Find", "parameters": PARAMETERS}])


def test_messages_of_opentelemetry(tmp_path: Path) -> None:
    said = [
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "call_1", "name": "look_up", "arguments": {"order": 4711}}],
        }
    ]
    record = genai(
        gen_ai__input__messages=json.dumps(OTEL),
        gen_ai__system_instructions=json.dumps([{"type": "text", "content": "You label tickets."}]),
        gen_ai__output__messages=json.dumps(said),
        gen_ai__tool__definitions=OTEL_TOOLS,
        gen_ai__response__finish_reasons="tool_call",
        gen_ai__request__max_tokens=64,
        gen_ai__request__structured_output_schema=json.dumps(SCHEMA | {"title": "label"}),
    )
    rest, answer = one_call(tmp_path, record)
    schema = {"name": "label", "schema": SCHEMA | {"title": "label"}}
    assert rest == {
        "tools": [PLAIN_TOOL],
        "response_format": {"type": "json_schema", "json_schema": schema},
        "temperature": 0.2,
        "max_tokens": 64,
    }
    assert answer == {"message": CALLED, "finish_reason": "tool_calls"}


def test_numbered_messages_of_openinference(tmp_path: Path) -> None:
    at = "llm.input_messages"
    part = "message.contents.{}.message_content"
    attributes = {
        f"{at}.0.message.role": "system",
        f"{at}.0.message.content": "You label tickets.",
        f"{at}.1.message.role": "user",
        f"{at}.1.{part.format(0)}.type": "text",
        f"{at}.1.{part.format(0)}.text": "What is this?",
        f"{at}.1.{part.format(1)}.type": "image",
        f"{at}.1.{part.format(1)}.image.image.url": PICTURE,
        f"{at}.2.message.role": "assistant",
        f"{at}.2.message.content": "I look.",
        f"{at}.2.message.tool_calls.0.tool_call.id": "call_1",
        f"{at}.2.message.tool_calls.0.tool_call.function.name": "look_up",
        f"{at}.2.message.tool_calls.0.tool_call.function.arguments": ARGUMENTS,
        f"{at}.3.message.role": "tool",
        f"{at}.3.message.content": "paid",
        f"{at}.3.message.tool_call_id": "call_1",
        f"{at}.4.message.role": "user",
        f"{at}.4.message.content": "And now?",
        "llm.tools.0.tool.json_schema": json.dumps(PLAIN_TOOL),
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "Billing.",
        "llm.finish_reason": "stop",
    }
    parameters = {"model": "gpt-4o", "temperature": 0.2, "response_format": FORM}
    usual = tracing.openinference(CALL) | {"llm.invocation_parameters": json.dumps(parameters)}
    rest, answer = one_call(tmp_path, tracing.otlp_line([tracing.otlp_span(CALL, usual | attributes)]))
    assert rest == {"tools": [PLAIN_TOOL], "response_format": FORM, "temperature": 0.2}
    assert answer == {"message": SAID, "finish_reason": "stop"}


def test_numbered_messages_of_openllmetry(tmp_path: Path) -> None:
    attributes = {
        "gen_ai.prompt.0.role": "system",
        "gen_ai.prompt.0.content": "You label tickets.",
        "gen_ai.prompt.1.role": "user",
        "gen_ai.prompt.1.content": json.dumps(PICTURED),
        "gen_ai.prompt.2.role": "assistant",
        "gen_ai.prompt.2.content": "I look.",
        "gen_ai.prompt.2.tool_calls.0.id": "call_1",
        "gen_ai.prompt.2.tool_calls.0.name": "look_up",
        "gen_ai.prompt.2.tool_calls.0.arguments": ARGUMENTS,
        "gen_ai.prompt.3.role": "tool",
        "gen_ai.prompt.3.content": "paid",
        "gen_ai.prompt.3.tool_call_id": "call_1",
        "gen_ai.prompt.4.role": "user",
        "gen_ai.prompt.4.content": "And now?",
        "llm.request.functions.0.name": "look_up",
        "llm.request.functions.0.description": "Find",
        "llm.request.functions.0.parameters": json.dumps(PARAMETERS),
        "gen_ai.completion.0.role": "assistant",
        "gen_ai.completion.0.content": "Billing.",
        "gen_ai.completion.0.finish_reason": "stop",
    }
    usual = {key: value for key, value in tracing.genai(CALL).items() if "tool" not in key}
    usual |= {"gen_ai.output.type": "text"}
    rest, answer = one_call(tmp_path, tracing.otlp_line([tracing.otlp_span(CALL, usual | attributes)]))
    assert rest == {"tools": [PLAIN_TOOL]}
    assert answer == {"message": SAID, "finish_reason": "stop"}


def test_messages_in_the_events_of_a_span(tmp_path: Path) -> None:
    span = tracing.otlp_span(
        CALL, tracing.genai(CALL) | {"gen_ai.output.type": "text", "gen_ai.tool.definitions": OTEL_TOOLS}
    )
    inside = {
        "gen_ai.input.messages": json.dumps(
            [{"role": "system", "parts": [{"type": "text", "content": "You label tickets."}]}, *OTEL]
        )
    }
    inside |= {
        "gen_ai.output.messages": json.dumps(
            [{"role": "assistant", "parts": [{"type": "text", "content": "Billing."}], "finish_reason": "stop"}]
        )
    }
    span["events"] = [
        {
            "name": "gen_ai.client.inference.operation.details",
            "timeUnixNano": "1",
            "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in inside.items()],
        }
    ]
    _, answer = one_call(tmp_path, tracing.otlp_line([span]))
    assert answer == {"message": SAID, "finish_reason": "stop"}


def test_a_span_of_the_vercel_sdk(tmp_path: Path) -> None:
    prompt = [
        SYSTEM,
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image", "image": DATA, "mimeType": "image/png"},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look."},
                {"type": "tool-call", "toolCallId": "call_1", "toolName": "look_up", "input": {"order": 4711}},
            ],
        },
        {
            "role": "tool",
            "content": [
                {
                    "type": "tool-result",
                    "toolCallId": "call_1",
                    "toolName": "look_up",
                    "output": {"type": "text", "value": "paid"},
                }
            ],
        },
        {"role": "user", "content": [{"type": "text", "text": "And now?"}]},
    ]
    span = tracing.vercel(CALL)
    tool = {"type": "function", "name": "look_up", "description": "Find", "inputSchema": PARAMETERS}
    attributes = cast("Row", span["attributes"])
    attributes |= {
        "ai.prompt.messages": json.dumps(prompt),
        "ai.prompt.tools": [json.dumps(tool)],
        "ai.prompt.toolChoice": '{"type":"auto"}',
        "gen_ai.request.temperature": 0.2,
        "ai.settings.maxOutputTokens": 64,
        "ai.settings.maxRetries": 2,
        "ai.response.toolCalls": json.dumps([{"toolCallId": "call_1", "toolName": "look_up", "input": ARGUMENTS}]),
        "ai.response.finishReason": "tool-calls",
    }
    rest, answer = one_call(tmp_path, span)
    assert rest == {"tools": [PLAIN_TOOL], "tool_choice": "auto", "temperature": 0.2, "max_completion_tokens": 64}
    assert answer == {"message": CALLED, "finish_reason": "tool_calls"}


def langchain(name: str, **kwargs: object) -> Row:
    return {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", name], "kwargs": kwargs}


def test_a_run_of_langchain(tmp_path: Path) -> None:
    messages = [
        langchain("SystemMessage", content="You label tickets.", type="system"),
        langchain("HumanMessage", content=PICTURED, type="human"),
        langchain(
            "AIMessage",
            content="I look.",
            type="ai",
            tool_calls=[{"name": "look_up", "args": {"order": 4711}, "id": "call_1", "type": "tool_call"}],
        ),
        langchain("ToolMessage", content="paid", tool_call_id="call_1", type="tool", status="success"),
        langchain("HumanMessage", content="And now?", type="human"),
    ]
    said = langchain("AIMessage", content="Billing.", response_metadata={"finish_reason": "stop"})
    run = platforms.langsmith(CALL) | {
        "inputs": {"messages": [messages]},
        "outputs": {"generations": [[{"text": "Billing.", "message": said}]]},
        "extra": {
            "metadata": {"ls_model_name": CALL.model},
            "invocation_params": {
                "_type": "openai-chat",
                "model": CALL.model,
                "temperature": 0.2,
                "tools": [PLAIN_TOOL],
            },
        },
    }
    rest, answer = one_call(tmp_path, run)
    assert rest == {"tools": [PLAIN_TOOL], "temperature": 0.2}
    assert answer == {"message": SAID, "finish_reason": "stop"}


def test_a_row_of_llm_and_the_csv_of_helicone(tmp_path: Path) -> None:
    row: Row = {"id": "01old", "model": "4o", "response_json": '{"model": "gpt-4o"}', "conversation_id": "c1"}
    row |= {"duration_ms": 900, "datetime_utc": "2025-06-01T10:00:00+00:00", "input_tokens": 1500, "output_tokens": 40}
    row |= {
        "prompt_json": json.dumps({"messages": CHAT}),
        "options_json": '{"temperature": 0.2}',
        "response": "Billing.",
    }
    rest, answer = one_call(tmp_path, write_csv(tmp_path / "responses.csv", [row]))
    assert (rest, answer) == ({"temperature": 0.2}, {"message": SAID, "finish_reason": None})
    other: Row = {"response_id": "r1", "response_created_at": "2026-03-02 09:00:01", "response_status": 200}
    other |= {
        "request_created_at": "2026-03-02 09:00:00",
        "prompt_tokens": 10,
        "completion_tokens": 2,
        "model": "gpt-4o",
    }
    other |= {"latency": 900, "request_body": json.dumps({"model": "gpt-4o", "messages": CHAT}).replace('"', '""')}
    other |= {"response_body": json.dumps({"choices": [{"message": SAID, "finish_reason": "stop"}]}).replace('"', '""')}
    (tmp_path / "h").mkdir()
    rest, answer = one_call(tmp_path / "h", write_csv(tmp_path / "helicone.csv", [other]))
    assert (rest, answer) == ({}, {"message": SAID, "finish_reason": "stop"})


def logfire(attributes: Row) -> Row:
    """A row of Logfire's table of records."""
    usual: Row = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 120,
        "gen_ai.usage.output_tokens": 12,
        "gen_ai.tool.definitions": OTEL_TOOLS,
    }
    row: Row = {"start_timestamp": "2026-03-02T09:10:02Z", "end_timestamp": "2026-03-02T09:10:03Z"}
    row |= {"trace_id": "00000000000000000000000000000099", "span_id": "0000000000000099", "parent_span_id": ""}
    return row | {"span_name": "chat", "attributes": json.dumps(usual | attributes)}


def test_a_record_of_logfire_with_the_request_of_the_sdk(tmp_path: Path) -> None:
    sent = {"model": "gpt-4o", "messages": CHAT, "temperature": 0.2, "tools": [PLAIN_TOOL]}
    row = logfire({"request_data": sent, "response_data": {"message": SAID, "usage": {}}})
    rest, answer = one_call(tmp_path, write_csv(tmp_path / "records.csv", [row]))
    assert rest == {"tools": [PLAIN_TOOL], "temperature": 0.2}
    assert answer == {"message": SAID, "finish_reason": None}


def test_the_events_of_pydantic_ai(tmp_path: Path) -> None:
    names = {"system": "gen_ai.system.message", "user": "gen_ai.user.message"}
    names |= {"assistant": "gen_ai.assistant.message", "tool": "gen_ai.tool.message"}
    events: list[Row] = [{"event.name": names[str(message["role"])], **message} for message in CHAT]
    events.append({"event.name": "gen_ai.choice", "index": 0, "message": SAID, "finish_reason": "stop"})
    row = logfire({"events": json.dumps(events)})
    rest, answer = one_call(tmp_path, write_csv(tmp_path / "records.csv", [row]))
    assert rest == {"tools": [PLAIN_TOOL]}
    assert answer == {"message": SAID, "finish_reason": "stop"}
