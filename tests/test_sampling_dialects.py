"""Requests in the words of other vendors and tracers, as the chat completion that says the same."""

import json
from pathlib import Path

import round_trip_clouds as clouds
import round_trip_known as known
import round_trip_tracing as tracing
from exports import Row, write_csv, write_jsonl
from round_trip import iso
from said import ARGUMENTS, CALL, FORM, PARAMETERS, PICTURE, SCHEMA, read_back

SYSTEM: Row = {"role": "system", "content": "You label tickets."}
LOOK_UP: Row = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": ARGUMENTS}}
PLAIN_TOOL: Row = {"type": "function", "function": {"name": "look_up", "description": "Find", "parameters": PARAMETERS}}
PICTURED: list[Row] = [
    {"type": "text", "text": "What is this?"},
    {"type": "image_url", "image_url": {"url": PICTURE}},
]
CHAT: list[Row] = [
    SYSTEM,
    {"role": "user", "content": PICTURED},
    {"role": "assistant", "content": "I look.", "tool_calls": [LOOK_UP]},
    {"role": "tool", "tool_call_id": "call_1", "content": "paid"},
    {"role": "user", "content": "And now?"},
]
"""What all of the requests below say, in the words of chat completions."""
DATA = PICTURE.removeprefix("data:image/png;base64,")
SAID: Row = {"role": "assistant", "content": "Billing."}
CALLED: Row = {"role": "assistant", "content": None, "tool_calls": [LOOK_UP]}
ANTHROPIC: Row = {
    "model": "claude-3-5-sonnet-20241022",
    "max_tokens": 64,
    "temperature": 0.2,
    "top_k": 5,
    "stop_sequences": ["END"],
    "system": [{"type": "text", "text": "You label tickets.", "cache_control": {"type": "ephemeral"}}],
    "metadata": {"user_id": "u1"},
    "tools": [{"name": "look_up", "description": "Find", "input_schema": PARAMETERS}],
    "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "x"},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "call_1", "name": "look_up", "input": {"order": 4711}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "paid"}]},
                {"type": "text", "text": "And now?"},
            ],
        },
    ],
}


def texts_joined(messages: object) -> list[Row]:
    """Messages with a list of one text as that text: the same to a model."""
    found: list[Row] = []
    for message in messages:  # pyright: ignore
        content = message["content"]  # pyright: ignore
        single = isinstance(content, list) and len(content) == 1 and content[0]["type"] == "text"  # pyright: ignore
        found.append({**message, **({"content": content[0]["text"]} if single else {})})  # pyright: ignore
    return found


def one_call(folder: Path, *records: Row | Path) -> tuple[Row, Row | None]:
    """Body and answer of the one request in a file of JSON lines, or in the files given."""
    paths = [each for each in records if isinstance(each, Path)]
    rows = [each for each in records if not isinstance(each, Path)]
    (found,) = read_back(folder, *(paths or [write_jsonl(folder / "e.jsonl", rows)]))
    assert found.unavailable is None
    assert found.body is not None
    assert texts_joined(found.body["messages"]) == CHAT
    return {key: value for key, value in found.body.items() if key != "messages"}, found.answer


def test_a_request_of_anthropic(tmp_path: Path) -> None:
    message = clouds.claude_message(CALL) | {
        "content": [{"type": "text", "text": "Bil"}, {"type": "text", "text": "ling."}]
    }
    record = clouds.claude_log(CALL) | {"request": ANTHROPIC, "response": message}
    rest, answer = one_call(tmp_path, record)
    assert rest == {
        "tools": [PLAIN_TOOL],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "max_tokens": 64,
        "temperature": 0.2,
        "stop": ["END"],
    }
    assert answer == {"message": SAID, "finish_reason": "stop"}


def test_a_parameter_that_chat_completions_lack_is_told_and_not_sent(tmp_path: Path) -> None:
    record = clouds.claude_log(CALL) | {"request": ANTHROPIC}
    (found,) = read_back(tmp_path, write_jsonl(tmp_path / "e.jsonl", [record]))
    assert found.dropped == ("top_k",)


