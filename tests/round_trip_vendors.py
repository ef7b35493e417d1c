"""Writers of the logs of gateways: Helicone and OpenRouter."""

from exports import Row
from round_trip import (
    CACHE,
    REASONING,
    TIMED,
    WRITES,
    Call,
    Format,
    as_csv,
    as_json,
    as_jsonl,
    carried,
    iso,
    succeeded,
)


def naive(call: Call) -> str:
    return iso(call.start).replace("T", " ").removesuffix("+00:00")


def helicone(call: Call) -> Row:
    return {
        "request_id": call.id,
        "response_id": f"reply-{call.id}",
        "request_created_at": naive(call),
        "response_status": 429 if call.failed else 200,
        "delay_ms": call.duration_ms,
        "request_model": call.model,
        "response_model": call.model,
        "provider": call.provider.upper(),
        "prompt_tokens": call.input - call.cached - call.written,
        "prompt_cache_read_tokens": call.cached,
        "prompt_cache_write_tokens": call.written,
        "completion_tokens": call.output,
        "total_tokens": call.input - call.cached - call.written + call.output,
        "request_user_id": call.user,
        "request_path": "https://api.openai.com/v1/chat/completions",
        "prompt_id": call.name,
        "request_properties": {},
        "cache_reference_id": "00000000-0000-0000-0000-000000000000",
    }


def openrouter(call: Call) -> Row:
    return {
        "generation_id": call.id,
        "created_at": naive(call),
        "cost_total": 0.01,
        "cost_cache": 0,
        "tokens_prompt": call.input,
        "tokens_completion": call.output,
        "tokens_reasoning": call.reasoning,
        "tokens_cached": call.cached,
        "model_permaslug": f"openai/{call.model}",
        "provider_name": "OpenAI",
        "variant": "standard",
        "cancelled": "false",
        "streamed": str(call.stream).lower(),
        "user": call.user,
        "finish_reason_normalized": "error" if call.failed else "stop",
        "generation_time_ms": call.duration_ms,
        "app_name": call.name,
    }


def generation(call: Call) -> Row:
    return {
        "id": call.id,
        "created_at": iso(call.start),
        "model": f"openai/{call.model}",
        "provider_name": "OpenAI",
        "total_cost": 0.01,
        "generation_time": call.duration_ms,
        "streamed": call.stream,
        "cancelled": False,
        "tokens_prompt": 1 + call.input,
        "tokens_completion": 1 + call.output,
        "native_tokens_prompt": call.input,
        "native_tokens_completion": call.output,
        "native_tokens_cached": call.cached,
        "native_tokens_reasoning": call.reasoning,
        "finish_reason": "stop",
    }


MODEL_BOTH = "request_model response_model"
ROUTED = carried(TIMED, CACHE, MODEL_BOTH, "request_id route stream user_id") | REASONING


def routed(call: Call) -> Row:
    return {"request_model": None, "response_model": f"openai/{call.model}"}


FORMATS: dict[str, Format] = {
    "helicone": Format(
        reader="helicone",
        write=as_jsonl(helicone),
        carries=carried(TIMED, CACHE, WRITES, MODEL_BOTH, "request_id prompt_name is_failed user_id"),
    ),
    "openrouter_logs": Format(
        reader="openrouter_logs", write=as_csv(openrouter), carries=ROUTED | {"is_failed"}, changes=routed
    ),
    "openrouter_generations": Format(
        reader="openrouter_generations",
        write=as_json(lambda calls: {"data": [generation(call) for call in calls]}),
        carries=ROUTED - {"route", "user_id", "request_model"},
        changes=routed,
        holds=succeeded,
    ),
}
