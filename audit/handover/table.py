"""The raw relation of a reader over a table of a warehouse in place of a file."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import ConfigError
from audit.intake.one_by_one import why_only_here
from audit.readers.export import Export
from audit.readers.reader import Context, Reader
from audit.readers.registry import READERS

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

TABLE = "table_of_the_logs"
"""Stands where the text of a reader reads a file."""
AS_JSON = ":json"
"""How the name of a column ends, where it is given, whose values are no text: JSON, a struct, an array."""
WAY_OUT = "export the table to files, and give them to `audit load`"
PROVEN = (
    "litellm_spend_logs", "litellm_payload", "llm_logs", "flat_log", "traffic_audit", "portkey",
    "cloudflare_ai_gateway", "envoy_ai_gateway", "azure_llm_inference_2023",
)  # fmt: skip
"""Formats whose scripts the tests run, and compare with a load of their files. Others have buckets, or lists and maps
of JSON that are parsed in ways of DuckDB's own."""


def columns_read(reader: Reader) -> tuple[str, ...]:
    """The columns that a format of one fixed table consists of; ConfigError where they have to be named."""
    _refuse_format(reader)
    if reader.recognises is not None:
        raise ConfigError(
            f"--format {reader.format}: its columns differ from table to table; name those of yours in --columns, as "
            f"in --columns start_time,model,metadata{AS_JSON}"
        )
    declared = _source(_tree(reader, _export(reader, "jsonl", (), ()), Context(salt=""))).this
    given = {each.this.name: each.expression for each in declared.expressions if hasattr(each.this, "name")}
    return tuple(each.this.name for each in given["columns"].expressions)


def raw_relation(reader: Reader, columns: Sequence[str], context: Context) -> "Expr":
    """The raw relation over TABLE in DuckDB's words; ConfigError for a format that no table holds as its rows."""
    from sqlglot import exp

    _refuse_format(reader)
    names = [name.removesuffix(AS_JSON) for name in columns]
    nested = [name.removesuffix(AS_JSON) for name in columns if name.endswith(AS_JSON)]
    export = _export(reader, "parquet", names, nested)
    known = {name.lower() for name in names}
    missing = [sorted(name for name in each if name.lower() not in known) for each in reader.signatures]
    if missing and all(missing):
        raise ConfigError(
            f"--columns: a table of {reader.format} has {', '.join(min(missing, key=len))} too; name all that it has"
        )
    tree = _tree(reader, export, context)
    windows = [each for each in tree.find_all(exp.Window) if not each.args.get("order")]
    if windows:
        raise ConfigError(f"--format {reader.format}: numbers its records as they stand in a file; {WAY_OUT}")
    _source(tree).replace(exp.to_table(TABLE))
    return tree


def _refuse_format(reader: Reader) -> None:
    why = why_only_here(reader)
    if why is None and reader.format not in PROVEN and (reader.staging != "mapped" or reader in READERS):
        why = f"there are scripts for {', '.join(PROVEN)} and column maps of your own"
    if why is not None:
        raise ConfigError(f"--format {reader.format}: {why}; {WAY_OUT}")


def _export(reader: Reader, container: str, fields: Iterable[str], nested: Iterable[str]) -> Export:
    return Export(
        path=Path(TABLE),
        name=reader.format,
        container="jsonl" if container == "jsonl" else "parquet",
        compression="none",
        size=0,
        records=(),
        fields=tuple(fields),
        nested=frozenset(nested),
    )


def _tree(reader: Reader, export: Export, context: Context) -> "Expr":
    import sqlglot

    return sqlglot.parse_one(reader.relation(export, context), read="duckdb")


def _source(tree: "Expr") -> "Expr":
    from sqlglot import exp

    read = [table for table in tree.find_all(exp.Table) if not isinstance(table.this, exp.Identifier)]
    (source,) = read
    return source


def structs_as_paths(raw: "Expr", staging: "Expr") -> None:
    """Read JSON by paths where DuckDB's text parses it into structs, which every engine has in another way.

    Both trees are changed in place: `raw`, which parses, and `staging`, which names the parts.
    """
    parsed: dict[str, Expr] = {}
    for tree in (raw, staging):
        for select in reversed(list(tree.find_all(_select()))):
            # parts named beside their parse are of the SELECT below
            _paths_in(select, parsed)
            parsed |= _parsed_in(select)


def _select() -> "type[Expr]":
    from sqlglot import exp

    return exp.Select


def _parsed_in(select: "Expr") -> "Mapping[str, Expr]":
    """The columns of a SELECT that are structs parsed of JSON text, which takes their place."""
    from sqlglot import exp

    found: dict[str, Expr] = {}
    for item in select.expressions:
        parse = item.this if isinstance(item, exp.Alias) else None
        if isinstance(parse, exp.Try) and isinstance(parse.this, exp.Anonymous) and parse.this.name == "json_transform":
            text, shape = parse.this.expressions
            if not isinstance(json.loads(shape.name), dict):
                raise ConfigError(f"{item.alias} is read as a list or map, which {WAY_OUT}")
            parse.replace(text)
            found[item.alias] = text
    return found


def _paths_in(select: "Expr", parsed: "Mapping[str, Expr]") -> None:
    from sqlglot import exp

    for node in list(select.find_all(exp.Column, exp.Dot)):
        if isinstance(node.parent, exp.Dot) or node.find_ancestor(exp.Select) is not select:
            continue
        top, *path = [part.name for part in node.parts]
        if top in parsed and path:
            node.replace(_text_at(top, path))


def _text_at(column: str, path: Sequence[str]) -> "Expr":
    from sqlglot import exp

    keys = [exp.JSONPathKey(this=key) for key in path]
    found = exp.JSONExtractScalar(
        this=exp.column(column, quoted=True), expression=exp.JSONPath(expressions=[exp.JSONPathRoot(), *keys])
    )
    return exp.Try(this=found)
