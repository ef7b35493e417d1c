"""The relations of a database: which there are, and the rows of a SELECT over them."""

import re
from dataclasses import asdict
from pathlib import Path

import duckdb
import polars as pl

from audit import sql as queries
from audit.errors import AuditError, UnknownNameError
from audit.folding import fold
from audit.library.asking import Settled
from audit.library.report import Report
from audit.results import FOLDER, RESULTS
from audit.schema import TABLES
from audit.scope import settle
from audit.warehouse import Warehouse, first_line
from audit.without_rows import has_all_rows, need_rows

MARTS = "4_"
"""The folder of the relations that depend on the pair of models."""

CHECKS = "5_"
"""The folder of the checks: relations that must have no rows."""

QUESTION = ("report_pairs", "report_sources")
"""What is asked: the pairs of models and the sources that count."""

MADE_WHILE_LOADING = ("checked_requests", "checked_costs")
"""Views that exist only while a file is read."""

SAVINGS = (
    "savings",
    "level",
    "One row per evidence level: what could move and what that saves, as the report says it, with its simulated "
    "intervals; savings_by_level is how its points are summed.",
)
"""The frame of `Audit.savings` as a relation."""


def relations() -> pl.DataFrame:
    """One row per relation that `sql` can read: name, its grain, one sentence."""
    rows = [
        (query.name, query.grain, query.purpose)
        for query in queries.in_folders("2_", "3_", MARTS, CHECKS, FOLDER)
        if query.name not in MADE_WHILE_LOADING
    ]
    known = {name for name, _, _ in rows}
    rows += [(name, "", "A table of the database.") for name in TABLES if name not in known]
    rows += [(name, "", "A table of reference values with their sources.") for name in queries.seeds()]
    rows += [(name, grain, purpose) for name, (grain, purpose) in RESULTS.items()]
    rows.append(SAVINGS)
    schema = {"relation": pl.String, "grain": pl.String, "purpose": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("relation")


def listing() -> list[dict[str, str]]:
    """What `audit export` can write: the charges in the form of FOCUS, then every relation."""
    charges = {
        "relation": "focus",
        "grain": queries.find("focus_charges").grain,
        "purpose": "The charges of focus_charges as rows of FOCUS 1.2, for tools that read bills.",
    }
    return [charges, *relations().iter_rows(named=True)]


def known(relation: str) -> str:
    """The relation's name if there is one of that name; UnknownNameError otherwise."""
    names = relations()["relation"].to_list()
    if relation not in names:
        raise UnknownNameError("relation", relation, names, "`relations()` lists them all")
    return relation


def grain_of(relation: str) -> str:
    """The columns that tell its rows apart, empty where nobody wrote them down; UnknownNameError for another name."""
    return str(relations().row(by_predicate=pl.col("relation") == known(relation), named=True)["grain"])


def selected(path: Path, query: str, asked: Settled) -> pl.DataFrame:
    """The rows of one SELECT over the database at `path`; AuditError quotes a query that is none."""
    with Warehouse.read(path) as warehouse:
        try:
            _refuse_all_but_select(warehouse, query)
            make_relations(warehouse, query, asked)
            _refuse_columns_without_place(warehouse, query)
            return warehouse.frame(query)
        except duckdb.Error as error:
            raise AuditError(f"{first_line(error)}; the query was: {query}") from error


def rejects(path: Path) -> pl.DataFrame:
    """One row per rejected record, in the order of files and records."""
    from audit.intake.rejects import listed

    schema = {
        "path": pl.String,
        "record_number": pl.Int64,
        "line_number": pl.Int64,
        "reason": pl.String,
        "text": pl.String,
        "unavailable": pl.String,
    }
    with Warehouse.read(path) as warehouse:
        return pl.DataFrame([asdict(reject) for reject in listed(warehouse)], schema=schema)


def _refuse_all_but_select(warehouse: Warehouse, query: str) -> None:
    statements = warehouse.con.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise AuditError(f"{query!r} is not one SELECT; sql() only reads")


def _refuse_columns_without_place(warehouse: Warehouse, query: str) -> None:
    """Polars wants every name once, and has no type for intervals and unions: it ends the process over them."""
    rows = warehouse.relation(query)
    for place, (name, kind) in enumerate(zip(rows.columns, rows.types, strict=True)):
        if name in rows.columns[:place]:
            raise AuditError(f"two columns are called {name!r}; give them names with `as`; the query was: {query}")
        if re.search(r"\b(INTERVAL|UNION)\b", str(kind)):
            raise AuditError(
                f"column {name!r} is {kind}, which a frame cannot hold; cast it to varchar; the query was: {query}"
            )


def _relations_of_requests() -> set[str]:
    """The relations that are made of requests each time they are read."""
    found = {"loaded_facts"}
    for query in queries.in_folders("2_", "3_", MARTS):
        if query.name not in TABLES and queries.sources(query.select) & found:
            found.add(query.name)
    return found


def make_relations(warehouse: Warehouse, query: str, asked: Settled) -> None:
    """Make what the words of the query ask for: marts depend on the pair, verdicts on the whole report."""
    words = set(re.findall(r"\w+", query.lower()))
    if not has_all_rows(warehouse) and (of_rows := (queries.sources(query) or {query}) & _relations_of_requests()):
        need_rows(warehouse, f"the relation {min(of_rows)}")
    if words & {*RESULTS, SAVINGS[0], *(result.name for result in queries.in_folders(FOLDER))}:
        result = asked.run(warehouse)
        warehouse.temporary(SAVINGS[0], Report(document=result.document).savings)
    elif words & {*QUESTION, *(mart.name for mart in queries.in_folders(MARTS, CHECKS))}:
        settle(warehouse, asked.question, asked.config)
        if words & {check.name for check in queries.in_folders(CHECKS) if check.when == "report"}:
            fold(warehouse, asked.question, asked.config, asked.assumptions)
    if words & {check.name for check in queries.in_folders(CHECKS)}:
        warehouse.add_views(CHECKS)
