"""Many small files of JSON lines read as one: a statement for each would cost far more than what is in it.

Gateways that log to a bucket write an object per request, so a folder holds a hundred thousand files of one record.
Files whose records are read in the same way are gathered into one; the number of records of each tells them apart
again, so that counts, places and duplicates are those of the file they came from.
"""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from audit.errors import InputError
from audit.readers.export import DAMAGED, Export, open_bytes
from audit.readers.locations import size_of

SMALL = 1 << 18
"""Bytes on disk up to which a file is gathered: reading a larger one takes longer than the statement that does it."""
SMALL_UNPACKED = 1 << 21
MOST_FILES = 20_000
MOST_BYTES = 1 << 28
"""What is gathered into one, so that what DuckDB holds of it is bounded."""
BUFFER = 1 << 24
ANYWHERE = Path("gathered.jsonl")
NOT_ALONE = re.compile(r"\b(over|join|union|distinct|group|sum|max|min|limit|offset)\b", re.IGNORECASE)
"""Words of a relation in which one record may change another, or a file its end."""
QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")


@dataclass(slots=True, eq=False)
class Gathered:
    """One file of the records of several."""

    path: Path
    relation: str
    file_count: int = 0
    size: int = 0


class Gatherer:
    """Collects small files; `flush` before the gathered ones are read."""

    def __init__(self, spool: Path) -> None:
        """Gather into files in the folder `spool`."""
        self.spool = spool
        self.open: dict[tuple[str, str], Gathered] = {}
        self.waiting: dict[Path, list[bytes]] = {}
        self.waiting_size = 0
        self.made = 0

    def add(self, source: Export, format: str, relation_of: Callable[[Export], str]) -> "tuple[Gathered, int] | None":
        """Where the records of `source` went and how many they are; None where it has to be read by itself.

        `relation_of` makes the relation of a file of this format. Raises InputError for a damaged file.
        """
        if source.container != "jsonl" or size_of(source.path) > SMALL:
            return None
        text = relation_of(replace(source, path=ANYWHERE, compression="none"))
        into = self.open.get((format, text))
        if into is None and not reads_records_alone(text, ANYWHERE):
            return None
        if (lines := _lines(source)) is None:
            return None
        content = b"".join(line + b"\n" for line in lines)
        if into is None or into.file_count >= MOST_FILES or into.size + len(content) > MOST_BYTES:
            self.made += 1
            path = self.spool / f"gathered-{self.made}.jsonl"
            into = Gathered(path, relation_of(replace(source, path=path, compression="none")))
            self.open[format, text] = into
        into.file_count += 1
        into.size += len(content)
        self.waiting.setdefault(into.path, []).append(content)
        self.waiting_size += len(content)
        if self.waiting_size > BUFFER:
            self.flush()
        return into, len(lines)

    def flush(self) -> None:
        """Write what is in memory."""
        for path, contents in self.waiting.items():
            with path.open("ab") as out:
                out.writelines(contents)
        self.waiting.clear()
        self.waiting_size = 0


def reads_records_alone(relation: str, path: Path) -> bool:
    """Whether each row of `relation` comes from one record of the file at `path` and from nothing else.

    >>> reads_records_alone("select a from read_json('x')", Path("x"))
    True
    >>> reads_records_alone("select a, row_number() over () from read_json('x')", Path("x"))
    False
    """
    return relation.count(f"'{path}'") == 1 and NOT_ALONE.search(QUOTED.sub("", relation)) is None


def _lines(source: Export) -> list[bytes] | None:
    """The records of a file, one per line; None where they are too many to be gathered."""
    try:
        with open_bytes(source.path, source.compression) as stream:
            data = stream.read(SMALL_UNPACKED + 1)
    except DAMAGED as error:
        raise InputError(f"{source.name}: cannot be unpacked ({error}); the file is damaged or cut off") from error
    if len(data) > SMALL_UNPACKED:
        return None
    return [line for line in data.removeprefix(codecs.BOM_UTF8).split(b"\n") if line.strip()]
