"""The text of requests, read again from the exports they came from: it is never stored.

A database remembers of each request its file, the number of its record, and hashes of its text. A record counts only
where it stages to the facts that were loaded; a file that was moved, cut, sorted or edited since gives a reason instead
of a text, row by row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from audit.conversations.values import Conversation, Json, UnavailableError, record
from audit.errors import ConfigError, InputError
from audit.intake.duplicates import REQUEST_KEY
from audit.intake.spool import NO_ROOM, spool_folder
from audit.intake.staging import UNREADABLE
from audit.progress import Progress, silent
from audit.readers.export import DAMAGED, Export
from audit.readers.reader import Reader, literal
from audit.readers.sniff import Record
from audit.sampling.batches import batch_inputs, with_requests
from audit.sampling.opening import Loaded, opened, readers_of
from audit.sampling.reread import IDENTITY, Facts, Source, Unit
from audit.warehouse import Warehouse

CHANGED = "the file has changed since it was loaded"
CHATS = ("chat", "responses")
"""Operations whose requests are conversations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A request whose text is asked for."""

    sample_id: str
    request_key: int
    file_id: int
    record_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the export says of it."""

    sample_id: str
    body: Json | None
    """A request of OpenAI's chat completions without model, stream, metadata and what names a user."""
    answer: Json | None
    """{"message": {"role": "assistant", ...}, "finish_reason": ...}, as the incumbent gave it."""
    unavailable: str | None
    """Why there is no body."""
    dropped: tuple[str, ...] = ()
    """Parameters of the request that chat completions have no word for, such as top_k."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What the database knows of a wanted request."""

    wanted: Wanted
    identity: Facts
    operation: str
    tool_count: int
    is_json: bool
    image_count: int


def texts(
    warehouse: Warehouse, wanted: Sequence[Wanted], progress: Progress = silent, maps: Sequence[Path] = ()
) -> Iterator[Found]:
    """Exactly one Found for each of `wanted`, file by file.

    `maps` are column maps with which exports were loaded. Nothing is raised because of an export.
    """
    readers = readers_of(maps)
    files = {
        int(str(row[0])): Loaded(*map(str, row[1:]))
        for row in warehouse.rows("select file_id, path, source_format from files")
    }
    requests = _requests(warehouse, wanted)
    missing = [each for position, each in enumerate(wanted) if position not in requests]
    yield from (_none(each, "the database no longer holds this request") for each in missing)
    ordered = sorted(requests.values(), key=lambda each: (each.wanted.file_id, each.wanted.record_number))
    with spool_folder() as spool, progress("reading the sampled requests again", len(ordered)) as advance:
        for file_id, group in groupby(ordered, key=lambda each: each.wanted.file_id):
            for found in _of_file(warehouse, files[file_id], readers, list(group), spool):
                yield found
                advance(1)


FACTS = """
select wanted_requests.position, {identity}, operation_name, tool_count, output_type, image_count
from wanted_requests
inner join files using (file_id)
left join retried_records using (file_id, record_number)
left join (
    select wanted_requests.position, count(unparsed_records.record_number) as skipped
    from wanted_requests inner join unparsed_records
        on wanted_requests.file_id = unparsed_records.file_id
        and unparsed_records.record_number < wanted_requests.record_number
    group by wanted_requests.position
) as unparsed using (position)
inner join (select request_facts.*, request_facts.rowid as place, {key} as key_now from request_facts) as facts
    on facts.file_id = wanted_requests.file_id
    and facts.place = files.first_row - 1
        + coalesce(retried_records.row_number, wanted_requests.record_number - coalesce(unparsed.skipped, 0))
    and facts.request_key = wanted_requests.wanted_key
where facts.reject_reason is null
"""
"""The facts of the wanted requests, with the keys as this DuckDB hashes them."""


