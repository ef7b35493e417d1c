"""OpenAI Batch files: outputs and errors hold the usage, inputs the requests; `custom_id` joins them.

An output names neither its input file nor the endpoint, and applications reuse their custom ids from batch to batch.
So the input is the file of the call whose ids agree best with the output's (intersection over union), and where
several agree equally well only the requests they have in common are taken.
"""

from collections.abc import Sequence

from audit.conversations.answers import answer_of
from audit.conversations.requests import chat_request
from audit.conversations.values import Conversation, UnavailableError
from audit.conversations.values import record as object_of
from audit.errors import InputError
from audit.readers.export import Export
from audit.readers.openai_calls import (
    error_word,
    is_error,
    request_columns,
    request_shape,
    response_columns,
    response_shape,
    selected,
    with_prompt,
)
from audit.readers.reader import TEXT, Context, Reader, Shape, literal, parsed, rows, struct
from audit.readers.sniff import Record

INPUT = frozenset({"custom_id", "method", "url", "body"})
OUTPUT = frozenset({"custom_id", "response"})
AMBIGUOUS = "several input files of its load ask differently under its id"


def _relation(export: Export, context: Context) -> str:
    others = [sibling for sibling in context.siblings if sibling.path != export.path]
    outputs = [sibling for sibling in others if _is_output(sibling)]
    if _is_output(export):
        replies = _replies(export, context)
        inputs = [_requests(sibling, context) for sibling in others if _is_input(sibling)]
    elif outputs:
        # its requests are read with the outputs; by itself it holds no record
        replies, inputs = _none({"custom_id": TEXT, "id": TEXT, "error": TEXT, "response": _reply_type(context)}), []
    else:
        raise InputError(
            f"{export.name}: the input file of a batch, requests without replies, so it holds no usage; "
            "load it together with its output file"
        )
    columns = response_columns("response.body") | {
        "custom_id": "custom_id",
        "batch_request_id": "id",
        "status_code": "response.status_code",
        "has_batch_error": is_error("error"),
        "batch_error": error_word("error"),
    }
    # Lines of calls that failed carry no time: the last call of the batch stands in.
    latest = [f"(select max(response.body.created) from {_replies(sibling, context)})" for sibling in outputs]
    return f"""
    with replies as materialized (
        select row_number() over () as position, {selected(columns)} from {replies}
    ),
    inputs as materialized ({_numbered(inputs, context)}),
    agreeing as (
        select file
        from inputs left join (select distinct custom_id as found from replies) on asked_id = found
        group by file
        having count(found) > 0
        qualify rank() over (
            order by count(found) / cast(count(*) + (select count(*) from replies) - count(found) as double) desc
        ) = 1
    ),
    asked as (
        select asked_id as found_id, any_value(request) as request
        from inputs semi join agreeing using (file)
        group by asked_id
        having count(distinct request) = 1
    )
    select replies.* exclude (position, created), request.* exclude (asked_id),
        coalesce(created, greatest((select max(created) from replies), {", ".join([*latest, "null"])})) as created
    from replies left join asked on custom_id = found_id
    order by position"""


def _conversation(record: Record) -> Conversation:
    """What a line of the output says, with the body of its input line put beside it under `body`."""
    if record.get("body") == AMBIGUOUS:
        raise UnavailableError(AMBIGUOUS)
    if not (sent := object_of(record.get("body"))):
        raise UnavailableError("the input file of its batch was not loaded with it")
    return chat_request(sent, answer_of(object_of(record.get("response")).get("body")))


def _replies(export: Export, context: Context) -> str:
    kind, response = parsed(export, "response", _reply_shape(context))
    columns = {"custom_id": TEXT, "id": TEXT, "error": TEXT, "response": kind}
    return f"(select custom_id, id, error, {response} as response from {rows(export, columns, context)})"


def _requests(export: Export, context: Context) -> str:
    kind, body = parsed(export, "body", request_shape(context))
    columns = {"custom_id": TEXT, "url": TEXT, "body": kind}
    return f"(select custom_id, url, {body} as body from {rows(export, columns, context)})"


def _numbered(inputs: Sequence[str], context: Context) -> str:
    """Every request of the input files as (file, asked_id, request)."""
    none = _none({"custom_id": TEXT, "url": TEXT, "body": struct(request_shape(context))})
    columns = {"asked_id": "custom_id", "url": "url"} | request_columns("body", None, context)
    return " union all ".join(
        f"select {literal(str(number))} as file, asked_id, request "
        f"from ({with_prompt(f'select {selected(columns)} from {source}', context)}) as request"
        for number, source in enumerate(inputs or [none])
    )


def _none(columns: dict[str, str]) -> str:
    """A FROM item of these columns without rows."""
    return f"(select {', '.join(f'cast(null as {kind}) as {name}' for name, kind in columns.items())} where false)"


def _reply_shape(context: Context) -> Shape:
    return {"status_code": TEXT, "body": response_shape(context)}


def _reply_type(context: Context) -> str:
    return struct(_reply_shape(context))


def _is_input(export: Export) -> bool:
    return export.field_set >= INPUT


def _is_output(export: Export) -> bool:
    return export.field_set >= OUTPUT and export.container == "jsonl"


OPENAI_BATCH = Reader(
    format="openai_batch",
    title="OpenAI Batch output and error files (JSONL), joined to their input files in the same call",
    audience="everyone who uses the Batch API",
    how_to_export="GET /v1/files/{id}/content for input_file_id, output_file_id and error_file_id of the batch",
    lacks=("latency",),
    signatures=(OUTPUT, INPUT),
    relation=_relation,
    recognises=lambda export: _is_input(export) or _is_output(export),
    needs_siblings=True,
    conversation=_conversation,
)
