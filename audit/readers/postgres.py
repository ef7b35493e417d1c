"""Tables of a PostgreSQL database, such as the one of a LiteLLM proxy: `postgresql://user@host/db#LiteLLM_SpendLogs`.

What follows the # is the table, with its schema where that is needed; without one, every table of the schema public
that a reader recognises is taken. Each is copied to disk as a packed CSV by one COPY, in constant memory, all of them
in one read-only transaction, so that they show the same moment. Passwords come from PGPASSWORD or ~/.pgpass.
"""

import os
import tempfile
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import zstandard

from audit.errors import InputError, UnknownNameError
from audit.readers.addresses import scrubbed, shown
from audit.readers.export import Export
from audit.readers.sniff import HEAD_RECORDS, Record

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.sql import Composed

SECONDS_TO_CONNECT = 10
PACKED_LEVEL = 1
"""The fastest of zstd: logs shrink to a tenth at the speed at which they arrive."""
SETTINGS = "set local datestyle = 'ISO'; set local timezone = 'UTC'; set local intervalstyle = 'iso_8601'"
"""How values are written, whatever the server is set to."""
TABLES_AND_COLUMNS = """
    select n.nspname, c.relname, c.relkind in ('r', 'p') and not c.relispartition, pg_table_is_visible(c.oid),
        has_table_privilege(c.oid, 'select'),
        array(select attname::text from pg_attribute
            where attrelid = c.oid and attnum > 0 and not attisdropped order by attnum),
        array(select typcategory in ('A', 'C') from pg_attribute inner join pg_type on pg_type.oid = atttypid
            where attrelid = c.oid and attnum > 0 and not attisdropped order by attnum)
    from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'
    order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view of the database."""

    schema: str
    name: str
    is_own: bool
    """A table, and none of the parts of another; a view would show the rows of a table once more."""
    is_visible: bool
    is_readable: bool
    columns: Sequence[str]
    is_nested: Sequence[bool]
    """Which columns are arrays or rows; they are read as JSON."""

    @property
    def title(self) -> str:
        """The name to write after the #."""
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"

    def select(self) -> "Composed":
        """All of its rows."""
        from psycopg.sql import SQL, Identifier

        columns = SQL(", ").join(
            SQL("to_json({0}) as {0}").format(Identifier(name)) if nested else Identifier(name)
            for name, nested in zip(self.columns, self.is_nested, strict=True)
        )
        return SQL("select {} from {}").format(columns, Identifier(self.schema, self.name))


def tables(address: str, spool: Path) -> dict[str, Path]:
    """The table named in the address, or all that a reader recognises, each copied into `spool`, by name.

    Raises InputError where the server cannot be reached or refuses, UnknownNameError for a table that it has not.
    """
    server, _, wanted = address.partition("#")
    place = shown(server)
    with _connected(address, server) as con:
        known = [Table(*row) for row in con.execute(TABLES_AND_COLUMNS)]
        chosen = _named(known, unquote(wanted), place) if wanted else _recognised(con, known, place)
        return {f"{place}#{table.title}": _copied(con, table, spool) for table in chosen}


@contextmanager
def _connected(address: str, server: str) -> Generator["Connection", None, None]:
    """A connection whose transaction sees one moment; what goes wrong is one InputError without secrets."""
    place = shown(server)
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict, make_conninfo
    except ImportError as error:
        raise InputError(
            f"{place}: reading postgresql:// needs the package psycopg: pip install 'traffic-audit[postgres]'"
        ) from error
    try:
        patience = "connect_timeout" in conninfo_to_dict(server) or "PGCONNECT_TIMEOUT" in os.environ
        settings = server if patience else make_conninfo(server, connect_timeout=SECONDS_TO_CONNECT)
        with psycopg.connect(settings) as con:
            con.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            con.read_only = True
            con.execute(SETTINGS)
            yield con
    except psycopg.Error as error:
        reason = scrubbed(f"{error}\n".splitlines()[0], address) or type(error).__name__
        advice = ""
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            advice = "; grant select on it to this user"
        elif "password" in reason:
            advice = "; the password comes from PGPASSWORD or ~/.pgpass"
        raise InputError(f"{place}: {reason}{advice}") from None


def _named(known: Iterable[Table], wanted: str, place: str) -> list[Table]:
    known = list(known)
    same = [table for table in known if wanted in (table.name, f"{table.schema}.{table.name}")]
    if not same:
        lowered = wanted.lower()
        same = [t for t in known if lowered in (t.name.lower(), f"{t.schema}.{t.name}".lower())]
    # Of equal names the one counts that a query without a schema would find.
    found = [table for table in same if table.is_visible] or same
    if not found:
        raise UnknownNameError(f"table of {place}", wanted, (table.title for table in known), "its case counts not")
    if len(found) > 1:
        raise InputError(
            f"{place}: {wanted!r} is in several schemas; name one of #{', #'.join(t.title for t in found)}"
        )
    return found


def _recognised(con: "Connection", known: Iterable[Table], place: str) -> list[Table]:
    """Told by the names of the columns and the first rows, as for a file."""
    from audit.readers.registry import recognise

    own = [table for table in known if table.schema == "public" and table.is_own]
    found: list[Table] = []
    for table in own:
        export = Export(
            path=Path(),
            name=f"{place}#{table.title}",
            container="csv",
            compression="none",
            size=0,
            records=_first_rows(con, table) if table.is_readable else (),
            fields=tuple(table.columns),
        )
        try:
            recognise(export)
        except InputError:
            continue
        found.append(table)
    if not found:
        names = ", ".join(table.title for table in own[:10]) or "none"
        raise InputError(f"{place}: no table of the schema public is known (there are: {names}); name one after a #")
    return found


def _first_rows(con: "Connection", table: Table) -> tuple[Record, ...]:
    from psycopg.sql import SQL

    rows = con.execute(SQL("{} limit {}").format(table.select(), HEAD_RECORDS))
    return tuple(dict(zip(table.columns, map(_text, row), strict=True)) for row in rows)


def _text(value: object) -> object:
    return "" if value is None else str(value)


def _copied(con: "Connection", table: Table, spool: Path) -> Path:
    from psycopg.sql import SQL

    statement = SQL("copy ({}) to stdout (format csv, header true)").format(table.select())
    with (
        tempfile.NamedTemporaryFile(dir=spool, suffix=".csv.zst", delete=False) as packed,
        zstandard.ZstdCompressor(level=PACKED_LEVEL).stream_writer(packed) as out,
        con.cursor().copy(statement) as rows,
    ):
        for chunk in rows:
            out.write(chunk)
    return Path(packed.name)
