"""SQLite and DuckDB files: the tables that hold usage become Parquet files in the spool folder, read like any export.

DuckDB's own extension for SQLite would have to be downloaded, so SQLite is read by Python, a few rows at a time. All
columns become text. The database is only read; tables that nobody recognises are left out, by name.
"""

import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from audit.errors import ConfigError, InputError
from audit.readers.export import Export
from audit.readers.llm_logs import NEIGHBOURS
from audit.readers.locations import Location
from audit.readers.reader import Context, Reader, identifier, literal
from audit.readers.registry import recognise
from audit.readers.sniff import HEAD_RECORDS, Record

SQLITE = b"SQLite format 3\x00"
DUCKDB = slice(8, 12)
OWN_TABLES = {"stored_facts", "set_aside", "traffic_cells"}
"""Tables that only a database of this program has together."""
ROWS_AT_ONCE = 2048
ROW_GROUP = 4096
"""Rows of a Parquet file that are in memory together; with their messages they can be 100 kB each."""
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "512MB",
    "autoinstall_known_extensions": "false",
}
TABLES_QUOTED = 12
DAILY, SPEND_LOGS = "litellm_daily_spend", "litellm_spend_logs"
FULLEST_DAILY = "LiteLLM_DailyUserSpend"
"""Of LiteLLM's daily sums the one with all traffic; those by team, tag and so on repeat parts of it."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What a database file holds: nothing where it is no database at all."""

    exports: list[Export]
    warnings: list[str]


def tables_of(name: str, path: Location, spool: Path, wanted: str | None, map_file: Path | None) -> Tables:
    """The tables of a SQLite or DuckDB file that the readers recognise, as Parquet in `spool`, called `name:table`.

    Raises InputError where the file cannot be read, or where no table of it holds usage.
    """
    with path.open("rb") as file:
        magic = file.read(16)
    if not isinstance(path, Path):
        if magic == SQLITE or magic[DUCKDB] == b"DUCK":
            raise InputError(f"{name}: a database, which is only read where it lies on this machine; copy it here")
        return Tables([], [])
    try:
        if magic == SQLITE:
            with closing(_open_sqlite(path)) as con:
                return _taken(_Sqlite(con), name, path, spool, wanted, map_file)
        if magic[DUCKDB] == b"DUCK":
            with duckdb.connect(config=SETTINGS | {"temp_directory": str(spool)}) as con:
                con.execute("set timezone = 'UTC'")
                con.execute(f"attach {literal(str(path))} as source (read_only)")
                return _taken(_DuckDb(con), name, path, spool, wanted, map_file)
    except sqlite3.Error as error:
        raise InputError(
            f"{name}: a SQLite database that cannot be read ({error}); if it is in use, load a copy of it: "
            f'sqlite3 {path} ".backup copy.db"'
        ) from error
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        if "already attached" in reason:
            raise InputError(f"{name}: the database that is being loaded into; load other files into it") from error
        raise InputError(
            f"{name}: a DuckDB database that cannot be read ({reason}); load a copy that is whole, not encrypted and "
            "not open elsewhere, or export the table as Parquet"
        ) from error
    return Tables([], [])


class _Sqlite:
    def __init__(self, con: sqlite3.Connection) -> None:
        self.con = con
        listed = con.execute(
            "select name from pragma_table_list where schema = 'main' and type = 'table' order by name"
        )
        self.names = [str(row[0]) for row in listed if not str(row[0]).startswith("sqlite_")]

    def head(self, table: str) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
        rows = self.con.execute(f"select * from {identifier(table)} limit {HEAD_RECORDS}")
        return _columns(rows.description), [tuple(map(_text, row)) for row in rows]

    def copy(self, table: str, reader: Reader, target: Path) -> None:
        import polars as pl

        needed, query = NEIGHBOURS.get(table, (frozenset[str](), ""))
        knows = reader.format == "llm_logs" and needed and needed <= set(self.names)
        rows = self.con.execute(query if knows else f"select * from {identifier(table)}")
        schema = dict.fromkeys(_columns(rows.description), pl.String)
        with (
            tempfile.TemporaryDirectory(dir=target.parent) as folder,
            duckdb.connect(config=SETTINGS | {"temp_directory": folder, "threads": 1}) as con,
        ):
            parts: list[str] = []
            for batch in _batches(rows):
                parts.append(f"{folder}/{len(parts):08}.parquet")
                pl.DataFrame(batch, schema=schema, orient="row").write_parquet(parts[-1])
            listed = ", ".join(map(literal, parts))
            _write(con, f"select * from read_parquet([{listed}])", target)


