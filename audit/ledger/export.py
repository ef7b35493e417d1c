"""Relations as files: DuckDB streams them, so that size does not matter, and no text in them becomes a formula."""

from pathlib import Path
from typing import Literal, get_args

from audit.errors import ConfigError
from audit.ledger.focus import focus_select
from audit.warehouse import Warehouse

Form = Literal["csv", "excel", "parquet"]
FORMS: tuple[Form, ...] = get_args(Form)

FOCUS = "focus"
"""The name under which the charges are exported as FOCUS rows; `focus_charges` is the relation they are made of."""

FORMULA = r"^[\t\r\n]|^[\s\p{Z}\x{FEFF}]*[=+\-@]"
"""What a spreadsheet takes a cell for a formula by, or skips before one (OWASP, CSV injection)."""

MOMENT = "%Y-%m-%dT%H:%M:%SZ"
"""Every time in the database is UTC (ISO 8601)."""


def form_of(out: Path, form: str | None) -> Form:
    """The form asked for, else that of the file's ending; ConfigError names the forms."""
    asked = form or {".csv": "csv", ".parquet": "parquet"}.get(out.suffix.lower(), "")
    if asked not in FORMS:
        said = f"format {form!r}" if form else f"--out {out}: the ending {out.suffix!r}"
        raise ConfigError(f"{said} is none of {', '.join(FORMS)}; say which with --format")
    return asked


def select(warehouse: Warehouse, relation: str, grain: str) -> str:
    """The SELECT of a relation, ordered by the columns of its grain so that it is the same each time."""
    if relation == FOCUS:
        return focus_select()
    query, keys = f'select * from "{relation}"', [name.strip() for name in grain.split(",")]
    known = {name for name, _ in _columns(warehouse, query)}
    return f"{query} order by {', '.join(keys)}" if known.issuperset(keys) else query


def write(warehouse: Warehouse, query: str, path: Path, form: Form) -> None:
    """Write the rows of `query` to `path`, whatever is there."""
    options = "format parquet" if form == "parquet" else f"format csv, header true, timestampformat '{MOMENT}'"
    shown = query if form == "parquet" else _as_text(warehouse, query, is_safe=form == "excel")
    name = str(path).replace("'", "''")
    warehouse.execute(f"copy ({shown}) to '{name}' ({options})")


def _as_text(warehouse: Warehouse, query: str, *, is_safe: bool) -> str:
    """The rows as a CSV holds them: lists and objects are JSON and, to be safe, a formula gets an apostrophe."""
    columns = ", ".join(_shown(name, kind, is_safe=is_safe) for name, kind in _columns(warehouse, query))
    return f"select {columns} from ({query})"


def _shown(name: str, kind: str, *, is_safe: bool) -> str:
    column = _quoted(name)
    if _is_nested(kind):
        return f"cast(to_json({column}) as varchar) as {column}"
    if is_safe and kind == "VARCHAR":
        return f"case when regexp_matches({column}, '{FORMULA}') then '''' || {column} else {column} end as {column}"
    return column


def _columns(warehouse: Warehouse, query: str) -> list[tuple[str, str]]:
    return [(str(row[0]), str(row[1])) for row in warehouse.rows(f"describe {query}")]


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
