"""Writers of the exports of tracing: OpenTelemetry and its relatives, Langfuse, LangSmith, Braintrust, MLflow, Weave.

Every export shows the calls as spans under one span of another kind, as tracing does.
"""

import json
from collections.abc import Sequence
from datetime import timedelta

from exports import Row
from round_trip import (
    CACHE,
    FORM,
    MODELS,
    REASONING,
    TIMED,
    WRITES,
    Call,
    Format,
    as_csv,
    as_json,
    as_jsonl,
    as_parquet,
    carried,
    iso,
    response_format,
    tools,
)

NANO = timedelta(microseconds=1)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def span_id(call: Call) -> str:
    return f"{call.number + 1:016x}"


def nanoseconds(call: Call) -> tuple[str, str]:
    return f"{call.epoch(call.start, NANO)}000", f"{call.epoch(call.end, NANO)}000"


def genai(call: Call) -> Row:
    """Attributes under the names of OpenTelemetry."""
    usage: Row = {
        "gen_ai.usage.input_tokens": call.input,
        "gen_ai.usage.output_tokens": call.output,
        "gen_ai.usage.cache_read.input_tokens": call.cached,
        "gen_ai.usage.cache_creation.input_tokens": call.written,
        "gen_ai.usage.reasoning.output_tokens": call.reasoning,
    }
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": call.provider,
        "gen_ai.request.model": call.model,
        "gen_ai.response.model": call.model,
        "gen_ai.request.stream": call.stream,
        "gen_ai.prompt.name": call.name,
        **({"gen_ai.tool.definitions": json.dumps(tools(call))} if call.tools else {}),
        "gen_ai.output.type": "json" if call.is_json else "text",
        "user.id": call.user,
        **(usage if call.known else {}),
    }


def openinference(call: Call) -> Row:
    """Attributes under the names of OpenInference."""
    usage: Row = {
        "llm.token_count.prompt": call.input,
        "llm.token_count.completion": call.output,
        "llm.token_count.prompt_details.cache_read": call.cached,
        "llm.token_count.prompt_details.cache_write": call.written,
        "llm.token_count.completion_details.reasoning": call.reasoning,
    }
    parameters = {"model": call.model, "stream": call.stream, "response_format": response_format(call)}
    return {
        "openinference.span.kind": "LLM",
        "llm.provider": call.provider,
        "llm.model_name": call.model,
        "llm.invocation_parameters": json.dumps(parameters),
        "user.id": call.user,
        **(usage if call.known else {}),
    }


def otlp_value(value: object) -> Row:
    if isinstance(value, bool):
        return {"boolValue": value}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": str(value)}


def otlp_span(call: Call, attributes: Row) -> Row:
    start, end = nanoseconds(call)
    return {
        "traceId": TRACE,
        "spanId": span_id(call),
        "parentSpanId": "00000000000000ff",
        "name": f"chat {call.model}",
        "kind": 3,
        "startTimeUnixNano": start,
        "endTimeUnixNano": end,
        "attributes": [{"key": key, "value": otlp_value(value)} for key, value in attributes.items()],
        "status": {"code": 2} if call.failed else {},
    }


def otlp_line(spans: Sequence[Row]) -> Row:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {}, "spans": list(spans)}]}]}


def otlp(call: Call) -> Row:
    start, end = nanoseconds(call)
    root: Row = {"traceId": TRACE, "spanId": "00000000000000ff", "name": "turn", "startTimeUnixNano": start}
    root["endTimeUnixNano"] = end
    root["attributes"] = [{"key": "gen_ai.operation.name", "value": {"stringValue": "invoke_agent"}}]
    span = otlp_span(call, genai(call))
    return otlp_line([root, span] if call.number == 0 else [span])


def vercel(call: Call) -> Row:
    usage: Row = {
        "ai.usage.inputTokens": call.input,
        "ai.usage.outputTokens": call.output,
        "ai.usage.cachedInputTokens": call.cached,
        "ai.usage.reasoningTokens": call.reasoning,
    }
    operation = "ai.streamText.doStream" if call.stream else "ai.generateText.doGenerate"
    return {
        "name": operation,
        "spanContext": {"traceId": TRACE, "spanId": span_id(call), "traceFlags": 1},
        "attributes": {
            "operation.name": operation,
            "ai.operationId": operation,
            "ai.model.provider": f"{call.provider}.responses",
            "ai.model.id": call.model,
            "ai.response.model": call.model,
            **(usage if call.known else {}),
        },
        "status": {"code": 2 if call.failed else 0},
        "startTime": [call.epoch(call.start), call.start.microsecond * 1000],
        "endTime": [call.epoch(call.end), call.end.microsecond * 1000],
        "events": [],
    }


