"""Writers of the logs of Anthropic, Claude Code, Codex, Bedrock and Vertex."""

from collections.abc import Sequence
from pathlib import Path

from exports import Row, write_jsonl
from round_trip import (
    CACHE,
    HOUR,
    MODELS,
    REASONING,
    TIMED,
    Call,
    Format,
    as_jsonl,
    by_lifetime,
    carried,
    iso,
    known,
    tools,
)

CLAUDES, GEMINIS = MODELS["anthropic"], MODELS["google"]
MODEL_BOTH = "request_model response_model"
CLAUDE = carried(CACHE, HOUR, "response_model")


def claude_usage(call: Call) -> Row:
    return {
        "input_tokens": call.input - call.cached - call.written,
        "cache_read_input_tokens": call.cached,
        "cache_creation_input_tokens": call.written,
        "cache_creation": by_lifetime(call),
        "output_tokens": call.output,
        "service_tier": "standard",
    }


def claude_message(call: Call) -> Row:
    return {
        "id": call.id,
        "type": "message",
        "role": "assistant",
        "model": call.model,
        "content": [{"type": "text", "text": "hello"}],
        "stop_reason": "end_turn",
        "usage": claude_usage(call),
    }


def claude_log(call: Call) -> Row:
    request = {"model": call.model, "messages": [{"role": "user", "content": "hi"}], "tools": tools(call)}
    return {
        "started_at": iso(call.start),
        "latency_ms": call.duration_ms,
        "route": call.name,
        "request": request | {"stream": call.stream},
        "response": claude_message(call),
    }


def claude_code(call: Call) -> Row:
    return {
        "type": "assistant",
        "timestamp": iso(call.start).replace("+00:00", "Z"),
        "sessionId": "s1",
        "requestId": f"req-{call.id}",
        "version": "1.0.0",
        "cwd": "/home/me/shop",
        "message": claude_message(call),
    }


def batch_result(call: Call) -> Row:
    return {"custom_id": call.id, "result": {"type": "succeeded", "message": claude_message(call)}}


def batch_object(path: Path, calls: Sequence[Call]) -> Sequence[Path]:
    counts = {"processing": 0, "succeeded": len(calls), "errored": 0, "canceled": 0, "expired": 0}
    batch: Row = {
        "id": "msgbatch_1",
        "type": "message_batch",
        "processing_status": "ended",
        "request_counts": counts,
        "created_at": "2026-03-02T09:00:00Z",
    }
    return [write_jsonl(path.with_name("batch.jsonl"), [batch])]


def bedrock(call: Call) -> Row:
    details = [{"ttl": "5m", "inputTokens": call.written - call.hour}, {"ttl": "1h", "inputTokens": call.hour}]
    return {
        "schemaType": "ModelInvocationLog",
        "schemaVersion": "1.0",
        "timestamp": iso(call.start.replace(microsecond=0)).replace(".000+00:00", "Z"),
        "accountId": "123456789012",
        "region": "us-east-1",
        "requestId": call.id,
        "operation": "ConverseStream" if call.stream else "Converse",
        "modelId": f"anthropic.{call.model}-v1:0",
        "input": {
            "inputContentType": "application/json",
            "inputTokenCount": call.input - call.cached - call.written,
            "cacheReadInputTokenCount": call.cached,
            "cacheWriteInputTokenCount": call.written,
        },
        "output": {
            "outputContentType": "application/json",
            "outputTokenCount": call.output,
            "outputBodyJson": {"metrics": {"latencyMs": call.duration_ms}, "usage": {"cacheDetails": details}},
        },
        "identity": {"arn": call.user},
    }


def vertex(call: Call) -> Row:
    usage = {
        "prompt_token_count": call.input,
        "cached_content_token_count": call.cached,
        "candidates_token_count": call.output - call.reasoning,
        "thoughts_token_count": call.reasoning,
        "total_token_count": call.input + call.output,
    }
    reply = {
        "candidates": [{"finish_reason": "STOP"}],
        "create_time": iso(call.start),
        "model_version": call.model,
        "response_id": call.id,
        "usage_metadata": usage,
    }
    return {
        "endpoint": "",
        "deployed_model_id": "",
        "logging_time": iso(call.end),
        "request_id": call.number,
        "model": f"publishers/google/models/{call.model}",
        "model_version": "",
        "api_method": "streamGenerateContent" if call.stream else "generateContent",
        "full_request": {"contents": []},
        "full_response": reply,
        "metadata": {"request_latency": call.duration_ms},
    }


