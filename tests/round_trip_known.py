"""Writers of the formats of proxies, of OpenAI and of flat tables."""

from collections.abc import Sequence
from pathlib import Path

from exports import Row, write_jsonl
from round_trip import (
    CACHE,
    FORM,
    HOUR,
    REASONING,
    TIMED,
    WRITES,
    Call,
    Format,
    as_csv,
    as_json,
    as_jsonl,
    as_parquet,
    by_lifetime,
    carried,
    iso,
    known,
    openai_usage,
    response_format,
    succeeded,
    tools,
)


def spend_log(call: Call) -> Row:
    usage = {
        "prompt_tokens_details": {
            "cached_tokens": call.cached,
            "cache_creation_tokens": call.written,
            "cache_creation_token_details": by_lifetime(call),
        },
        "completion_tokens_details": {"reasoning_tokens": call.reasoning},
    }
    failure = {"error_information": {"error_code": "429", "error_class": "RateLimitError"}} if call.failed else {}
    return {
        "request_id": call.id,
        "call_type": "acompletion",
        "startTime": iso(call.start).replace("T", " "),
        "endTime": iso(call.end).replace("T", " "),
        "completionStartTime": iso(call.first_chunk if call.stream else call.end).replace("T", " "),
        "model": call.model,
        "model_group": call.model,
        "custom_llm_provider": call.provider,
        "prompt_tokens": call.input,
        "completion_tokens": call.output,
        "status": "failure" if call.failed else "success",
        "user": call.user,
        "request_tags": [call.name],
        "metadata": {"usage_object": usage, **failure},
        "proxy_server_request": {"tools": tools(call), "response_format": response_format(call)},
    }


def payload(call: Call) -> Row:
    row = spend_log(call)
    second = 1e-3
    return {
        "id": call.id,
        **{name: row[name] for name in ("call_type", "model", "model_group", "custom_llm_provider", "prompt_tokens")},
        **{name: row[name] for name in ("completion_tokens", "status", "request_tags")},
        "startTime": call.start.timestamp(),
        "endTime": call.end.timestamp(),
        "completionStartTime": call.end.timestamp() - (second if call.stream else 0),
        "stream": call.stream,
        "end_user": call.user,
        "model_parameters": {"tools": tools(call), "response_format": response_format(call), "stream": call.stream},
        "metadata": row["metadata"],
    }


def reply(call: Call) -> Row:
    usage = openai_usage(call)
    return {
        "id": call.id,
        "object": "chat.completion",
        "created": call.epoch(call.start),
        "model": call.model,
        "choices": [{"index": 0, "finish_reason": "stop"}],
        **({"usage": usage} if usage else {}),
    }


def request(call: Call) -> Row:
    return {
        "model": call.model,
        "messages": [{"role": "user", "content": "hello"}],
        "tools": tools(call),
        "response_format": response_format(call),
        "stream": call.stream,
        "user": call.user,
    }


def wrapped(call: Call) -> Row:
    return {
        "request_id": call.id,
        "started_at": iso(call.start),
        "latency_ms": call.duration_ms,
        "route": call.name,
        "request": request(call),
        "response": None if call.failed else reply(call),
        "error": {"code": "rate_limit_exceeded"} if call.failed else None,
    }


def batch_line(call: Call) -> Row:
    if call.failed:
        return {"id": f"req-{call.id}", "custom_id": call.id, "response": None, "error": {"code": "batch_expired"}}
    return {
        "id": f"req-{call.id}",
        "custom_id": call.id,
        "response": {"status_code": 200, "body": reply(call)},
        "error": None,
    }


def batch_input(path: Path, calls: Sequence[Call]) -> Sequence[Path]:
    lines: list[Row] = [
        {"custom_id": call.id, "method": "POST", "url": "/v1/chat/completions", "body": request(call)}
        for call in reversed(calls)
    ]
    return [write_jsonl(path.with_name("input.jsonl"), lines)]


def flat(call: Call) -> Row:
    return {
        "request_id": call.id,
        "start_time": iso(call.start),
        "latency_ms": call.duration_ms,
        "provider": call.provider,
        "model": call.model,
        "endpoint": call.name,
        "prompt_tokens": call.input if call.known else None,
        "cached_tokens": call.cached if call.known else None,
        "completion_tokens": call.output if call.known else None,
        "reasoning_tokens": call.reasoning if call.known else None,
        "status": 500 if call.failed else 200,
        "stream": call.stream,
        "user_id": call.user,
    }


def canonical(call: Call) -> Row:
    row = call.row()
    left_out = ("start_second", "usage_known", "has_tools")
    return {key: value for key, value in row.items() if key not in left_out} | {"start_time": iso(call.start)}


BOTH = "request_model response_model"
PROXY = carried(TIMED, CACHE, HOUR, REASONING, FORM, BOTH, "request_id tags is_failed stream user_id")
OWN = carried(TIMED, CACHE, REASONING, "request_id request_model route is_failed stream user_id")
BARE = carried(CACHE, WRITES, REASONING, "request_id start_second response_model")
CANONICAL = carried(TIMED, CACHE, HOUR, REASONING, FORM, BOTH) | carried(
    "request_id tags route prompt_name is_failed stream user_id customer_id"
)

FORMATS: dict[str, Format] = {
    "litellm_spend_logs.jsonl": Format(reader="litellm_spend_logs", write=as_jsonl(spend_log), carries=PROXY),
    "litellm_spend_logs.csv": Format(reader="litellm_spend_logs", write=as_csv(spend_log), carries=PROXY),
    "litellm_spend_logs.parquet": Format(reader="litellm_spend_logs", write=as_parquet(spend_log), carries=PROXY),
    "litellm_spend_logs.json": Format(
        reader="litellm_spend_logs",
        write=as_json(lambda calls: {"data": [spend_log(call) for call in calls], "total_pages": 1}),
        carries=PROXY,
    ),
    "litellm_payload": Format(
        reader="litellm_payload", write=as_jsonl(payload), carries=(PROXY - {"user_id"}) | {"customer_id"}
    ),
    "openai_requests.wrapper": Format(
        reader="openai_requests",
        write=as_jsonl(wrapped),
        carries=carried(TIMED, CACHE, WRITES, REASONING, FORM, "request_id request_model route")
        | carried("is_failed stream user_id"),
    ),
    "openai_requests.bare": Format(
        reader="openai_requests", write=as_jsonl(reply), carries=BARE, holds=lambda call: call.known
    ),
    "openai_requests.page": Format(
        reader="openai_requests",
        write=as_json(lambda calls: {"object": "list", "data": [reply(call) for call in calls], "has_more": False}),
        carries=BARE,
        holds=known,
    ),
    "openai_batch": Format(
        reader="openai_batch",
        write=as_jsonl(batch_line),
        carries=carried(CACHE, WRITES, REASONING, FORM, "request_id start_second user_id") | {*BOTH.split()},
        holds=succeeded,
        siblings=batch_input,
    ),
    "flat_log.csv": Format(reader="flat_log", write=as_csv(flat), carries=OWN),
    "flat_log.jsonl": Format(reader="flat_log", write=as_jsonl(flat), carries=OWN),
    "flat_log.parquet": Format(reader="flat_log", write=as_parquet(flat), carries=OWN),
    "traffic_audit.csv": Format(reader="traffic_audit", write=as_csv(canonical), carries=CANONICAL),
    "traffic_audit.jsonl": Format(reader="traffic_audit", write=as_jsonl(canonical), carries=CANONICAL),
    "traffic_audit.parquet": Format(reader="traffic_audit", write=as_parquet(canonical), carries=CANONICAL),
}
