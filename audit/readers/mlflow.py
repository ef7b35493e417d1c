"""MLflow: traces, each with its spans inside: rows of `mlflow.search_traces()`, or traces as JSON.

Fields read in mlflow-skinny 3.17.2, `tracing/constant.py` and `entities/span.py`. Values of attributes are JSON text.
A trace also states the sum of its tokens; only those of its spans are taken. The integrations write input that
includes the cache, for all providers; tokens are there since MLflow 3.2.
"""

import json
from collections.abc import Sequence
from typing import cast

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request
from audit.conversations.values import Conversation, UnavailableError, listed, record
from audit.readers.export import Export
from audit.readers.openai_calls import selected
from audit.readers.prompts import prompt_columns
from audit.readers.reader import (
    TEXT,
    Context,
    Reader,
    Shape,
    first_of,
    kept_metadata,
    literal,
    parsed,
    rows,
    structure,
    type_of,
    unroll_page,
)
from audit.readers.sniff import Record

SPAN: Shape = {
    "name": TEXT,
    "span_id": TEXT,
    "trace_id": TEXT,
    "parent_span_id": TEXT,
    "parent_id": TEXT,
    "context": {"span_id": TEXT, "trace_id": TEXT},
    "start_time_unix_nano": TEXT,
    "end_time_unix_nano": TEXT,
    "start_time": TEXT,
    "end_time": TEXT,
    "status": {"code": TEXT},
    "status_code": TEXT,
    "attributes": dict.fromkeys(
        (
            "mlflow.spanType",
            "mlflow.chat.tokenUsage",
            "mlflow.llm.model",
            "mlflow.llm.provider",
            "mlflow.llm.cost",
            "mlflow.chat.tools",
            "mlflow.linkedPrompts",
            "mlflow.spanInputs",
            "mlflow.spanOutputs",
        ),
        TEXT,
    ),
}
"""A span as MLflow 3 writes it, and below other names as MLflow 2 did."""
USAGE: Shape = dict.fromkeys(
    ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"), TEXT
)
DATA: Shape = {"spans": (SPAN,)}
INFO: Shape = {"trace_id": TEXT, "request_id": TEXT, "trace_metadata": TEXT, "request_metadata": TEXT, "tags": TEXT}
ROW_TEXT: tuple[str, ...] = ("trace_id", "request_id", "trace_metadata", "request_metadata", "tags")
LLM_TYPES = "('LLM', 'CHAT_MODEL', 'EMBEDDING')"


def _spans(export: Export, context: Context) -> str:
    plain = ("span_id", "parent_id", "start_time", "end_time", "status", "trace_id")
    return f"""
    select * exclude (texts, tool_texts), {prompt_columns("texts", "tool_texts", context)}
    from (
        select {", ".join(plain)}, {selected(_columns(context))}
        from (
            select trace_metadata, trace_tags, span.name as name, span.attributes as attributes,
                coalesce(span.span_id, span.context.span_id) as span_id,
                coalesce(span.parent_span_id, span.parent_id) as parent_id,
                coalesce(span.start_time_unix_nano, span.start_time) as start_time,
                coalesce(span.end_time_unix_nano, span.end_time) as end_time,
                coalesce(span.status.code, span.status_code) as status,
                coalesce(row_trace, span.trace_id, span.context.trace_id) as trace_id
            from (
                select row_trace, trace_metadata, trace_tags,
                    unnest(if(len(spans) > 0, spans, [null])) as span
                from ({_traces(export, context)})
            )
        )
    )"""


def _traces(export: Export, context: Context) -> str:
    """One row per trace: its spans as a list of STRUCT, wherever this file has them, and what it says of itself."""
    declared: dict[str, str] = dict.fromkeys(ROW_TEXT, TEXT)
    about, parsed_once = [""], ""
    if "data" in export.field_set:
        declared["data"], data = parsed(export, "data", DATA)
        declared["info"], info = parsed(export, "info", INFO)
        spans = f"({data}).spans"
        about.append(f"({info}).")
    elif any(isinstance(record.get("spans"), list) for record in export.records):
        declared["spans"] = type_of((SPAN,))
        spans = "spans"
    elif "trace" in export.field_set:
        # the list beside it is in Python's own notation where pandas wrote the CSV
        declared["trace"] = TEXT
        whole = {"data": structure(DATA), "info": structure(INFO)}
        parsed_once = f", try(json_transform(trace, {literal(json.dumps(whole))})) as whole"
        spans = "whole.data.spans"
        about.insert(0, "whole.info.")
    else:
        declared["spans"] = TEXT
        spans = f"try(json_transform(spans, {literal(json.dumps([structure(SPAN)]))}))"

    def either(*names: str) -> str:
        return first_of([place + name for place in about for name in names])

    return f"""
    select {spans} as spans, {either("trace_id", "request_id")} as row_trace,
        {either("trace_metadata", "request_metadata")} as trace_metadata, {either("tags")} as trace_tags
    from (select *{parsed_once} from {rows(export, declared, context)})"""


