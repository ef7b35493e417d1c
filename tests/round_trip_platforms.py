"""Writers of the exports of Langfuse, LangSmith, Braintrust, MLflow and Weave."""

import json
from collections.abc import Sequence

from exports import Row
from round_trip import (
    FORM,
    HOUR,
    MODELS,
    REASONING,
    WRITES,
    Call,
    Format,
    as_csv,
    as_json,
    as_jsonl,
    as_parquet,
    by_lifetime,
    iso,
    response_format,
    tools,
)
from round_trip_clouds import claude_usage
from round_trip_tracing import SPANS, TRACE, nanoseconds, numbered, span_id


def langfuse_ui(call: Call) -> Row:
    usage = {
        "input": call.input - call.cached - call.written,
        "input_cached_tokens": call.cached,
        "input_cache_creation_5m": call.written - call.hour,
        "input_cache_creation_1h": call.hour,
        "output": call.output - call.reasoning,
        "output_reasoning_tokens": call.reasoning,
        "total": call.input + call.output,
    }
    return {
        "id": call.id,
        "traceId": TRACE,
        "parentObservationId": None,
        "projectId": "p1",
        "type": "GENERATION",
        "name": call.name,
        "startTime": iso(call.start).replace("+00:00", "Z"),
        "endTime": iso(call.end).replace("+00:00", "Z"),
        "model": call.model,
        "promptName": None,
        "level": "ERROR" if call.failed else "DEFAULT",
        "usageDetails": usage if call.known else {},
        "userId": call.user,
    }


def langfuse_blob(call: Call) -> Row:
    ui = langfuse_ui(call)
    return {
        "id": call.id,
        "trace_id": TRACE,
        "parent_observation_id": None,
        "project_id": "p1",
        "type": "GENERATION",
        "start_time": iso(call.start).replace("T", " ").removesuffix("+00:00"),
        "end_time": iso(call.end).replace("T", " ").removesuffix("+00:00"),
        "name": call.name,
        "level": ui["level"],
        "provided_model_name": call.model,
        "usage_details": ui["usageDetails"],
        "latency": call.duration_ms / 1000,
        "user_id": call.user,
    }


def langsmith(call: Call) -> Row:
    details = {"cache_read": call.cached, "cache_creation": call.written, **by_lifetime(call)}
    return {
        "id": call.id,
        "trace_id": TRACE,
        "parent_run_id": None,
        "dotted_order": f"20260302T000000000000Z{call.id}",
        "name": "ChatOpenAI",
        "run_type": "llm",
        "start_time": iso(call.start).removesuffix("+00:00"),
        "end_time": iso(call.end).removesuffix("+00:00"),
        "first_token_time": iso(call.first_chunk).removesuffix("+00:00") if call.stream else None,
        "status": "error" if call.failed else "success",
        "error": "RateLimitError('429')" if call.failed else None,
        "extra": {
            "metadata": {"ls_model_name": call.model, "ls_provider": call.provider},
            "invocation_params": {"tools": tools(call), "response_format": response_format(call)},
        },
        "tags": [call.name],
        "prompt_tokens": call.input if call.known else None,
        "completion_tokens": call.output if call.known else None,
        "prompt_token_details": details if call.known else None,
        "completion_token_details": {"reasoning": call.reasoning} if call.known else None,
    }


def braintrust(call: Call) -> Row:
    usage: Row = {
        "prompt_tokens": call.input,
        "completion_tokens": call.output,
        "prompt_cached_tokens": call.cached,
        "prompt_cache_creation_tokens": call.written,
        "prompt_cache_creation_5m_tokens": call.written - call.hour,
        "prompt_cache_creation_1h_tokens": call.hour,
        "completion_reasoning_tokens": call.reasoning,
    }
    return {
        "id": f"row-{call.id}",
        "span_id": call.id,
        "root_span_id": "root",
        "span_parents": ["root"],
        "created": iso(call.start),
        "error": "rate limited" if call.failed else None,
        "metadata": {"model": call.model, "provider": call.provider},
        "tags": [call.name],
        "metrics": {
            "start": call.start.timestamp(),
            "end": call.end.timestamp(),
            **(usage if call.known else {}),
        },
        "span_attributes": {"name": "Chat Completion", "type": "llm"},
    }


