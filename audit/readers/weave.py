"""W&B Weave: calls, as the Traces page exports them or the service's `calls/stream_query` lists them.

Fields read in weave 0.54.0, `trace.call.CallDict`. The summary of a call adds up the usage of all calls inside of it,
keyed by model, so only the innermost calls count.
"""

import json

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request
from audit.conversations.values import record
from audit.readers.export import Export
from audit.readers.openai_calls import (
    error_word,
    is_error,
    label_columns,
    metadata_shape,
    selected,
)
from audit.readers.prompts import prompt_columns
from audit.readers.reader import (
    TEXT,
    Context,
    Reader,
    Shape,
    first_of,
    literal,
    parsed_rows,
    structure,
    unroll_page,
)

CALL_TEXT = (
    "id",
    "project_id",
    "op_name",
    "display_name",
    "trace_id",
    "parent_id",
    "started_at",
    "ended_at",
    "exception",
    "thread_id",
    "wb_user_id",
)
USAGE: Shape = {
    "requests": TEXT,
    "prompt_tokens": TEXT,
    "input_tokens": TEXT,
    "completion_tokens": TEXT,
    "output_tokens": TEXT,
    "prompt_tokens_details": {"cached_tokens": TEXT, "audio_tokens": TEXT},
    "input_tokens_details": {"cached_tokens": TEXT},
    "completion_tokens_details": {"reasoning_tokens": TEXT, "audio_tokens": TEXT},
    "output_tokens_details": {"reasoning_tokens": TEXT},
    "cache_read_input_tokens": TEXT,
    "cache_creation_input_tokens": TEXT,
    "cache_creation": {"ephemeral_1h_input_tokens": TEXT},
    "thoughts_tokens": TEXT,
}
"""What the integrations copy of the replies of OpenAI, Anthropic and Google, each in its own words."""
COSTS: Shape = {"prompt_tokens_total_cost": TEXT, "completion_tokens_total_cost": TEXT}


def _calls(export: Export, context: Context) -> str:
    shapes: dict[str, Shape] = {
        "summary": {"usage": TEXT, "weave": TEXT},
        "inputs": {
            "model": TEXT,
            "messages": TEXT,
            "input": TEXT,
            "tools": TEXT,
            "response_format": TEXT,
            "stream": TEXT,
        },
        "attributes": metadata_shape(context),
    }
    labels = label_columns("attributes", context)
    labels["user_id"] = first_of([labels["user_id"], "wb_user_id"])
    labels["conversation_id"] = first_of([labels["conversation_id"], "thread_id"])

    columns = {
        "model_count": "len(try(json_keys(summary.usage)))",
        "used_model": "try(json_keys(summary.usage))[1]",
        "usage": _only("summary.usage", USAGE),
        "costs": _only("json_extract(summary.weave, '$.costs')", COSTS),
        "latency_ms": "try(json_extract_string(summary.weave, '$.latency_ms'))",
        "status": "try(json_extract_string(summary.weave, '$.status'))",
        "asked_model": "inputs.model",
        "stream": "inputs.stream",
        "tool_count": "try(json_array_length(inputs.tools))",
        "response_format": "try(json_extract_string(inputs.response_format, '$.type'))",
        **labels,
        "has_error": is_error("exception"),
        # a traceback, whose last line begins with the name of the exception
        "error_type": (
            f"coalesce({error_word('exception')}, "
            "nullif(regexp_extract(exception, '(?m)^([A-Za-z_.]*(Error|Exception|Timeout))(:|$)', 1), ''))"
        ),
        "texts": "case when len(summary.usage) > 2 then coalesce(inputs.messages, inputs.input) end",
        "tool_texts": "inputs.tools",
    }
    plain = [name for name in CALL_TEXT if name not in ("exception", "thread_id", "wb_user_id")]
    return f"""
    select * exclude (texts, tool_texts), {prompt_columns("texts", "tool_texts", context)}
    from (
        select {", ".join(plain)}, {selected(columns)}
        from {parsed_rows(export, CALL_TEXT, shapes, context)}
    )"""


def _only(place: str, shape: Shape) -> str:
    """What stands under the first key of an object that is keyed by model, whatever that is called."""
    return f"try(json_transform(json_extract({place}, '$.*')[1], {literal(json.dumps(structure(shape)))}))"


WEAVE = Reader(
    format="weave",
    title="W&B Weave calls (JSONL, JSON, CSV)",
    audience="teams that trace with W&B Weave",
    how_to_export=(
        "project, Traces, filter the range, export button, All rows, JSONL; not the root calls alone: only the "
        "innermost calls are requests"
    ),
    lacks=("time to first token", "provider"),
    signatures=(frozenset({"op_name", "trace_id", "started_at", "summary"}),),
    relation=_calls,
    unroll=unroll_page,
    conversation=lambda call: chat_request(record(call.get("inputs")), answer_of(call.get("output"))),
)
