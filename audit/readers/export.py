"""What a file is, told from its first bytes: compression, container, fields. File names are never trusted.

The one exception: folders named `year=2026` are columns of a partitioned data set.
"""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Literal, cast

import ijson
import zstandard

from audit.errors import InputError
from audit.readers.locations import Location, attach, modified_of, size_of
from audit.readers.partitions import partitions_of
from audit.readers.sniff import Container, Record, documents_in, sniff
from audit.readers.zst import is_whole

Compression = Literal["none", "gzip", "zstd"]

DAMAGED = (OSError, EOFError, ValueError, zlib.error, zstandard.ZstdError)
"""What reading a damaged or cut-off file raises, packed or not."""
HEAD_BYTES = 4_000_000
"""Enough for a few hundred records with messages; more would slow down folders of many small files."""
TOO_DEEP = "a JSON document nested deeper than any log is; export the logs again"
MOST_NULS = 0.05
"""More zero bytes than this and a file is binary; fewer, and a text file has a damaged line."""
WIDE = ("UTF-16LE", "UTF-16BE", "UTF-32LE", "UTF-32BE")
"""Encodings in which most bytes of a log are zero; without a byte order mark nothing else tells them from binary."""
NOT_TEXT = {
    b"PK\x03\x04": "a zip archive or an Excel workbook: unzip it, or save the sheet as CSV UTF-8",
    b"%PDF": "a PDF: export the logs as CSV or JSON",
    b"BZh": "bzip2: unpack it first",
    b"\xfd7zXZ": "xz: unpack it first",
    b"SQLi": "a SQLite database inside of an archive: unpack it first",
    codecs.BOM_UTF32_LE: "text in UTF-32: save it again as CSV UTF-8",
    codecs.BOM_UTF16_LE: "text in UTF-16: save it again as CSV UTF-8",
    codecs.BOM_UTF16_BE: "text in UTF-16: save it again as CSV UTF-8",
}
"""First bytes of what people hand over by mistake, and what to do."""
SMALL_DOCUMENT = 1 << 26
"""Bytes up to which a JSON document is parsed at once: faster, and NaN is understood."""
SQL_TEXT = (b"CREATE TABLE", b"INSERT INTO", b"BEGIN TRANSACTION", b"PRAGMA", b"--")
"""How the dump of a database begins."""
TAR_MAGIC = slice(257, 262)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One file to load, as it lies on disk or in a bucket."""

    path: Location
    name: str
    container: Container
    compression: Compression
    size: int
    records: tuple[Record, ...]
    fields: tuple[str, ...]
    """Names of the columns, or of the keys of the first records, and of the partitions; unique."""
    modified: int = 0
    """When the file was written last, in ns; 0 for what nobody else can write, or that does not say."""
    delimiter: str = ","
    repeated: tuple[str, ...] = ()
    """Names that several columns of a CSV have: the first of them is read."""
    nested: frozenset[str] = frozenset()
    """Columns of a Parquet file that are no scalars."""
    page: Record = field(default_factory=dict[str, object])
    """What an API page said beside its list of records, such as has_more."""
    partitions: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    """Columns that the file itself lacks, with their value in all of its records; see `partitions_of`."""

    @property
    def field_set(self) -> frozenset[str]:
        """The names of the columns, or of the keys of the first records."""
        return frozenset(self.fields)


def inspect(name: str, path: Location) -> Export:
    """What the file is.

    Raises InputError when it is empty, binary, truncated or not text in UTF-8, nor its name.
    """
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise InputError(f"{name}: its name is not in UTF-8; rename the file") from error
    size, modified = size_of(path), modified_of(path)
    if size == 0:
        raise InputError(f"{name}: the file is empty; export the logs again")
    with path.open("rb") as raw:
        magic = raw.read(4)
    if magic == b"PAR1":
        return replace(_parquet(name, path, size), modified=modified)
    compression: Compression = (
        "gzip" if magic[:2] == b"\x1f\x8b" else "zstd" if magic == b"\x28\xb5\x2f\xfd" else "none"
    )
    try:
        if compression == "zstd" and not is_whole(path):
            raise EOFError("the last frame has no end")
        with open_bytes(path, compression) as stream:
            head = stream.read(HEAD_BYTES)
    except DAMAGED as error:
        raise InputError(f"{name}: cannot be unpacked ({error}); the file is damaged or cut off") from error
    _refuse_binary(name, head)
    layout = sniff(name, head, len(head) < HEAD_BYTES)
    partitions = partitions_of(name, layout.fields)
    return Export(
        path=path,
        name=name,
        container=layout.container,
        compression=compression,
        size=size,
        modified=modified,
        records=tuple({**partitions, **record} for record in layout.records),
        fields=(*layout.fields, *partitions) if layout.fields else (),
        partitions=partitions,
        delimiter=layout.delimiter,
        repeated=layout.repeated,
    )


def open_bytes(path: Location, compression: Compression) -> BinaryIO:
    """The unpacked bytes of a file."""
    if compression == "gzip":
        packed = gzip.open(path if isinstance(path, Path) else path.open(), "rb")  # noqa: SIM115 (closed by its reader)
        # by itself it reads a few kB at a time, which takes a third longer
        return cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", packed), 1 << 20))
    if compression == "zstd":
        frames = zstandard.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True, closefd=True)
        return cast("BinaryIO", io.BufferedReader(frames))
    return path.open("rb")


def parts_of(export: Export) -> Iterator[object]:
    """What a JSON file consists of, one after another: the elements of its top-level list, else its whole values.

    A small file is parsed at once, of a large one only a part is in memory. Raises InputError where it is not whole.
    """
    try:
        with open_bytes(export.path, export.compression) as stream:
            head = stream.read(SMALL_DOCUMENT).removeprefix(codecs.BOM_UTF8)
            if len(head) < SMALL_DOCUMENT - len(codecs.BOM_UTF8):
                for value in documents_in(head.decode()):
                    yield from cast("list[object]", value) if isinstance(value, list) else (value,)
            else:
                path = "item" if head.lstrip()[:1] == b"[" else ""
                yield from ijson.items(_Joined(head, stream), path, use_float=True, multiple_values=True)
    except RecursionError as error:
        raise InputError(f"{export.name}: {TOO_DEEP}") from error
    except (*DAMAGED, ijson.JSONError) as error:
        raise InputError(
            f"{export.name}: not a whole JSON document ({error}); the file is damaged or cut off"
        ) from error


class _Joined:
    """Bytes that were read already, and the stream they came from."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self.head = head
        self.rest = rest

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`."""
        if not self.head:
            return self.rest.read(size)
        taken, self.head = (self.head, b"") if size < 0 else (self.head[:size], self.head[size:])
        return taken


def _refuse_binary(name: str, head: bytes) -> None:
    for magic, advice in NOT_TEXT.items():
        if head.startswith(magic):
            raise InputError(f"{name}: {advice}")
    if head.lstrip()[:20].upper().startswith(SQL_TEXT):
        raise InputError(f"{name}: a dump in SQL: restore it into a database, and load that or a table of it as CSV")
    if head[TAR_MAGIC] == b"ustar":
        raise InputError(f"{name}: a tar archive: unpack it first")
    if head[:1000].count(0) > MOST_NULS * len(head[:1000]):
        for encoding in WIDE:
            if _is_text_in(encoding, head[:1000]):
                raise InputError(
                    f"{name}: text in {encoding}; save it again as UTF-8, or convert it: "
                    f"iconv -f {encoding} -t UTF-8 {name} > utf8-{Path(name).name}"
                )
        raise InputError(f"{name}: a binary file that starts with {head[:8]!r}; expected JSON, CSV or Parquet")


def _is_text_in(encoding: str, head: bytes) -> bool:
    """Whether the first letters are those of a log: of the first line most are ASCII, and all can be shown."""
    line = head[: len(head) // 4 * 4].decode(encoding, "replace").partition("\n")[0].rstrip()
    return line.isprintable() and 2 * sum(map(str.isascii, line)) > len(line)


def _parquet(name: str, path: Location, size: int) -> Export:
    import duckdb

    from audit.warehouse import first_line

    with duckdb.connect() as con:
        attach(con, [path])
        try:
            columns = con.execute(
                "describe select * from read_parquet(?, hive_partitioning = false)", [str(path)]
            ).fetchall()
        except duckdb.Error as error:
            raise InputError(f"{name}: not a readable Parquet file ({first_line(error)})") from error
    partitions = partitions_of(name, (str(column[0]) for column in columns))
    nested = frozenset(str(column[0]) for column in columns if str(column[1]).endswith((")", "]", "JSON")))
    return Export(
        path=path,
        name=name,
        container="parquet",
        compression="none",
        size=size,
        records=(),
        fields=(*(str(column[0]) for column in columns), *partitions),
        partitions=partitions,
        nested=nested - {str(column[0]) for column in columns if str(column[1]).startswith("DECIMAL")},
    )
