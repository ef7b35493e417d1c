"""An open database: its tables and views, the bridges to Polars. The only place that executes SQL here."""

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

import duckdb

from audit import memory
from audit.database_file import NO_ROOM, connect
from audit.errors import DatabaseError, OutOfMemoryError
from audit.on_demand import OnDemand
from audit.schema import SCHEMA_VERSION, STORED_FACTS, TABLES, ddl, facts_view

if TYPE_CHECKING:
    import polars as pl

SHORTEST_SALT = 16
"""Characters; a salt that can be guessed protects nothing."""

Value = str | int | float | bool | None | bytes
Values = Sequence[Value] | Mapping[str, Value]
Result = TypeVar("Result")


class ArrowStream:
    """Shows DuckDB only the Arrow capsule of a Polars frame, so that it does not ask for pyarrow."""

    def __init__(self, frame: "pl.DataFrame") -> None:
        """Wrap `frame`."""
        self.frame = frame

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The stream, anew on each call."""
        return self.frame.__arrow_c_stream__(requested_schema)


class Warehouse:
    """An open database.

    Use `Warehouse.create` to load into it, `Warehouse.change` to work on what is there and `Warehouse.read` to report
    from it; all are context managers.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, path: Path) -> None:
        """Take over an open connection to the database at `path`."""
        self.con = con
        self.path = path
        self._is_in_transaction = False
        self._is_unused = False
        self._most = memory.PLAIN
        self._on_demand = OnDemand()

    def __enter__(self) -> Self:
        """Return the open warehouse."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the connection; a database that was made for it and got nothing is gone."""
        if self._is_unused:
            # While it is still locked: whoever opens it next makes one anew, and cannot lose what goes into it.
            self.path.unlink(missing_ok=True)
        self.con.close()

    @classmethod
    def create(cls, path: Path) -> Self:
        """The database at `path` opened for writing, made first where it does not exist.

        One that is made is there to stay from the first transaction on that ends well.
        """
        if not path.parent.is_dir():
            raise DatabaseError(f"{path}: the folder {path.parent} does not exist; make it, or name another --db")
        is_new = not path.exists()
        warehouse = cls(connect(path, read_only=False), path)
        try:
            warehouse._prepare()
        except BaseException:
            warehouse._is_unused = is_new
            warehouse.__exit__()
            raise
        warehouse._is_unused = is_new
        return warehouse

    @classmethod
    def change(cls, path: Path) -> Self:
        """The database at `path` opened for writing; DatabaseError where there is none."""
        refuse_missing(path)
        return cls.create(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The database at `path` opened read-only, so that a notebook and a report do not block each other."""
        refuse_missing(path)
        warehouse = cls(connect(path, read_only=True), path)
        try:
            warehouse._check_version()
            warehouse._on_demand.add_own()
        except BaseException:
            warehouse.con.close()
            raise
        return warehouse

    def execute(self, statement: str, values: Values = ()) -> None:
        """Run a statement whose result nobody needs."""
        self.rows(statement, values)

    def rows(self, query: str, values: Values = ()) -> list[tuple[object, ...]]:
        """All rows of a query as tuples; OutOfMemoryError when the memory allowed is not enough for it."""
        self.make(query)
        try:
            return self._in_memory(lambda: self.con.execute(query, values).fetchall())
        except (duckdb.IOException, duckdb.TransactionException, duckdb.FatalException) as error:
            self._refuse_full_disk(error)
            raise

    def value(self, query: str, values: Values = ()) -> object:
        """The first value of a query's only row."""
        return self.rows(query, values)[0][0]

    def count(self, query: str, values: Values = ()) -> int:
        """The first value of a query's only row, as a whole number (NULL is 0)."""
        found = self.value(query, values)
        return int(str(found)) if found is not None else 0

    def frame(self, query: str) -> "pl.DataFrame":
        """The result of a query as a Polars frame."""
        import polars as pl

        return self._in_memory(lambda: pl.DataFrame(self.relation(query)))

    def relation(self, query: str) -> duckdb.DuckDBPyRelation:
        """A query that DuckDB has read and not run."""
        self.make(query)
        return self.con.sql(query)

    def insert(self, table: str, frame: "pl.DataFrame") -> None:
        """Append the rows of `frame` to `table`, column by name."""
        self._register(f'insert into "{table}" by name select * from new_rows', frame)

    def replace(self, table: str, frame: "pl.DataFrame") -> None:
        """Make the rows of `frame` the only rows of `table`."""
        self.execute(f'delete from "{table}"')
        self.insert(table, frame)

    def temporary(self, table: str, frame: "pl.DataFrame") -> None:
        """A temporary table with the rows of `frame`, visible to the views of this connection."""
        self._register(f'create or replace temp table "{table}" as select * from new_rows', frame)

    @contextmanager
    def transaction(self, most: int = memory.LONG) -> Generator[None, None, None]:
        """All or nothing, with `most` bytes from the start: what runs out of memory inside cannot be asked again."""
        self.allow(most)
        self.con.begin()
        self._is_in_transaction = True
        self._on_demand.begin()
        try:
            yield
        except BaseException:
            self._on_demand.roll_back()
            # A disk that is full makes even this raise, and would hide why it is needed.
            with suppress(duckdb.Error):
                self.con.rollback()
            raise
        finally:
            self._is_in_transaction = False
        try:
            self.con.commit()
        except duckdb.Error as error:
            self._on_demand.roll_back()
            self._refuse_full_disk(error)
            raise
        self._is_unused = False

    def setting(self, key: str) -> str | None:
        """A value of the `meta` table."""
        found = self.rows("select value from meta where key = ?", [key])
        return str(found[0][0]) if found else None

    def set(self, key: str, value: str) -> None:
        """Keep a value in the `meta` table."""
        self.execute("delete from meta where key = ?", [key])
        self.execute("insert into meta values (?, ?)", [key, value])

    def add_views(self, *folders: str) -> None:
        """Temporary views of the queries in `folders`, each made anew by the next statement that names it."""
        self._on_demand.add_views(*folders)

    def make(self, statement: str) -> None:
        """The views and seeds that `statement` names, where they are not there yet."""
        for made in self._on_demand.before(statement):
            self._in_memory(lambda made=made: self.con.execute(made))

    def allow(self, most: int) -> bool:
        """Let DuckDB use `most` bytes of memory where it may use less by now; whether that is more than before."""
        before, self._most = memory.limit(self._most), max(most, self._most)
        if is_more := memory.limit(self._most) != before:
            self.execute(f"set memory_limit = '{memory.limit(self._most)}'")
        return is_more

    def _in_memory(self, run: Callable[[], Result]) -> Result:
        """What `run` gives, with more memory where it needs that; what a transaction is lost by, it cannot repeat."""
        try:
            return run()
        except duckdb.OutOfMemoryException as error:
            if not self._is_in_transaction and self.allow(memory.LONG):
                return self._in_memory(run)
            raise OutOfMemoryError(
                f"{self.path}: needs more than the {memory.limit(self._most)} of memory it may use; set "
                "AUDIT_MEMORY_LIMIT to more (for example 8GB) and try again; nothing was changed"
            ) from error

    def _refuse_full_disk(self, error: duckdb.Error) -> None:
        if NO_ROOM.search(str(error)):
            raise DatabaseError(
                f"{self.path}: no room to write ({first_line(error)}); free some space on the disk of "
                f"{self.path.parent}, or name a --db on another one, and try again; nothing was changed"
            ) from error

    def _register(self, statement: str, frame: "pl.DataFrame") -> None:
        import polars as pl

        # A column without any value has no type in Polars, which DuckDB cannot read.
        self.con.register("new_rows", ArrowStream(frame.with_columns(pl.selectors.by_dtype(pl.Null).cast(pl.String))))
        try:
            self.execute(statement)
        finally:
            # In a failed transaction even this raises, and would hide why it failed.
            with suppress(duckdb.TransactionException):
                self.con.unregister("new_rows")

    def _prepare(self) -> None:
        tables = {name for (name,) in self.rows("select table_name from duckdb_tables() where not temporary")}
        if tables and "meta" not in tables:
            raise DatabaseError(f"{self.path}: a DuckDB file of something else; name another --db")
        salt = new_salt()
        if "meta" in tables:
            self._check_version()
            if os.environ.get("AUDIT_SALT") and self.setting("salt") != salt:
                raise DatabaseError(
                    f"{self.path}: made with another salt than AUDIT_SALT; unset it, or name another --db"
                )
        else:
            with self.transaction(memory.PLAIN):
                for table in TABLES:
                    self.execute(ddl(table))
                self.execute(facts_view(STORED_FACTS))
                self.set("schema_version", str(SCHEMA_VERSION))
                self.set("salt", salt)
        self._on_demand.add_own()

    def _check_version(self) -> None:
        found = {name for (name,) in self.rows("select table_name from duckdb_tables() where not temporary")}
        version = self.setting("schema_version") if "meta" in found else None
        if version is None:
            raise DatabaseError(f"{self.path}: a DuckDB file that `audit load` did not write")
        if version != str(SCHEMA_VERSION):
            raise DatabaseError(
                f"{self.path}: written with schema {version}, this version needs {SCHEMA_VERSION}; "
                "load the exports into a new --db"
            )


def refuse_missing(path: Path) -> None:
    """DatabaseError where there is no file at `path`."""
    if not path.is_file():
        raise DatabaseError(f"{path}: no such database; make one with `audit load PATH --db {path}`")


def new_salt() -> str:
    """The salt in AUDIT_SALT, or one by chance; DatabaseError for one that is too short."""
    salt = os.environ.get("AUDIT_SALT") or os.urandom(16).hex()
    if len(salt) < SHORTEST_SALT:
        raise DatabaseError(f"AUDIT_SALT has {len(salt)} characters; give it {SHORTEST_SALT} or more")
    return salt


def first_line(error: Exception) -> str:
    """What DuckDB says is wrong, without the statement it quotes; of what Python raised inside of it, the message."""
    lines = str(error).splitlines()
    if lines[0].startswith("Traceback"):
        said = next((line for line in lines[1:] if line and not line.startswith(" ")), lines[0])
        return said.partition(": ")[2] or said
    return lines[0]
