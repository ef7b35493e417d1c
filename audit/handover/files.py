"""The result of a script among the paths that `audit load` is given: a Parquet file, or a folder of its parts."""

from collections.abc import Sequence
from pathlib import Path

from audit.errors import InputError
from audit.handover.result import MARK
from audit.readers.export import inspect
from audit.readers.locations import is_hidden

MAGIC = b"PAR1"


def handed_over(paths: Sequence[str]) -> dict[str, list[Path]]:
    """The parts of each result among `paths`, which lie on this machine; none where `paths` are logs.

    Raises InputError where both are named, or lie in one folder: a result is loaded by itself.
    """
    found = {path: parts for path in paths if (parts := _parts(path)) and _are_result(path, parts)}
    if found and len(found) < len(paths):
        other = next(path for path in paths if path not in found)
        raise InputError(
            f"{next(iter(found))}: holds the cells of a script (`audit sql --all`), and {other} does not; load the one "
            "and then the other"
        )
    return found


def _parts(path: str) -> list[Path]:
    given = Path(path)
    if given.is_file():
        return [given]
    inside = sorted(given.rglob("*")) if given.is_dir() else []
    # Spark and Snowflake write files of their own beside the parts
    return [
        file for file in inside if file.is_file() and not is_hidden(file.relative_to(given)) and file.name[0] != "_"
    ]


def _are_result(path: str, parts: Sequence[Path]) -> bool:
    others = [part for part in parts if not _is_result(part)]
    if others and len(others) < len(parts):
        raise InputError(
            f"{path}: holds the cells of a script (`audit sql --all`), and {others[0].name}, which does not; load the "
            "one and then the other"
        )
    return not others


def _is_result(part: Path) -> bool:
    with part.open("rb") as opened:
        if opened.read(len(MAGIC)) != MAGIC:
            return False
    try:
        fields = inspect(str(part), part).fields
    except InputError:
        return False
    return MARK in (name.lower() for name in fields)
