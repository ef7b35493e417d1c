"""The files behind what a user names: a path, a folder, a pattern, an address, a table, standard input."""

import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from glob import glob, has_magic
from itertools import count
from pathlib import Path
from typing import BinaryIO

from audit.errors import InputError
from audit.progress import Progress, silent
from audit.readers.addresses import TABLES, scheme_of, shown
from audit.readers.locations import Location, RemoteFile, is_hidden


def find(paths: Sequence[str], spool: Path, progress: Progress = silent) -> list[tuple[str, Location]]:
    """Every file behind files, folders, globs, pipes, addresses and '-', as (name, place); copies go into `spool`.

    Raises InputError for a path, glob or address behind which there is nothing or that cannot be reached.
    """
    found: dict[str, Location] = {}
    for given in paths:
        path = Path(given)
        if not given:
            raise InputError("a path without a letter, as an unset variable leaves it; . is the folder you are in")
        if given == "-":
            found["stdin"] = _spooled(sys.stdin.buffer, spool)
        elif scheme_of(given) is not None:
            with progress(f"reaching {shown(given)}"):
                found |= _behind(given, spool, found)
        elif path.is_dir():
            inside = sorted(f for f in path.rglob("*") if f.is_file() and not is_hidden(f.relative_to(path)))
            if not inside:
                raise InputError(f"{given}: the folder holds no files")
            found |= {str(file): file for file in inside}
        elif path.is_file():
            found[given] = path
        elif path.is_fifo():
            with path.open("rb") as pipe:
                found[given] = _spooled(pipe, spool)
        elif has_magic(given):
            # Path.glob takes no absolute pattern
            matches = sorted(m for m in glob(given, recursive=True) if Path(m).is_file())  # noqa: PTH207
            if not matches:
                raise InputError(f"{given}: no file matches this pattern")
            found |= {match: Path(match) for match in matches}
        else:
            what = "neither a file nor a folder nor a pipe" if path.exists() else "no such file or folder"
            raise InputError(f"{given}: {what}")
    return list(found.items())


def find_again(name: str) -> Location:
    """The place of a file that was loaded under this name; InputError where it is no longer there."""
    if scheme_of(name) is None:
        return Path(name)
    from audit.readers.remote import Store

    return Store(name).objects()[name]


def _behind(address: str, spool: Path, taken: Mapping[str, Location]) -> dict[str, Location]:
    """The files behind an address; two that differ in their query alone get names of their own."""
    if scheme_of(address) in TABLES:
        from audit.readers.postgres import tables

        return dict(tables(address, spool))
    from audit.readers.remote import Store

    found = Store(address).objects(spool)
    if len(found) > 1 or not taken.keys() & found.keys():
        return found
    ((name, place),) = found.items()
    name = next(new for number in count(2) if (new := f"{name} ({number})") not in taken)
    if isinstance(place, RemoteFile):
        place = RemoteFile(name, place.size, place.fetch)
    return {name: place}


def _spooled(pipe: BinaryIO, spool: Path) -> Path:
    """What a pipe gives, as a file, which can be read more than once."""
    with tempfile.NamedTemporaryFile(dir=spool, prefix="piped-", delete=False) as copy:
        shutil.copyfileobj(pipe, copy, 1 << 20)
    return Path(copy.name)
