"""Test helper: a file as its reader and staging query see it, in a plain DuckDB connection."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from audit import sql
from audit.readers.export import Export, inspect
from audit.readers.reader import Context, Reader
from audit.readers.registry import prepare

Row = dict[str, object]
SPOOL = tempfile.TemporaryDirectory(prefix="audit-tests-")
"""Where unrolled documents go: never beside the samples."""
CONTEXT = Context(salt="pepper", metadata_keys=("feature", "release"))


def prepared(path: Path, wanted: str | None = None, map_file: Path | None = None) -> tuple[Reader, Export]:
    """The reader of a file, and the file as DuckDB reads it."""
    return prepare(inspect(str(path), path), Path(tempfile.mkdtemp(dir=SPOOL.name)), wanted, map_file)


def staged(
    path: Path,
    *,
    siblings: Sequence[Path] = (),
    wanted: str | None = None,
    map_file: Path | None = None,
    context: Context = CONTEXT,
) -> list[Row]:
    """The rows of the staging relation, in file order."""
    reader, export = prepared(path, wanted, map_file)
    context = replace(context, siblings=tuple(inspect(str(sibling), sibling) for sibling in siblings))
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        name = reader.relation_name
        con.execute(f'create view "raw_{name}" as {reader.relation(export, context)}')
        query = con.execute(sql.find(f"stg_{name}").select)
        names = [column[0] for column in query.description or []]
        return [dict(zip(names, row, strict=True)) for row in query.fetchall()]


def judged(
    path: Path, *, wanted: str | None = None, map_file: Path | None = None, siblings: Sequence[Path] = ()
) -> list[Row]:
    """The rows of `checked_requests` over the staged file: typed, or with the reason of their rejection."""
    reader, export = prepared(path, wanted, map_file)
    context = replace(CONTEXT, siblings=tuple(inspect(str(sibling), sibling) for sibling in siblings))
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        name = reader.relation_name
        con.execute(f'create view "raw_{name}" as {reader.relation(export, context)}')
        con.execute(f"create view staged as {sql.find(f'stg_{name}').select}")
        query = con.execute(sql.find("checked_requests").select)
        names = [column[0] for column in query.description or []]
        return [dict(zip(names, row, strict=True)) for row in query.fetchall()]