def phoenix(call: Call) -> Row:
    return {
        "name": "ChatCompletion",
        "span_kind": "LLM",
        "parent_id": None,
        "start_time": iso(call.start),
        "end_time": iso(call.end),
        "status_code": "ERROR" if call.failed else "OK",
        "context.span_id": span_id(call),
        "context.trace_id": TRACE,
        **{f"attributes.{key}": None for key in openinference(call_with_usage(call))},
        **{f"attributes.{key}": value for key, value in openinference(call).items()},
    }


def call_with_usage(call: Call) -> Call:
    """The same call with its usage known: a table has the columns of all rows."""
    from dataclasses import replace

    return replace(call, known=True)


def langfuse_ui(call: Call) -> Row:
    usage = {
        "input": call.input - call.cached - call.written,
        "input_cached_tokens": call.cached,
        "input_cache_creation": call.written,
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
        "prompt_token_details": {"cache_read": call.cached, "cache_creation": call.written} if call.known else None,
        "completion_token_details": {"reasoning": call.reasoning} if call.known else None,
    }


def braintrust(call: Call) -> Row:
    usage: Row = {
        "prompt_tokens": call.input,
        "completion_tokens": call.output,
        "prompt_cached_tokens": call.cached,
        "prompt_cache_creation_tokens": call.written,
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


def numbered(call: Call) -> Row:
    """The id that a span has in place of the call's."""
    return {"request_id": span_id(call)}


SPANS = carried(TIMED, CACHE, REASONING, "request_id request_model is_failed")
OBSERVED = SPANS | WRITES | {"route", "user_id"}
FORMATS: dict[str, Format] = {
    "otlp.genai": Format(
        reader="otlp",
        write=as_jsonl(otlp),
        carries=SPANS | WRITES | FORM | {"response_model", "stream", "prompt_name", "user_id"},
        changes=numbered,
    ),
    "otlp.openinference": Format(
        reader="otlp",
        write=as_jsonl(lambda call: otlp_line([otlp_span(call, openinference(call))])),
        carries=SPANS | WRITES | {"stream", "output_type", "user_id"},
        changes=numbered,
    ),
    "otlp.one_line": Format(
        reader="otlp",
        write=as_json(lambda calls: otlp_line([otlp_span(call, genai(call)) for call in calls])),
        carries=SPANS | WRITES | FORM | {"response_model", "stream"},
        changes=numbered,
    ),
    "vercel_ai": Format(
        reader="vercel_ai",
        write=as_json(lambda calls: [vercel(call) for call in calls]),
        carries=SPANS | {"response_model", "stream"},
        changes=numbered,
    ),
    "phoenix.parquet": Format(
        reader="span_table",
        write=as_parquet(phoenix),
        carries=SPANS | WRITES | {"stream", "output_type", "user_id"},
        changes=numbered,
    ),
    "phoenix.csv": Format(
        reader="span_table", write=as_csv(phoenix), carries=SPANS | WRITES | {"user_id"}, changes=numbered
    ),
    "span_attributes": Format(
        reader="span_attributes",
        write=as_jsonl(
            lambda call: (
                {"span_id": span_id(call), "start_time": iso(call.start), "end_time": iso(call.end)}
                | {"status_code": "ERROR" if call.failed else "OK"}
                | openinference(call)
            )
        ),
        carries=SPANS | WRITES | {"user_id"},
        changes=numbered,
    ),
    "langfuse.ui_jsonl": Format(reader="langfuse", write=as_jsonl(langfuse_ui), carries=OBSERVED),
    "langfuse.ui_csv": Format(reader="langfuse", write=as_csv(langfuse_ui), carries=OBSERVED),
    "langfuse.ui_json": Format(
        reader="langfuse", write=as_json(lambda calls: [langfuse_ui(call) for call in calls]), carries=OBSERVED
    ),
    "langfuse.blob_jsonl": Format(reader="langfuse", write=as_jsonl(langfuse_blob), carries=OBSERVED),
    "langfuse.blob_parquet": Format(reader="langfuse", write=as_parquet(langfuse_blob), carries=OBSERVED),
    "langsmith.jsonl": Format(
        reader="langsmith", write=as_jsonl(langsmith), carries=SPANS | WRITES | FORM | {"tags", "stream"}
    ),
    "langsmith.anthropic": Format(
        reader="langsmith",
        write=as_jsonl(langsmith),
        carries=SPANS | WRITES | {"tags", "stream"},
        models=MODELS["anthropic"],
    ),
    "braintrust": Format(reader="braintrust", write=as_jsonl(braintrust), carries=SPANS | WRITES | {"tags"}),
    "mlflow": Format(
        reader="mlflow",
        write=as_json(mlflow_trace),
        carries=(SPANS | WRITES) - REASONING,
        changes=numbered,
    ),
    "weave": Format(reader="weave", write=as_jsonl(weave), carries=SPANS | FORM),
}
