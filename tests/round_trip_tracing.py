"""Writers of the exports of OpenTelemetry and its relatives.

Every export shows the calls as spans under one span of another kind, as tracing does.
"""

import json
from collections.abc import Sequence
from datetime import timedelta

from exports import Row
from round_trip import (
    CACHE,
    FORM,
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


def numbered(call: Call) -> Row:
    """The id that a span has in place of the call's."""
    return {"request_id": span_id(call)}


SPANS = carried(TIMED, CACHE, REASONING, "request_id request_model is_failed")
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
    "flat_spans": Format(
        reader="flat_spans",
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
}