def test_an_invocation_of_bedrock_and_the_events_of_its_stream(tmp_path: Path) -> None:
    call = clouds.bedrock(CALL)
    chunks = [
        {"type": "message_start", "message": {"model": "claude", "usage": {"input_tokens": 1200}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Bil"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "ling."}},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 12}},
        "[DONE]",
    ]
    call |= {"input": {"inputTokenCount": 1200, "inputBodyJson": ANTHROPIC}}
    call |= {"output": {"outputTokenCount": 12, "outputBodyJson": chunks}}
    _, answer = one_call(tmp_path, call)
    assert answer == {"message": SAID, "finish_reason": "length"}


def test_a_conversation_of_bedrock(tmp_path: Path) -> None:
    sent = {
        "system": [{"text": "You label tickets."}, {"cachePoint": {"type": "default"}}],
        "inferenceConfig": {"maxTokens": 64, "temperature": 0.2, "stopSequences": ["END"]},
        "toolConfig": {
            "tools": [
                {"toolSpec": {"name": "look_up", "description": "Find", "inputSchema": {"json": PARAMETERS}}},
                {"cachePoint": {"type": "default"}},
            ],
            "toolChoice": {"tool": {"name": "look_up"}},
        },
        "messages": [
            {
                "role": "user",
                "content": [{"text": "What is this?"}, {"image": {"format": "png", "source": {"bytes": DATA}}}],
            },
            {
                "role": "assistant",
                "content": [
                    {"text": "I look."},
                    {"toolUse": {"toolUseId": "call_1", "name": "look_up", "input": {"order": 4711}}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"toolResult": {"toolUseId": "call_1", "content": [{"text": "paid"}], "status": "success"}},
                    {"text": "And now?"},
                ],
            },
        ],
    }
    said = {"output": {"message": {"role": "assistant", "content": [{"text": "Billing."}]}}, "stopReason": "end_turn"}
    call = clouds.bedrock(CALL) | {"operation": "Converse"}
    call |= {"input": {"inputTokenCount": 1200, "inputBodyJson": sent}}
    call |= {"output": {"outputTokenCount": 12, "outputBodyJson": said | {"usage": {}, "metrics": {"latencyMs": 9}}}}
    rest, answer = one_call(tmp_path, call)
    assert rest == {
        "tools": [PLAIN_TOOL],
        "tool_choice": {"type": "function", "function": {"name": "look_up"}},
        "max_completion_tokens": 64,
        "temperature": 0.2,
        "stop": ["END"],
    }
    assert answer == {"message": SAID, "finish_reason": "stop"}


GEMINI: Row = {
    "systemInstruction": {"parts": [{"text": "You label tickets."}]},
    "contents": [
        {"role": "user", "parts": [{"text": "What is this?"}, {"inlineData": {"mimeType": "image/png", "data": DATA}}]},
        {
            "role": "model",
            "parts": [{"text": "I look."}, {"functionCall": {"name": "look_up", "args": {"order": 4711}}}],
        },
        {"role": "user", "parts": [{"functionResponse": {"name": "look_up", "response": "paid"}}]},
        {"role": "user", "parts": [{"text": "And now?"}]},
    ],
    "tools": [{"functionDeclarations": [{"name": "look_up", "description": "Find", "parameters": PARAMETERS}]}],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    "generationConfig": {
        "temperature": 0.2,
        "topP": 0.9,
        "maxOutputTokens": 64,
        "responseMimeType": "application/json",
        "responseSchema": {"type": "OBJECT", "properties": {"label": {"type": "STRING"}}, "required": ["label"]},
    },
}


def test_a_request_of_gemini(tmp_path: Path) -> None:
    candidate = {"content": {"role": "model", "parts": [{"text": "x", "thought": True}, {"text": "Billing."}]}}
    answered = clouds.gemini_reply(CALL)
    response = answered | {"candidates": [candidate | {"finishReason": "STOP"}]}
    record: Row = {"started_at": iso(CALL.start), "latency_ms": 900, "request": GEMINI, "response": response}
    rest, answer = one_call(tmp_path, record)
    assert rest == {
        "tools": [PLAIN_TOOL],
        "tool_choice": "required",
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}},
        "temperature": 0.2,
        "top_p": 0.9,
        "max_completion_tokens": 64,
    }
    assert answer == {"message": SAID, "finish_reason": "stop"}


def test_a_row_of_vertex(tmp_path: Path) -> None:
    row = clouds.vertex(CALL)
    full = dict(row["full_response"])  # pyright: ignore
    full |= {
        "candidates": [{"content": {"role": "model", "parts": [{"text": "Billing."}]}, "finish_reason": "MAX_TOKENS"}]
    }
    _, answer = one_call(tmp_path, row | {"full_request": GEMINI, "full_response": full})
    assert answer == {"message": SAID, "finish_reason": "length"}


def test_a_request_of_the_responses_api(tmp_path: Path) -> None:
    sent: Row = {
        "model": "gpt-4o-2024-08-06",
        "instructions": "You label tickets.",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is this?"},
                    {"type": "input_image", "image_url": PICTURE},
                ],
            },
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look."}]},
            {"type": "function_call", "id": "fc_9", "call_id": "call_1", "name": "look_up", "arguments": ARGUMENTS},
            {"type": "function_call_output", "call_id": "call_1", "output": "paid"},
            {"role": "user", "content": "And now?"},
        ],
        "tools": [{"type": "function", "name": "look_up", "description": "Find", "parameters": PARAMETERS}],
        "tool_choice": {"type": "function", "name": "look_up"},
        "text": {"format": {"type": "json_schema", "name": "label", "schema": SCHEMA, "strict": True}},
        "max_output_tokens": 64,
        "reasoning": {"effort": "low", "summary": None},
        "store": False,
        "truncation": "disabled",
    }
    reply: Row = {
        "id": CALL.id,
        "object": "response",
        "created_at": CALL.epoch(CALL.start),
        "status": "completed",
        "model": CALL.model,
        "output": [
            {"type": "reasoning", "id": "rs_2", "summary": []},
            {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": ARGUMENTS, "id": "fc_1"},
        ],
        "usage": {"input_tokens": 1200, "output_tokens": 12},
    }
    rest, answer = one_call(tmp_path, known.wrapped(CALL) | {"request": sent, "response": reply})
    assert rest == {
        "tools": [PLAIN_TOOL],
        "tool_choice": {"type": "function", "function": {"name": "look_up"}},
        "response_format": FORM,
        "max_completion_tokens": 64,
        "reasoning_effort": "low",
    }
    assert answer == {"message": CALLED, "finish_reason": "tool_calls"}


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
    span["attributes"] |= {  # pyright: ignore
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
    import round_trip_platforms as platforms

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