def _records_per_line(export: Export, context: Context) -> str:
    return f"select greatest(coalesce(len(spans), 0), 1) from ({_traces(export, context)})"


def _columns(context: Context) -> dict[str, str]:
    def attribute(name: str) -> str:
        return f'attributes."mlflow.{name}"'

    def word(name: str) -> str:
        """The text of an attribute, which is JSON text in itself; what is none stands as it is."""
        return f"coalesce(try(json_extract_string({attribute(name)}, '$')), {attribute(name)})"

    def inside(name: str, path: str) -> str:
        return f"try(json_extract_string({attribute(name)}, {literal(path)}))"

    def of_trace(place: str, key: str) -> str:
        return f"try(json_extract_string({place}, {literal('$.' + json.dumps(key))}))"

    tools = f"coalesce({attribute('chat.tools')}, {inside('spanInputs', '$.tools')})"
    is_call = f"{word('spanType')} in {LLM_TYPES}"
    return {
        "span_type": word("spanType"),
        "span_name": "name",
        "usage": f"try(json_transform({attribute('chat.tokenUsage')}, {literal(json.dumps(structure(USAGE)))}))",
        "model": f"case when {is_call} then coalesce({word('llm.model')}, {inside('spanInputs', '$.model')}) end",
        "served_model": f"case when {is_call} then {inside('spanOutputs', '$.model')} end",
        "provider": word("llm.provider"),
        "cost": inside("llm.cost", "$.total_cost"),
        "stream": f"case when {is_call} then {inside('spanInputs', '$.stream')} end",
        "tool_count": f"case when {is_call} then try(json_array_length({tools})) end",
        "response_format": f"case when {is_call} then {inside('spanInputs', '$.response_format.type')} end",
        "prompt_name": inside("linkedPrompts", "$[0].name"),
        "trace_name": of_trace("trace_tags", "mlflow.traceName"),
        "user_id": of_trace("trace_metadata", "mlflow.trace.user"),
        "conversation_id": of_trace("trace_metadata", "mlflow.trace.session"),
        "kept_metadata": kept_metadata(
            {
                key: f"coalesce({of_trace('trace_tags', key)}, {of_trace('trace_metadata', key)})"
                for key in context.metadata_keys
            }
        ),
        "texts": f"case when {is_call} then {inside('spanInputs', '$.messages')} end",
        "tool_texts": tools,
    }


def _split(trace: Record) -> Sequence[Record | None]:
    """The spans of a trace, in the file's own list or in the text of the whole trace; None for a trace without any."""
    inside = record(record(trace.get("trace")).get("data")).get("spans")
    places = (inside, record(trace.get("data")).get("spans"), trace.get("spans"))
    found = [spans for place in places if (spans := listed(place))]
    return [record(span) or None for span in (found[0] if found else [])] or [None]


def _conversation(span: Record) -> Conversation:
    attributes = record(span.get("attributes"))
    sent = record(attributes.get("mlflow.spanInputs"))
    if not sent:
        raise UnavailableError("MLflow was given no input of it")
    tools = listed(attributes.get("mlflow.chat.tools"))
    return chat_request(({"tools": tools} if tools else {}) | sent, answer_of(attributes.get("mlflow.spanOutputs")))


def _recognises(export: Export) -> bool:
    if any(signature <= export.field_set for signature in SIGNATURES[:2]):
        return True
    return any(_is_trace(record) for record in export.records)


def _is_trace(record: Record) -> bool:
    """Whether a record is a trace with spans whose attributes are MLflow's."""
    data = record.get("data", record)
    spans = cast("Record", data).get("spans") if isinstance(data, dict) else None
    if not isinstance(spans, list):
        return False
    return any(
        isinstance(span, dict) and "mlflow." in json.dumps(cast("Record", span).get("attributes"))
        for span in cast("list[object]", spans)
    )


SIGNATURES = (
    frozenset({"trace_id", "trace_metadata", "trace"}),
    frozenset({"trace_id", "trace_metadata", "spans"}),
    frozenset({"info", "data"}),
)

MLFLOW = Reader(
    format="mlflow",
    title="MLflow traces (JSON, JSONL, Parquet, CSV)",
    audience="teams that trace with MLflow or Databricks",
    how_to_export=(
        "mlflow.search_traces(locations=[...]).to_json('traces.jsonl', orient='records', lines=True) in Python, "
        "with MLflow 3.2 or newer also when the traces were made"
    ),
    lacks=("tokens before MLflow 3.2", "reasoning tokens", "time to first token"),
    signatures=SIGNATURES,
    relation=_spans,
    recognises=_recognises,
    records_per_line=_records_per_line,
    split=_split,
    conversation=_conversation,
    unroll=unroll_page,
)
