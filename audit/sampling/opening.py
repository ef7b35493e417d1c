"""An export that was loaded once, opened again where it was; or in a few words why it cannot be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.conversations.values import UnavailableError
from audit.errors import InputError
from audit.readers.addresses import TABLES, scheme_of
from audit.readers.export import Export, inspect
from audit.readers.finding import find_again
from audit.readers.locations import attach
from audit.readers.mapped import user_map
from audit.readers.reader import Reader
from audit.readers.registry import READERS
from audit.warehouse import Warehouse

GONE = "the export is no longer where it was loaded from"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file as the database remembers it."""

    path: str
    source_format: str


def readers_of(maps: Sequence[Path]) -> dict[str, Reader]:
    """Every reader by its format, those of the user's column maps among them; ConfigError for a map that is none."""
    return {reader.format: reader for reader in (*READERS, *map(user_map, maps))}


def opened(warehouse: Warehouse, loaded: Loaded, readers: Mapping[str, Reader], spool: Path) -> tuple[Reader, Export]:
    """The reader of a file, and the file; UnavailableError where one of them is missing or holds no text."""
    reader = readers.get(loaded.source_format)
    if reader is None:
        raise UnavailableError("loaded with a column map of your own: name it with --map")
    if reader.conversation is None:
        raise UnavailableError(f"exports of {reader.format} hold no prompts")
    if loaded.path == "stdin":
        raise UnavailableError("read from standard input, which cannot be read again")
    try:
        if scheme_of(loaded.path) in TABLES:
            from audit.readers.postgres import tables

            copies = tables(loaded.path, spool)
            if loaded.path not in copies:
                raise UnavailableError(GONE)
            return reader, inspect(loaded.path, copies[loaded.path])
        table = _table(loaded.path, reader, spool)
        return reader, table or _file(warehouse, loaded.path)
    except InputError as error:
        raise UnavailableError(f"the export cannot be read again ({error})") from error


def _file(warehouse: Warehouse, path: str) -> Export:
    try:
        place = find_again(path)
    except KeyError as error:
        raise UnavailableError(GONE) from error
    if isinstance(place, Path) and not place.is_file():
        raise UnavailableError(GONE)
    attach(warehouse.con, [place])
    return inspect(path, place)


def _table(path: str, reader: Reader, spool: Path) -> Export | None:
    """The table of a database file, called `file:table`; None where the name is that of a file."""
    file, colon, _ = path.rpartition(":")
    if not colon or Path(path).is_file() or not Path(file).is_file():
        return None
    from audit.readers.databases import tables_of

    found = {export.name: export for export in tables_of(file, Path(file), spool, reader.format, None).exports}
    return found.get(path)
