"""Where the bytes of an export are: in a local file, or in an object that is read by ranges of bytes.

DuckDB 2.0.1 reads JSON lines and CSV, plain, .gz and .zst, and Parquet through a file system written in Python. Two
things about it were found by trial: it seeks and reads in two steps, and it shares one open Parquet file among its
threads, so that these need a place each (`Places`); for the others a single place has to do (`Ranges`), as what one
thread leaves the next one goes on with.
"""

import io
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, cast

if TYPE_CHECKING:
    import duckdb
    from _typeshed import WriteableBuffer

BLOCK = 1 << 23
"""Bytes asked for at once where a file is read from its start to its end."""
BRIDGE = "export"
"""The scheme under which DuckDB knows these files; it never sees the address."""
HIDDEN = (".", "_")
"""Names that tools leave beside data: .DS_Store, _SUCCESS, _metadata."""
PAPERS = ("LICENSE", "NOTICE", "README", "CHANGELOG")
"""What accompanies data in a folder and is none; a file that is named on its own is always looked into."""


class RemoteFile:
    """One object, with as much of `pathlib.Path` as reading needs; `str` of it is its name inside DuckDB."""

    def __init__(self, name: str, size: int, fetch: Callable[[int, int], bytes]) -> None:
        """Take an object that exists: `name` is how it is shown, `fetch` gives the bytes from one place to another."""
        self.name = name
        self.size = size
        self.fetch = fetch

    def __str__(self) -> str:
        return f"{BRIDGE}://{self.name}"

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        """The bytes as they lie there, a block at a time."""
        assert mode == "rb"
        return io.BufferedReader(Ranges(self), max(1, min(BLOCK, self.size)))

    @cached_property
    def is_parquet(self) -> bool:
        """Whether DuckDB will read it at many places at a time."""
        return self.fetch(0, min(4, self.size)) == b"PAR1"


Location = Path | RemoteFile
"""Where the bytes of an export are."""


class Ranges(io.RawIOBase):
    """An object as a file that is read by ranges; safe where one thread at a time uses it."""

    def __init__(self, file: RemoteFile) -> None:
        self.file = file
        self.place = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The place of the next read."""
        return self.place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the place of the next read."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self.file.size}[whence]
        self.place = base + offset
        return self.place

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill `buffer` as far as the object goes."""
        room = memoryview(buffer).cast("B")
        place = self.tell()
        end = min(place + len(room), self.file.size)
        if end <= place:
            return 0
        found = self.file.fetch(place, end)
        room[: len(found)] = found
        self.place = place + len(found)
        return len(found)


class Places(Ranges):
    """The same with a place for each thread: DuckDB shares a Parquet file among its threads, each of which seeks."""

    def __init__(self, file: RemoteFile) -> None:
        self.own = threading.local()
        super().__init__(file)

    @property
    def place(self) -> int:
        """The place of the next read of this thread."""
        return getattr(self.own, "place", 0)

    @place.setter
    def place(self, value: int) -> None:
        self.own.place = value


def size_of(location: Location) -> int:
    """Bytes, packed as they lie."""
    return location.size if isinstance(location, RemoteFile) else location.stat().st_size


def modified_of(location: Location) -> int:
    """When a local file was written last, in ns; 0 for an object, which is replaced and never written to."""
    return 0 if isinstance(location, RemoteFile) else location.stat().st_mtime_ns


def is_hidden(path: Path | PurePosixPath) -> bool:
    """Whether a file found in a folder, with its path from there, is none of the data."""
    return (
        any(part.startswith(HIDDEN) for part in path.parts)
        or path.name.upper().startswith(PAPERS)
        or path.suffix == ".md"
    )


def attach(con: "duckdb.DuckDBPyConnection", locations: Iterable[Location]) -> None:
    """Let `con` read the remote ones among `locations` under the names that `str` gives them."""
    files = {str(file): file for file in locations if isinstance(file, RemoteFile)}
    if not files:
        return
    base = cast("Any", import_module("fsspec")).AbstractFileSystem
    con.execute("set enable_external_file_cache = false")  # it would keep what is read only once
    con.register_filesystem(type("Bridge", (base,), _bridge(files))())


def _bridge(files: Mapping[str, RemoteFile]) -> "dict[str, str | bool | Callable[..., object]]":
    """The members of the file system that DuckDB sees. A name is no pattern there, whatever is in it."""
    from datetime import UTC, datetime

    started = datetime.now(UTC)

    def opened(_: object, path: str, *_args: object, **_options: object) -> object:
        file = files[path]
        return Places(file) if file.is_parquet else file.open()

    def info(_: object, path: str, **_options: object) -> Mapping[str, object]:
        return {"name": path, "size": files[path].size, "type": "file"}

    def glob(_: object, path: str, **_options: object) -> list[str]:
        return [path]

    def exists(_: object, path: str, **_options: object) -> bool:
        return path in files

    def modified(_: object, _path: str) -> datetime:
        return started

    return {
        "protocol": BRIDGE,
        "cachable": False,
        "open": opened,
        "info": info,
        "glob": glob,
        "exists": exists,
        "modified": modified,
    }
