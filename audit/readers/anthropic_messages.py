"""Anthropic's Messages API: logged replies, and the results of Message Batches.

Replies are read as those of OpenAI are, row by row by what they are, since one log often holds both. A batch result is
`{custom_id, result: {type, message}}` and names no time: the batch object, which has one, must be among the files.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from audit.errors import InputError
from audit.readers.export import Export, parts_of
from audit.readers.openai_calls import error_word, response_columns, response_shape, selected
from audit.readers.openai_requests import OPENAI_REQUESTS, WRAPPER, bodies_of
from audit.readers.reader import TEXT, Context, Reader, Shape, literal, parsed, rows, unroll_page
from audit.readers.sniff import HEAD_RECORDS, Record

RESULT_TYPES = ("succeeded", "errored", "canceled", "expired")
RESULT = frozenset({"custom_id", "result"})
BATCH = "message_batch"
LARGEST_PAGE = 1 << 22
"""Bytes up to which a file is looked into for batch objects; a page of a thousand has less than one million."""


def _is_reply(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    record = cast("Record", value)
    return record.get("type") == "message" and "role" in record and isinstance(record.get("usage"), dict)


def _has_reply(export: Export) -> bool:
    return any(_is_reply(record) or _is_reply(bodies_of(record)[1]) for record in export.records)


def _messages(export: Export, context: Context) -> str:
    if not {"request", "response", *WRAPPER["logged_start"]} & export.field_set:
        raise InputError(
            f"{export.name}: replies of the Messages API alone, which say no time; log "
            "{request, response, started_at} per call, or load the usage report instead"
        )
    return OPENAI_REQUESTS.relation(export, context)


def _results(export: Export, context: Context) -> str:
    shape: Shape = {"type": TEXT, "message": response_shape(context), "error": TEXT}
    kind, result = parsed(export, "result", shape)
    columns = {"id": TEXT, "type": TEXT, "custom_id": TEXT, "result": kind}
    source = f"(select id, type, custom_id, {result} as result from {rows(export, columns, context)})"
    counted = ", ".join(f"count(*) filter (result.type = '{name}') as {name}" for name in RESULT_TYPES)
    batches = [batch for sibling in context.siblings for batch in _batches(sibling)]
    if not batches and not _is_batch(export):
        raise InputError(
            f"{export.name}: results of a message batch, which say no time; load them together with the batch object, "
            "GET /v1/messages/batches/{id}, saved as a file"
        )
    known = ", ".join(f"({', '.join(_facts(batch))})" for batch in batches) or "(null, null, null, null, null, null)"
    found = {
        "custom_id": "custom_id",
        "record_type": "coalesce(result.type, type)",
        "batch_error": "coalesce(try(json_extract_string(result.error, '$.error.type')), "
        f"{error_word('result.error')})",
    }
    # A line does not say which batch it is of; the counts by outcome do, unless two batches have the same.
    return f"""
    with batches as (
        select * from (values {known}) as known (batch_id, created, {", ".join(RESULT_TYPES)})
    ),
    counts as (select {counted} from {source}),
    own as (
        select case when count(*) = 1 then min(batch_id) end as batch_id, min(created) as created
        from batches inner join counts using ({", ".join(RESULT_TYPES)})
    )
    select {selected(response_columns("result.message") | found | _own())}
    from {source}"""


def _own() -> dict[str, str]:
    """What the batch object says, for every line alike."""
    return {"batch_id": "(select batch_id from own)", "batch_created": "(select created from own)"}


def _batches(export: Export) -> Iterable[Record]:
    """The batch objects in a file; none where it holds anything else."""
    first: Iterable[object] = export.records
    if export.container == "json" and export.size <= LARGEST_PAGE:
        first = (record for part in parts_of(export) for record in unroll_page(part))
    for record in first:
        if not isinstance(record, dict) or cast("Record", record).get("type") != BATCH:
            return
        yield cast("Record", record)


def _facts(batch: Record) -> Iterable[str]:
    yield from (literal(str(batch.get("id"))), literal(str(batch.get("created_at"))))
    counts = batch.get("request_counts")
    known = cast("Record", counts) if isinstance(counts, dict) else {}
    yield from (str(value) if isinstance(value := known.get(name), int) else "null" for name in RESULT_TYPES)


def _is_batch(export: Export) -> bool:
    return bool(export.records) and all(record.get("type") == BATCH for record in export.records[:HEAD_RECORDS])


def _recognises_results(export: Export) -> bool:
    return _is_batch(export) or (export.field_set >= RESULT and any(_is_result(record) for record in export.records))


def _is_result(record: Record) -> bool:
    result = record.get("result")
    return isinstance(result, dict) and cast("Record", result).get("type") in RESULT_TYPES


ANTHROPIC_MESSAGES = replace(
    OPENAI_REQUESTS,
    format="anthropic_messages",
    title="Anthropic Messages API, logged requests and replies (JSONL, JSON, CSV, Parquet)",
    audience="applications that log the bodies of their calls to Claude",
    how_to_export="log {request, response, started_at, latency_ms} per call; a reply alone says no time",
    signatures=(frozenset({"request", "response"}), frozenset({"id", "type", "role", "model", "usage"})),
    relation=_messages,
    recognises=_has_reply,
    staging="openai_requests",
    warn=None,
)
ANTHROPIC_BATCH = Reader(
    format="anthropic_batch",
    title="Anthropic Message Batches: results (JSONL), with the batch object in the same call",
    audience="everyone who uses Anthropic's Message Batches API",
    how_to_export=(
        "GET /v1/messages/batches/{id}/results for the results and GET /v1/messages/batches/{id} for the batch "
        "object, which has the time; load both files together"
    ),
    lacks=("latency", "requests"),
    signatures=(RESULT, frozenset({"id", "type", "request_counts", "processing_status"})),
    relation=_results,
    recognises=_recognises_results,
    unroll=unroll_page,
    needs_siblings=True,
)