def mlflow_trace(calls: Sequence[Call]) -> Row:
    def span(call: Call) -> Row:
        start, end = nanoseconds(call)
        usage = {
            "input_tokens": call.input,
            "output_tokens": call.output,
            "total_tokens": call.input + call.output,
            "cache_read_input_tokens": call.cached,
            "cache_creation_input_tokens": call.written,
        }
        attributes = {
            "mlflow.spanType": json.dumps("CHAT_MODEL"),
            "mlflow.spanInputs": json.dumps({"model": call.model}),
            **({"mlflow.chat.tokenUsage": json.dumps(usage)} if call.known else {}),
        }
        return {
            "trace_id": TRACE,
            "span_id": span_id(call),
            "parent_span_id": None,
            "name": "Completions",
            "start_time_unix_nano": int(start),
            "end_time_unix_nano": int(end),
            "status": {"code": "STATUS_CODE_ERROR" if call.failed else "STATUS_CODE_OK", "message": ""},
            "attributes": attributes,
        }

    info: Row = {"trace_id": f"tr-{TRACE}", "request_time": iso(calls[0].start), "state": "OK", "trace_metadata": {}}
    return {"info": info, "data": {"spans": [span(call) for call in calls]}}


def weave(call: Call) -> Row:
    usage: Row = {
        call.model: {
            "requests": 1,
            "prompt_tokens": call.input,
            "completion_tokens": call.output,
            "total_tokens": call.input + call.output,
            "prompt_tokens_details": {"cached_tokens": call.cached},
            "completion_tokens_details": {"reasoning_tokens": call.reasoning},
        }
    }
    return {
        "id": call.id,
        "op_name": "weave:///team/shop/op/openai.chat.completions.create:abc",
        "trace_id": TRACE,
        "parent_id": None,
        "started_at": iso(call.start),
        "ended_at": iso(call.end),
        "inputs": {"model": call.model, "tools": tools(call), "response_format": response_format(call)},
        "exception": "RateLimitError: 429" if call.failed else None,
        "summary": {"usage": usage if call.known else {}, "weave": {"status": "error" if call.failed else "success"}},
        "attributes": {},
    }


def weave_claude(call: Call) -> Row:
    usage = {call.model: {"requests": 1, **claude_usage(call)}} if call.known else {}
    summary = {"usage": usage, "weave": {"status": "error" if call.failed else "success"}}
    return weave(call) | {"op_name": "weave:///team/shop/op/anthropic.Messages.create:abc", "summary": summary}


OBSERVED = SPANS | HOUR | {"route", "user_id"}
FORMATS: dict[str, Format] = {
    "langfuse.ui_jsonl": Format(reader="langfuse", write=as_jsonl(langfuse_ui), carries=OBSERVED),
    "langfuse.ui_csv": Format(reader="langfuse", write=as_csv(langfuse_ui), carries=OBSERVED),
    "langfuse.ui_json": Format(
        reader="langfuse", write=as_json(lambda calls: [langfuse_ui(call) for call in calls]), carries=OBSERVED
    ),
    "langfuse.blob_jsonl": Format(reader="langfuse", write=as_jsonl(langfuse_blob), carries=OBSERVED),
    "langfuse.blob_parquet": Format(reader="langfuse", write=as_parquet(langfuse_blob), carries=OBSERVED),
    "langsmith.jsonl": Format(
        reader="langsmith", write=as_jsonl(langsmith), carries=SPANS | HOUR | FORM | {"tags", "stream"}
    ),
    "langsmith.anthropic": Format(
        reader="langsmith",
        write=as_jsonl(langsmith),
        carries=SPANS | HOUR | {"tags", "stream"},
        models=MODELS["anthropic"],
    ),
    "braintrust": Format(reader="braintrust", write=as_jsonl(braintrust), carries=SPANS | HOUR | {"tags"}),
    "mlflow": Format(
        reader="mlflow",
        write=as_json(mlflow_trace),
        carries=(SPANS | WRITES) - REASONING,
        changes=numbered,
    ),
    "weave": Format(reader="weave", write=as_jsonl(weave), carries=SPANS | FORM),
    "weave.claude": Format(
        reader="weave",
        write=as_jsonl(weave_claude),
        carries=(SPANS | HOUR) - REASONING,
        models=MODELS["anthropic"],
        # no fresh input and no output is taken for no usage
        holds=lambda call: not call.known or call.output + call.input > call.cached + call.written,
    ),
}