class _DuckDb:
    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.places: dict[str, str] = {}
        for schema, table in con.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'source' and not internal "
            "order by schema_name, table_name"
        ).fetchall():
            name = str(table) if schema == "main" else f"{schema}.{table}"
            self.places[name] = f"source.{identifier(str(schema))}.{identifier(str(table))}"
        self.names = list(self.places)

    def head(self, table: str) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
        rows = self.con.execute(f"{self._as_text(table)} limit {HEAD_RECORDS}")
        return tuple(str(column[0]) for column in rows.description or []), rows.fetchall()

    def copy(self, table: str, reader: Reader, target: Path) -> None:  # noqa: ARG002
        _write(self.con, self._as_text(table), target)

    def _as_text(self, table: str) -> str:
        items: list[str] = []
        for name, kind, *_ in self.con.execute(f"describe {self.places[table]}").fetchall():
            column = identifier(str(name))
            is_nested = str(kind).endswith((")", "]")) and not str(kind).startswith(("DECIMAL", "ENUM"))
            items.append(f"cast({f'to_json({column})' if is_nested else column} as varchar) as {column}")
        return f"select {', '.join(items)} from {self.places[table]}"


def _open_sqlite(path: Path) -> sqlite3.Connection:
    con = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    con.text_factory = _text
    # one transaction: all tables as they were at one moment, whoever writes meanwhile
    con.execute("begin")
    return con


def _taken(
    source: _Sqlite | _DuckDb, name: str, path: Path, spool: Path, wanted: str | None, map_file: Path | None
) -> Tables:
    if set(source.names) >= OWN_TABLES:
        raise InputError(f"{name}: a database of traffic-audit itself; load the exports that it was made from")
    heads: dict[str, Export] = {}
    for table in source.names:
        fields, rows = source.head(table)
        if rows:
            records = tuple(dict(zip(fields, row, strict=True)) for row in rows)
            heads[table] = _export(f"{name}:{table}", path, fields, records)
    if not heads:
        raise InputError(f"{name}: no table of this database holds any row; export a range with traffic")
    readers = {
        table: reader
        for table, head in heads.items()
        if (reader := _reader_of(head, wanted, map_file, is_only=len(heads) == 1)) is not None
    }
    repeated = _repeated(readers)
    others = [table for table in heads if table not in readers]
    if not readers:
        raise InputError(
            f"{name}: no table of this database is an export that this version knows; it has {_listed(others)}. "
            "Describe one with a column map (--map), or list the formats with `audit formats`"
        )
    warnings: list[str] = []
    if others:
        warnings.append(f"{name}: tables that hold no usage were left out: {_listed(others)}")
    if repeated:
        warnings.append(f"{name}: tables that repeat the traffic of another were left out: {_listed(repeated)}")
    exports: list[Export] = []
    for table, reader in readers.items():
        if table not in repeated:
            target = Path(tempfile.mkdtemp(dir=spool)) / "table.parquet"
            source.copy(table, reader, target)
            exports.append(_spooled(heads[table], target))
    return Tables(exports, warnings)


def _reader_of(head: Export, wanted: str | None, map_file: Path | None, *, is_only: bool) -> Reader | None:
    """The reader of a table; a format that was asked for, or a map, takes the tables it fits and no others."""
    try:
        reader = recognise(head, wanted, map_file)
        reader.relation(head, Context(salt=""))
    except InputError:
        return None
    except ConfigError:
        # a map that is wrong in itself is no matter of this table
        if is_only or map_file is None:
            raise
        return None
    return reader if is_only or wanted is None or reader.fits(head) else None


def _repeated(readers: Mapping[str, Reader]) -> list[str]:
    """Tables that sum up what another recognised table of the same database holds."""
    daily = [table for table, reader in readers.items() if reader.format == DAILY]
    if any(reader.format == SPEND_LOGS for reader in readers.values()):
        return daily
    kept = FULLEST_DAILY if FULLEST_DAILY in daily else next(iter(daily), None)
    return [table for table in daily if table != kept]


def _export(name: str, path: Path, fields: tuple[str, ...], records: tuple[Record, ...]) -> Export:
    return Export(path=path, name=name, container="parquet", compression="none", size=0, records=records, fields=fields)


def _spooled(head: Export, target: Path) -> Export:
    with duckdb.connect() as con:
        columns = con.execute("describe select * from read_parquet(?)", [str(target)]).fetchall()
    return replace(head, path=target, size=target.stat().st_size, fields=tuple(str(column[0]) for column in columns))


def _columns(description: Sequence[Sequence[object]]) -> tuple[str, ...]:
    return tuple(str(column[0]) for column in description)


def _batches(rows: sqlite3.Cursor) -> Iterator[list[tuple[str | None, ...]]]:
    while batch := rows.fetchmany(ROWS_AT_ONCE):
        yield [tuple(map(_text, row)) for row in batch]


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _write(con: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    con.execute(f"copy ({query}) to {literal(str(target))} (format parquet, row_group_size {ROW_GROUP})")


def _listed(tables: Sequence[str]) -> str:
    quoted = ", ".join(repr(table) for table in tables[:TABLES_QUOTED])
    return quoted + (f" and {len(tables) - TABLES_QUOTED} more" if len(tables) > TABLES_QUOTED else "")
