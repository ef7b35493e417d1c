"""Where results may be written: in a folder that exists, over nothing that nobody said may go."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp

from audit.errors import ConfigError


def page_file(path: Path) -> Path:
    """The path of a page, which may replace an earlier one; ConfigError where no file can be written there."""
    return new_file(path, option="--html", force=True)


def new_file(path: Path, *, option: str = "--out", force: bool) -> Path:
    """The path, checked: in a folder that exists and, unless `force`, no file that is there already."""
    with _said(path):
        if path.is_dir() or not path.parent.is_dir():
            raise ConfigError(f"{option} {path}: no file can be written there; name a file in a folder that exists")
        if path.is_file() and not force:
            raise ConfigError(f"{option} {path}: exists already; name another file, or replace it with --force")
    return path


@contextmanager
def written_whole(path: Path) -> Generator[Path, None, None]:
    """A file beside `path` to write to, which takes its place at the end: nobody ever sees half of one.

    Where `path` is a link, what it leads to is replaced. A pipe or a device such as /dev/null is written to as it is:
    to take its place would be to remove it.
    """
    with _said(path):
        if path.exists() and not path.is_file():
            yield path
            return
        place = path.resolve()
        handle, name = mkstemp(prefix=".audit-", dir=place.parent)
        os.close(handle)
        partial = Path(name)
        try:
            yield partial
            partial.chmod(0o666 & ~_umask())
            partial.replace(place)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def _said(path: Path) -> Generator[None, None, None]:
    """What the system refuses, as a ConfigError that names the file."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror}); name a file where you may write") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