def vertex_claude(call: Call) -> Row:
    method = "streamRawPredict" if call.stream else "rawPredict"
    model = {"model": f"publishers/anthropic/models/{call.model}", "api_method": method}
    return vertex(call) | model | {"full_response": claude_message(call)}


def gemini_reply(call: Call) -> Row:
    return {
        "responseId": call.id,
        "createTime": iso(call.start),
        "modelVersion": call.model,
        "candidates": [{"finishReason": "STOP"}],
        "usageMetadata": {
            "promptTokenCount": call.input,
            "cachedContentTokenCount": call.cached,
            "candidatesTokenCount": call.output - call.reasoning,
            "thoughtsTokenCount": call.reasoning,
            "totalTokenCount": call.input + call.output,
        },
    }


def codex(path: Path, calls: Sequence[Call]) -> Path:
    """A rollout: totals grow from line to line, and the model stands on a line before each call."""
    total = {"input_tokens": 0, "cached_input_tokens": 0, "output_tokens": 0, "reasoning_output_tokens": 0}
    lines: list[Row | str | bytes] = []
    for call in calls:
        values = (call.input, call.cached, call.output, call.reasoning)
        last = dict(zip(total, values, strict=True))
        total = {name: total[name] + last[name] for name in total}
        moment = iso(call.start).replace("+00:00", "Z")
        lines.append({"timestamp": moment, "type": "turn_context", "payload": {"model": call.model}})
        info = {"total_token_usage": total, "last_token_usage": last, "model": call.model}
        payload = {"type": "token_count", "info": info}
        lines.append({"timestamp": moment, "type": "event_msg", "payload": payload})
    return write_jsonl(path.with_suffix(".jsonl"), lines)


FORMATS: dict[str, Format] = {
    "anthropic_messages": Format(
        reader="anthropic_messages",
        write=as_jsonl(claude_log),
        carries=CLAUDE | TIMED | {"request_id", "route", "stream", "tool_count", "request_model"},
        models=CLAUDES,
        holds=known,
    ),
    "anthropic_batch": Format(
        reader="anthropic_batch",
        write=as_jsonl(batch_result),
        carries=CLAUDE | {"request_id"},
        models=CLAUDES,
        holds=known,
        siblings=batch_object,
    ),
    "claude_code": Format(
        reader="claude_code",
        write=as_jsonl(claude_code),
        carries=CLAUDE | {"request_id", "start_time"},
        models=CLAUDES,
        holds=known,
        changes=lambda call: {"request_id": f"s1/{call.id}"},
    ),
    "bedrock": Format(
        reader="bedrock",
        write=as_jsonl(bedrock),
        carries=CLAUDE | {"request_id", "start_second", "duration_ms", "stream", "user_id"},
        models=CLAUDES,
        holds=lambda call: not call.failed,
        changes=lambda call: {"response_model": f"anthropic.{call.model}-v1:0"},
    ),
    "vertex": Format(
        reader="vertex",
        write=as_jsonl(vertex),
        carries=carried(TIMED, CACHE, REASONING, MODEL_BOTH, "request_id stream"),
        models=GEMINIS,
        holds=known,
    ),
    "vertex.claude": Format(
        reader="vertex",
        write=as_jsonl(vertex_claude),
        carries=CLAUDE | TIMED | {"request_model", "stream"},
        models=CLAUDES,
        holds=known,
    ),
    "gemini_replies": Format(
        reader="gemini_replies",
        write=as_jsonl(gemini_reply),
        carries=carried(CACHE, REASONING, "request_id start_time response_model"),
        models=GEMINIS,
        holds=known,
    ),
    "codex": Format(
        reader="codex", write=codex, carries=carried(CACHE, REASONING, "start_time response_model"), holds=known
    ),
}
