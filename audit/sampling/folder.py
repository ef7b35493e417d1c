"""A new folder for a sample: whole or not at all, and readable by nobody but its owner, since it holds prompts."""

import json
import os
import shutil
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import BinaryIO

from audit.errors import ConfigError

PRIVATE = 0o600


@contextmanager
def new_folder(out: Path) -> Generator[Path, None, None]:
    """A folder beside `out` that becomes `out` when everything is in it, and vanishes when anything goes wrong.

    Raises ConfigError where `out` holds files already, or cannot be made.
    """
    refuse_used(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise ConfigError(f"--out {out}: cannot be made ({error.strerror}); name another folder") from error
    try:
        yield folder
        for path in folder.iterdir():
            path.chmod(PRIVATE)
        folder.replace(out)
    except OSError as error:
        raise ConfigError(f"--out {out}: cannot be written ({error.strerror}); nothing was kept") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refuse_used(out: Path) -> None:
    """Refuse a folder that holds anything: a sample is never mixed with another."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"--out {out}: exists and is not an empty folder; name a new one")


def open_private(path: Path) -> BinaryIO:
    """A new file that only its owner can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb")


def json_line(record: Mapping[str, object]) -> bytes:
    """The record as one line of JSON; a lone surrogate, which no file can hold, stays escaped."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def write_lines(path: Path, records: Iterable[Mapping[str, object]]) -> None:
    """Write JSON lines."""
    with open_private(path) as file:
        file.writelines(json_line(record) for record in records)
