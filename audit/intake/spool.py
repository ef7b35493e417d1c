"""The folder for what is only needed while a load runs, and the copies of exports made in it."""

import codecs
import errno
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from audit.errors import InputError
from audit.readers.export import DAMAGED, Export, open_bytes

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)
"""What the machine says when a file cannot be written: no fault of the file that is read."""
NEWLINE_WITHIN = 1 << 30
"""Bytes from the end of a file in which its last line break is looked for."""


@contextmanager
def spool_folder() -> Generator[Path, None, None]:
    """A folder that is gone afterwards; InputError where there is no room for what a load puts into it."""
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        try:
            yield Path(folder)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            raise InputError(
                f"{tempfile.gettempdir()}: no room for temporary files ({error.strerror}); free some space or set "
                "TMPDIR to a folder on a larger disk; nothing was changed"
            ) from error


def held(export: Export, spool: Path) -> Path:
    """A copy of a file that changes while it is read: what was there when it was inspected, up to its last whole line.

    Raises InputError for a file that became shorter: what it said is gone.
    """
    with tempfile.NamedTemporaryFile(dir=spool, prefix="held-", delete=False) as copy, export.path.open("rb") as now:
        left = export.size
        while left and (chunk := now.read(min(left, 1 << 20))):
            copy.write(chunk)
            left -= len(chunk)
        if left:
            raise InputError(
                f"{export.name}: became shorter while it was read, something writes it anew; load a copy of it, or "
                "load it when that has ended"
            )
        if export.container in ("jsonl", "csv") and export.compression == "none":
            copy.flush()
            copy.truncate(_last_line_end(Path(copy.name), export.size))
    return Path(copy.name)


def _last_line_end(path: Path, size: int) -> int:
    """Where the last whole line of a file ends; its size where it has none."""
    with path.open("rb") as copy:
        for end in range(size, max(size - NEWLINE_WITHIN, 0), -(1 << 20)):
            start = max(end - (1 << 20), 0)
            copy.seek(start)
            if (found := copy.read(end - start).rfind(b"\n")) >= 0:
                return start + found + 1
    return size


def without_mark(source: Export, spool: Path) -> Export:
    """The JSON lines without a byte order mark, for which DuckDB would take the first of them as unreadable."""
    if source.container != "jsonl":
        return source
    with open_bytes(source.path, source.compression) as stream:
        if stream.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
            return source
        with tempfile.NamedTemporaryFile(dir=spool, suffix=".jsonl", delete=False) as copy:
            try:
                shutil.copyfileobj(stream, copy)
            except DAMAGED as error:
                if isinstance(error, OSError) and error.errno in NO_ROOM:
                    raise
                raise InputError(
                    f"{source.name}: cannot be unpacked ({error}); the file is damaged or cut off"
                ) from error
    return replace(source, path=Path(copy.name), compression="none")
