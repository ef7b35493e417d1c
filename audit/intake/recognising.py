"""The files of a call: what each of them is, who reads it, and which of them are read together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audit.counting import number_of
from audit.errors import InputError
from audit.intake.small_files import Gathered, Gatherer
from audit.intake.spool import NO_ROOM, held, without_mark
from audit.memory import has_long_records
from audit.progress import Progress, silent
from audit.readers.export import TOO_DEEP, Export, inspect
from audit.readers.locations import Location, modified_of, size_of
from audit.readers.reader import Context, Reader
from audit.readers.unpacking import refuse_bomb

WORTH_GATHERING = 20
"""Files in one call from which small ones are gathered."""


@dataclass(slots=True, kw_only=True)
class Pending:
    """A recognised file."""

    export: Export
    reader: Reader
    source: Export
    """What DuckDB reads: the export itself, or the lines its one JSON document was unrolled into."""
    context: Context
    relation: str
    """The text of the SELECT that reads the file."""
    counting: str | None = None
    """That of the SELECT that counts the records of each line, where a line can hold several."""
    unparsed_count: int = 0
    """Records that DuckDB's CSV reader could not split into columns: they stand in the table unparsed_places."""
    map_file: Path | None = None
    gathered: Gathered | None = None
    """The file that holds the records of this one and of others, where it is a small one of many."""
    file_id: int = 0
    first_row: int = 0
    row_count: int = 0
    seconds: float = 0.0

    @property
    def has_changed(self) -> bool:
        """Whether the file is no longer what it was when it was looked into, and was read from disk after that."""
        if self.export.container == "json" or not self.export.modified:
            return False
        try:
            now = size_of(self.export.path), modified_of(self.export.path)
        except OSError:
            return True
        return now != (self.export.size, self.export.modified)


@dataclass(slots=True)
class Recognised:
    """The files of a call, sorted into those that can be tried and those that cannot."""

    pending: list[Pending]
    refused: list[str]
    warnings: list[str]
    has_long_records: bool = False


def recognise_all(
    found: Sequence[tuple[str, Location]],
    spool: Path,
    context: Context,
    wanted: str | None,
    map_file: Path | None,
    progress: Progress = silent,
    *,
    unpack_limit: bool = True,
    gather: bool = True,
) -> Recognised:
    """Look into every file; a file that nobody recognises is refused and leaves the others alone.

    `gather` says whether many small files may be read as one.
    """
    from audit.readers.databases import tables_of

    result = Recognised([], [], [])
    gatherer = Gatherer(spool) if gather and len(found) >= WORTH_GATHERING else None
    with progress(f"looking into {number_of(len(found), 'file')}", len(found)) as advance:
        for name, path in found:
            try:
                tables = tables_of(name, path, spool, wanted, map_file)
                result.warnings.extend(tables.warnings)
                for export in tables.exports or [inspect(name, path)]:
                    if unpack_limit:
                        refuse_bomb(export)
                    item = recognised(export, spool, context, wanted, map_file, gatherer)
                    if item.reader.warn is not None and (warning := item.reader.warn(item.source)) is not None:
                        result.warnings.append(warning)
                    if export.repeated:
                        result.warnings.append(_first_counts(export))
                    result.has_long_records |= has_long_records(export.size, export.records or item.source.records)
                    result.pending.append(item if item.reader.needs_siblings else _without_records(item))
            except InputError as error:
                result.refused.append(str(error))
            except RecursionError:
                result.refused.append(f"{name}: {TOO_DEEP}")
            except OSError as error:
                if error.errno in NO_ROOM:
                    raise
                result.refused.append(f"{name}: cannot be read ({error.strerror or error})")
            advance(1)
        if gatherer is not None:
            gatherer.flush()
    _join_siblings(result)
    return result


def recognised(
    export: Export,
    spool: Path,
    context: Context,
    wanted: str | None,
    map_file: Path | None,
    gatherer: Gatherer | None = None,
) -> Pending:
    """A file with its reader; the relation of one that is read with others is still to be made."""
    from audit.readers.registry import prepare

    reader, source = prepare(export, spool, wanted, map_file)
    item = Pending(export=export, reader=reader, source=source, relation="", context=context, map_file=map_file)
    if gatherer is not None and not reader.needs_siblings and reader.target == "request_facts":
        gathered = gatherer.add(source, reader.format, lambda other: reader.relation(other, context))
        if gathered is not None:
            item.gathered, item.row_count = gathered
            item.relation = item.gathered.relation
            if source.path != export.path and isinstance(source.path, Path):
                source.path.unlink()
            return item
    item.source = without_mark(source, spool)
    if not reader.needs_siblings:
        _relate(item, item.source)
    return item


def relate_again(item: Pending) -> None:
    """Make the relation of a file anew, after its context changed."""
    source = item.source
    if not item.reader.needs_siblings:
        source = replace(source, records=inspect(source.name, source.path).records)
    _relate(item, source)


def _relate(item: Pending, source: Export) -> None:
    """Make the texts of the SELECTs that read the file, which take what its first records show into account."""
    item.relation = item.reader.relation(source, item.context)
    if item.reader.records_per_line is not None:
        item.counting = item.reader.records_per_line(source, item.context)


def _first_counts(export: Export) -> str:
    names = ", ".join(map(repr, export.repeated))
    return (
        f"{export.name}: several columns are called {names}; the first of a name counts. Where that is the wrong one, "
        "rename the others, `audit unload` the file and load it again"
    )


def _without_records(item: Pending) -> Pending:
    """A file without the records it was recognised by, which for many files is more than memory holds."""
    item.export = replace(item.export, records=(), page={})
    item.source = replace(item.source, records=(), page={})
    if item.gathered is not None:
        item.export, item.source = replace(item.export, fields=()), replace(item.source, fields=())
    return item


def _join_siblings(found: Recognised) -> None:
    """Make the relations of files that are read with each other; one for which that cannot be is refused."""
    family = [item for item in found.pending if item.reader.needs_siblings]
    siblings = tuple(item.export for item in family)
    for item in family:
        item.context = replace(item.context, siblings=siblings)
        try:
            _relate(item, item.source)
        except InputError as error:
            found.refused.append(str(error))
    found.pending[:] = [item for item in found.pending if item.relation]


def in_batches(pending: Iterable[Pending]) -> list[list[Pending]]:
    """The files as they are read: by itself, or all that were gathered into one."""
    batches: dict[int, list[Pending]] = {}
    for item in pending:
        batches.setdefault(id(item.gathered or item), []).append(item)
    return list(batches.values())


def hold_still(pending: Iterable[Pending], spool: Path) -> tuple[list[Pending], list[str]]:
    """The files with copies in place of those that change while they are read; a message for each that is lost."""
    good: list[Pending] = []
    refused: list[str] = []
    for item in pending:
        if not item.has_changed:
            good.append(item)
            continue
        try:
            copy = inspect(item.export.name, held(item.export, spool))
            good.append(recognised(copy, spool, item.context, item.reader.format, item.map_file))
        except InputError as error:
            refused.append(str(error))
        except OSError as error:
            if error.errno in NO_ROOM:
                raise
            refused.append(f"{item.export.name}: went away while it was read ({error.strerror or error})")
    found = Recognised(good, refused, [])
    _join_siblings(found)
    return found.pending, found.refused
