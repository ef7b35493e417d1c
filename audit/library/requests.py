"""Requests as a lazy frame: what a query needs is read by DuckDB when it is collected, a batch in memory at a time."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from audit.library.predicates import Comparable, comparable, pushed
from audit.warehouse import Warehouse
from audit.without_rows import need_rows


def scan(path: Path, relation: str) -> pl.LazyFrame:
    """The rows of a relation; the database is opened read-only when they are collected, and closed after.

    Raises DatabaseError where requests of it are gone.
    """
    with Warehouse.read(path) as warehouse:
        need_rows(warehouse, f"the frame of {relation}")
        found = warehouse.relation(f'from "{relation}"')
        schema = pl.DataFrame(found.limit(0)).schema
        known = comparable(schema, dict(zip(found.columns, map(str, found.types), strict=True)))

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, batch: int | None
    ) -> Iterator[pl.DataFrame]:
        return _read(path, relation, known, columns, predicate, rows, batch)

    return register_io_source(read, schema=schema, is_pure=True)


def _read(
    path: Path,
    relation: str,
    known: Comparable,
    columns: list[str] | None,
    predicate: pl.Expr | None,
    rows: int | None,
    batch: int | None,
) -> Iterator[pl.DataFrame]:
    condition, rest = pushed(predicate, known)
    with Warehouse.read(path) as warehouse:
        found = warehouse.relation(f'from "{relation}"')
        if condition is not None:
            found = found.filter(condition)
        if columns is not None:
            found = found.project(", ".join(f'"{name}"' for name in columns))
        if rows is not None and rest is None:
            found = found.limit(rows)
        read = pl.scan_arrow_c_stream(found)
        if rest is not None:
            read = read.filter(rest)
        batches = read.collect_batches(chunk_size=batch, maintain_order=True)
        try:
            yield from batches
        except GeneratorExit:
            # Polars has enough; the connection is busy until what reads ahead has noticed.
            warehouse.con.interrupt()
            with suppress(pl.exceptions.ComputeError):
                for _ in batches:
                    pass
            raise
