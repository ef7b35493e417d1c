"""Requests in the words of Anthropic, Bedrock, Gemini and the Responses API, as chat completions that say the same."""

from pathlib import Path
from typing import cast

import round_trip_clouds as clouds
import round_trip_known as known
from exports import Row, write_jsonl
from round_trip import iso
from said import ARGUMENTS, CALL, FORM, PARAMETERS, PICTURE, SCHEMA, read_back
from said_otherwise import CALLED, DATA, PLAIN_TOOL, SAID, one_call

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
    full = dict(cast("Row", row["full_response"]))
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