def _requests(warehouse: Warehouse, wanted: Sequence[Wanted]) -> dict[int, _Request]:
    """Place among the wanted -> what the database knows of it."""
    import polars as pl

    if not wanted:
        return {}
    warehouse.temporary(
        "wanted_requests",
        pl.DataFrame(
            {
                "position": range(len(wanted)),
                "wanted_key": pl.Series([each.request_key for each in wanted], dtype=pl.UInt64),
                "file_id": [each.file_id for each in wanted],
                "record_number": [each.record_number for each in wanted],
            }
        ),
    )
    identity = ", ".join(f"facts.{'key_now' if name == 'request_key' else name}" for name in IDENTITY)
    key = REQUEST_KEY.format(salt=literal(warehouse.setting("salt") or ""))
    found: dict[int, _Request] = {}
    for position, *facts in warehouse.rows(FACTS.format(identity=identity, key=key)):
        each = wanted[int(str(position))]
        *same, operation, tools, form, images = facts
        found[int(str(position))] = _Request(
            wanted=each,
            identity=tuple(same),
            operation=str(operation),
            tool_count=int(str(tools or 0)),
            is_json=form == "json",
            image_count=int(str(images or 0)),
        )
    return found


def _of_file(
    warehouse: Warehouse, loaded: Loaded, readers: Mapping[str, Reader], group: Sequence[_Request], spool: Path
) -> Iterator[Found]:
    """One Found for each of the requests of one file, whatever happens to it."""
    left = {id(each): each for each in group}
    reason = CHANGED
    try:
        reader, export = opened(warehouse, loaded, readers, spool)
        source = Source(warehouse, reader, export, spool)
        inputs = batch_inputs(warehouse, group[0].wanted.file_id) if reader.needs_siblings else ()
        by_number: dict[int, list[_Request]] = {}
        for each in group:
            by_number.setdefault(each.wanted.record_number, []).append(each)
        for page in source.pages(list(by_number)):
            records = _checked(source, page, {number: same[0].identity for number, same in by_number.items()}, inputs)
            for number, found in records.items():
                for each in by_number.get(number, ()):
                    del left[id(each)]
                    yield _said(each, reader, found)
    except UnavailableError as why:
        reason = str(why)
    except (InputError, ConfigError, *DAMAGED, *UNREADABLE) as error:
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise
        reason = "the export can no longer be read to its end"
    yield from (_none(each.wanted, reason) for each in left.values())


def _checked(
    source: Source, units: Sequence[Unit], expected: Mapping[int, Facts], inputs: Sequence[Export]
) -> dict[int, Record]:
    """Number -> record, of the wanted records in these units that are what was loaded."""
    small = source.small_copy(units)
    try:
        return _checked_copy(source, small, units, expected, inputs)
    finally:
        Path(str(small.path)).unlink()


def _checked_copy(
    source: Source,
    small: Export,
    units: Sequence[Unit],
    expected: Mapping[int, Facts],
    inputs: Sequence[Export],
) -> dict[int, Record]:
    staged = source.staged(small, units, (small,) if source.reader.needs_siblings else ())
    if staged is None:
        # one odd unit must not spoil the others
        half = len(units) // 2
        parts = [units[:half], units[half:]] if half else []
        return {n: r for part in parts for n, r in _checked(source, part, expected, inputs).items()}
    records = {number: found for number, found in source.records(small, units).items() if number in expected}
    if source.reader.needs_siblings:
        return with_requests(source, small, units, records, expected, inputs)
    return {number: found for number, found in records.items() if staged.get(number) == expected[number]}


def _said(request: _Request, reader: Reader, found: Record) -> Found:
    assert reader.conversation is not None
    try:
        if request.operation not in CHATS:
            raise UnavailableError(f"a call of {request.operation}, no conversation")
        conversation = reader.conversation(found)
        _refuse_incomplete(request, conversation)
    except UnavailableError as reason:
        return _none(request.wanted, str(reason))
    return Found(
        sample_id=request.wanted.sample_id,
        body=conversation.body,
        answer=conversation.answer,
        unavailable=None,
        dropped=conversation.dropped,
    )


def _refuse_incomplete(request: _Request, conversation: Conversation) -> None:
    """Raises UnavailableError where a body lacks what the log says the request had."""
    body = conversation.body
    if request.tool_count and not body.keys() & {"tools", "functions"}:
        raise UnavailableError("its tools were not logged")
    if request.is_json and record(body.get("response_format")).get("type") not in ("json_object", "json_schema"):
        raise UnavailableError("the JSON schema of its answer was not logged")
    if request.image_count and "image_url" not in str(body["messages"]):
        raise UnavailableError("its images were not logged")


def _none(wanted: Wanted, reason: str) -> Found:
    return Found(sample_id=wanted.sample_id, body=None, answer=None, unavailable=reason)
