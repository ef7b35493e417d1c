"""Writers of the tables that come with a column map: gateways, and the public Azure traces."""

from exports import Row
from round_trip import (
    CACHE,
    REASONING,
    TIMED,
    WRITES,
    Call,
    Format,
    as_csv,
    as_jsonl,
    carried,
    iso,
    known,
    openai_usage,
    tools,
)


def kong(call: Call) -> Row:
    usage = {
        "prompt_tokens": call.input,
        "completion_tokens": call.output,
        "prompt_tokens_details": {"cached_tokens": call.cached},
        "completion_tokens_details": {"reasoning_tokens": call.reasoning},
    }
    meta = {
        "provider_name": call.provider,
        "request_model": call.model,
        "response_model": call.model,
        "request_mode": "stream" if call.stream else "oneshot",
    }
    return {
        "started_at": call.epoch(call.start) * 1000 + call.start.microsecond // 1000,
        "latencies": {"request": call.duration_ms},
        "request": {"id": call.id},
        "route": {"name": call.name},
        "response": {"status": 429 if call.failed else 200},
        "ai": {"proxy": {"usage": usage if call.known else {}, "meta": meta}},
    }


def cloudflare(call: Call) -> Row:
    return {
        "id": call.id,
        "created_at": iso(call.start),
        "duration": call.duration_ms,
        "provider": call.provider,
        "model": call.model,
        "tokens_in": call.input if call.known else None,
        "tokens_out": call.output if call.known else None,
        "success": not call.failed,
        "cached": False,
    }


def portkey(call: Call) -> Row:
    return {
        "id": call.id,
        "created_at": iso(call.start),
        "response_time": call.duration_ms,
        "ai_org": call.provider,
        "ai_model": call.model,
        "prompt_slug": call.name,
        "req_units": call.input if call.known else None,
        "res_units": call.output if call.known else None,
        "is_success": not call.failed,
        "request": {"tools": tools(call), "messages": []},
        "response": {"model": call.model, "usage": openai_usage(call)},
    }


def envoy(call: Call) -> Row:
    return {
        "x-request-id": call.id,
        "start_time": iso(call.start),
        "duration": call.duration_ms,
        "gen_ai.request.model": call.model,
        "gen_ai.response.model": call.model,
        "route_name": call.name,
        "gen_ai.usage.input_tokens": call.input if call.known else None,
        "gen_ai.usage.output_tokens": call.output if call.known else None,
        "gen_ai.usage.cache_read.input_tokens": call.cached if call.known else None,
        "gen_ai.usage.cache_creation.input_tokens": call.written if call.known else None,
        "gen_ai.usage.reasoning.output_tokens": call.reasoning if call.known else None,
        "response_code": 503 if call.failed else 200,
    }


def apim(call: Call) -> Row:
    return {
        "CorrelationId": call.id,
        "TimeGenerated": iso(call.start),
        "DeploymentName": call.model,
        "ModelName": call.model,
        "OperationName": call.name,
        "PromptTokens": call.input,
        "CompletionTokens": call.output,
        "IsStreamCompletion": call.stream,
    }


def azure_trace(call: Call) -> Row:
    moment = call.start.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
    return {"TIMESTAMP": moment, "ContextTokens": call.input, "GeneratedTokens": call.output}


BOTH = "request_model response_model"
FORMATS: dict[str, Format] = {
    "kong_ai_log": Format(
        reader="kong_ai_log",
        write=as_jsonl(kong),
        carries=carried(TIMED, CACHE, REASONING, BOTH, "request_id route is_failed stream"),
    ),
    "cloudflare_ai_gateway": Format(
        reader="cloudflare_ai_gateway",
        write=as_jsonl(cloudflare),
        carries=carried(TIMED, "request_id request_model is_failed"),
    ),
    "portkey": Format(
        reader="portkey",
        write=as_jsonl(portkey),
        carries=carried(TIMED, CACHE, REASONING, BOTH, "request_id prompt_name is_failed tool_count"),
    ),
    "envoy_ai_gateway": Format(
        reader="envoy_ai_gateway",
        write=as_jsonl(envoy),
        carries=carried(TIMED, CACHE, WRITES, REASONING, BOTH, "request_id route is_failed"),
    ),
    "azure_apim": Format(
        reader="azure_apim",
        write=as_csv(apim),
        carries=carried(BOTH, "request_id start_time route stream"),
        holds=known,
    ),
    "azure_llm_inference_2023": Format(
        reader="azure_llm_inference_2023", write=as_csv(azure_trace), carries=carried("start_time"), holds=known
    ),
}
