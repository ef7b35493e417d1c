"""One conversation with everything a request can hold, and what has to become of it, written by hand."""

from datetime import UTC, datetime
from pathlib import Path

from exports import Row
from round_trip import Call

from audit.intake.loading import load
from audit.sampling.source import Found, Wanted, texts
from audit.warehouse import Warehouse

PICTURE = "data:image/png;base64,iVBORw0KGgo="
ARGUMENTS = '{"order": 4711}'
MESSAGES: list[Row] = [
    {"role": "system", "content": 'You label tickets. Größe: 3 "zoll".'},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is\non this picture?"},
            {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}},
        ],
    },
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": ARGUMENTS}},
        ],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": '{"state": "paid"}'},
    {"role": "user", "content": "And now?"},
]
PARAMETERS: Row = {
    "type": "object",
    "properties": {"order": {"type": "integer"}},
    "required": ["order"],
    "additionalProperties": False,
}
TOOL: Row = {
    "type": "function",
    "function": {"name": "look_up", "description": "Find an order", "parameters": PARAMETERS, "strict": True},
}
SCHEMA: Row = {"type": "object", "properties": {"label": {"type": "string"}}, "required": ["label"]}
FORM: Row = {"type": "json_schema", "json_schema": {"name": "label", "schema": SCHEMA, "strict": True}}
SETTINGS: Row = {
    "tools": [TOOL],
    "tool_choice": {"type": "function", "function": {"name": "look_up"}},
    "response_format": FORM,
    "temperature": 0.2,
    "max_tokens": 64,
    "seed": 7,
    "stop": ["END"],
}
BODY: Row = {"messages": MESSAGES, **SETTINGS}
"""The request as the candidate has to get it."""
PLUMBING: Row = {
    "model": "gpt-4o-2024-08-06",
    "stream": False,
    "stream_options": {"include_usage": True},
    "user": "ann@example.com",
    "metadata": {"customer": "4"},
    "store": True,
}
REQUEST: Row = {**PLUMBING, **BODY}
"""The request as it was sent."""
SAID = '{"label": "billing"}'
ANSWER: Row = {"message": {"role": "assistant", "content": SAID}, "finish_reason": "stop"}
CALL = Call(
    number=1,
    start=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    duration_ms=900,
    model="gpt-4o-2024-08-06",
    input=1200,
    cached=0,
    written=0,
    output=12,
    reasoning=0,
    tools=1,
    is_json=True,
    stream=False,
    failed=False,
    known=True,
    name="label",
    user="u1",
)


def reply(base: Row) -> Row:
    """A chat completion that says SAID."""
    message: Row = {"role": "assistant", "content": SAID, "refusal": None, "annotations": list[Row]()}
    return base | {"choices": [{"index": 0, "finish_reason": "stop", "logprobs": None, "message": message}]}


def wanted(warehouse: Warehouse) -> list[Wanted]:
    """All requests in a database, in the order of files and records."""
    rows = warehouse.rows(
        "select file_id, record_number, request_key from request_places inner join loaded_facts "
        "using (file_id, row_number) order by file_id, record_number"
    )
    return [
        Wanted(
            sample_id=f"{file}-{number}",
            request_key=int(str(key)),
            file_id=int(str(file)),
            record_number=int(str(number)),
        )
        for file, number, key in rows
    ]


def asked(db: Path, maps: tuple[Path, ...] = ()) -> list[Found]:
    """What the exports say of all requests in a database, in the order of files and records."""
    with Warehouse.read(db) as warehouse:
        requests = wanted(warehouse)
        found = {each.sample_id: each for each in texts(warehouse, requests, maps=maps)}
    assert len(found) == len(requests)
    return [found[each.sample_id] for each in requests]


def read_back(folder: Path, *paths: Path, map_file: Path | None = None) -> list[Found]:
    """The texts of exports that are loaded for it; nothing of them is in the database."""
    db = folder / "usage.duckdb"
    report = load([str(path) for path in paths], db, map_file=map_file)
    assert (report.refused, report.failed_checks) == ((), ())
    found = asked(db, () if map_file is None else (map_file,))
    content = db.read_bytes()
    assert b"You label tickets" not in content
    assert b"iVBORw0KGgo" not in content
    return found


def only(found: list[Found]) -> tuple[Row | None, Row | None]:
    """Body and answer of the only request."""
    (each,) = found
    assert each.unavailable is None, each.unavailable
    return each.body, each.answer
