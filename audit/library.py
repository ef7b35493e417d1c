"""What notebooks and scripts call: the same reports as the command line, as frames and documents.

Every call opens the database read-only and closes it again, so that an open notebook blocks nobody.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

import duckdb
import polars as pl

from audit import sql as queries
from audit.assumptions import assumptions_from
from audit.config import Config, read_config
from audit.errors import AuditError
from audit.pipeline import Result, run_report
from audit.report.document import Interval, PooledLoss, QualityLoss, ReportDocument
from audit.report.evidence import Strata
from audit.schema import TABLES
from audit.scope import Question, settle
from audit.warehouse import Warehouse, first_line

if TYPE_CHECKING:
    from audit.catalog.comparison import Document
    from audit.intake.loading import LoadReport
    from audit.report.change_document import Changes

INCUMBENT, CANDIDATE = "gpt-4o", "gpt-4o-mini"

MARTS = "4_"
"""The folder of the relations that depend on the pair of models."""

MADE_WHILE_LOADING = ("checked_requests", "checked_costs")
"""Views that exist only while a file is read."""

RESULTS = {
    "verdicts": "One row per workload of the incumbent: verdict, reasons, quality loss.",
    "workloads": "One row per workload of the incumbent: tokens, costs on both models, gates, name and shape.",
}
"""Relations that only a report makes."""

NULLABLE = {
    "quality_loss": tuple(QualityLoss.__annotations__),
    "pooled": tuple(PooledLoss.__annotations__),
    "monthly": tuple(Interval.__annotations__),
    "strata": tuple(Strata.__annotations__),
}
"""Objects of the document that can be null, and their keys: the columns of a frame must not depend on the data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A savings report; `document` is what `audit report --json` prints."""

    document: ReportDocument

    def text(self, width: int = 80) -> str:
        """The report as the terminal shows it, without colours."""
        from rich.console import Console

        from audit.report.text import render_text

        out = StringIO()
        render_text(self.document, Console(file=out, width=width, color_system=None))
        return out.getvalue()

    def html(self, path: str | Path) -> Path:
        """The path of the offline HTML page, which is written there."""
        from audit.report.html import render_html

        page = Path(path)
        page.write_text(render_html(self.document), encoding="utf-8")
        return page

    def csv(self, table: str) -> str:
        """One table as CSV text, the same as `audit report --csv TABLE`; UnknownNameError lists the tables."""
        from audit.report.csv_tables import csv_table

        return csv_table(self.document, table)

    def markdown(self) -> str:
        """The report as a comment on a pull request, in GitHub's Markdown."""
        from audit.report.markdown import render_markdown

        return render_markdown(self.document)

    def changes(self, previous: "Report | str | Path") -> "Changes":
        """What changed since a previous report, or one in a file of `--json`: the document of `audit report --compare`.

        Raises ConfigError where that is about another pair, InputError where it is no report.
        """
        from audit.changes.reports import changes
        from audit.report.previous import read_report

        before = previous.document if isinstance(previous, Report) else read_report(Path(previous))
        return changes(before, self.document)

    @property
    def workloads(self) -> pl.DataFrame:
        """One row per workload, most cost first; nested values as columns: quality_loss.high is quality_loss_high."""
        return _flat(self.document["workloads"])

    @property
    def savings(self) -> pl.DataFrame:
        """One row per evidence level, in USD: low, point and high of window, monthly and share_of_spend."""
        return _flat([{"level": level} | dict(saved) for level, saved in self.document["savings"].items()])


@dataclass(frozen=True, slots=True)
class Audit:
    """The traffic in one database."""

    path: Path

    def relations(self) -> pl.DataFrame:
        """One row per relation that `sql` can read: name, its grain, one sentence."""
        rows = [
            (query.name, query.grain, query.purpose)
            for query in queries.in_folders("2_", "3_", MARTS)
            if query.name not in MADE_WHILE_LOADING
        ]
        known = {name for name, _, _ in rows}
        rows += [(name, "", "A table of the database.") for name in TABLES if name not in known]
        rows += [(name, "", "A table of reference values with their sources.") for name in queries.seeds()]
        rows += [(name, "workload_id", purpose) for name, purpose in RESULTS.items()]
        schema = {"relation": pl.String, "grain": pl.String, "purpose": pl.String}
        return pl.DataFrame(rows, schema=schema, orient="row").sort("relation")

    def sql(
        self,
        query: str,
        *,
        incumbent: str = INCUMBENT,
        candidate: str = CANDIDATE,
        config: str | Path | None = None,
        today: date | None = None,
    ) -> pl.DataFrame:
        """The rows of one SELECT over the relations; money is DECIMAL.

        Costs on the candidate, `verdicts` and `workloads` are those of the pair named. Raises AuditError with what
        DuckDB says about a wrong query, and what a report would raise where the query needs one.
        """
        question = Question(incumbent=incumbent, candidate=candidate, today=today or date.today())
        with Warehouse.read(self.path) as warehouse:
            try:
                _refuse_all_but_select(warehouse, query)
                _make_relations(warehouse, query, question, read_config(_path(config)))
                return warehouse.frame(query)
            except duckdb.Error as error:
                raise AuditError(f"{first_line(error)}; the query was: {query}") from error

    def report(
        self,
        *,
        incumbent: str = INCUMBENT,
        candidate: str = CANDIDATE,
        since: date | None = None,
        until: date | None = None,
        monthly_requests: int | None = None,
        config: str | Path | None = None,
        today: date | None = None,
    ) -> Report:
        """The savings report of a pair of models, as `audit report` makes it; `until` is the first day not counted.

        `config` names an audit.toml; without it ./audit.toml counts where it exists. `today` decides about retirements
        and the age of prices.
        """
        question = Question(
            incumbent=incumbent,
            candidate=candidate,
            since=since,
            until=until,
            monthly_requests=monthly_requests,
            today=today or date.today(),
        )
        with Warehouse.read(self.path) as warehouse:
            return Report(document=_run(warehouse, question, read_config(_path(config))).document)


def open(path: str | Path = "usage.duckdb") -> Audit:  # noqa: A001 - reads as audit.open
    """The database at `path`, checked to be one; DatabaseError otherwise."""
    with Warehouse.read(Path(path)):
        return Audit(Path(path))


def load(
    paths: str | Path | Iterable[str | Path],
    *,
    db: str | Path = "usage.duckdb",
    format: str | None = None,
    map_file: str | Path | None = None,
    config: str | Path | None = None,
) -> "LoadReport":
    """What became of each export: files, folders or globs, loaded into the database at `db`, made where it is not."""
    from audit.intake.loading import load as load_exports

    several = [paths] if isinstance(paths, (str, Path)) else paths
    return load_exports(
        [str(path) for path in several],
        Path(db),
        config=read_config(_path(config)),
        format=format,
        map_file=_path(map_file),
    )


def compare(a: str, b: str, *, on: date | None = None) -> "Document":
    """Two models side by side on a day (today): the document of `audit compare A B --json`."""
    from audit.catalog.comparison import compare as compare_models

    return compare_models(a, b, on=on or date.today())


def _refuse_all_but_select(warehouse: Warehouse, query: str) -> None:
    statements = warehouse.con.extract_statements(query)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise AuditError(f"{query!r} is not one SELECT; sql() only reads")


def _make_relations(warehouse: Warehouse, query: str, question: Question, config: Config) -> None:
    """Make what the words of the query ask for: marts depend on the pair, verdicts on the whole report."""
    words = set(re.findall(r"\w+", query))
    if words & RESULTS.keys():
        _run(warehouse, question, config)
    elif words & {mart.name for mart in queries.in_folders(MARTS)}:
        settle(warehouse, question, config)


def _run(warehouse: Warehouse, question: Question, config: Config) -> Result:
    settings = dict(config.assumptions)
    if question.monthly_requests is not None:
        settings["monthly_requests"] = question.monthly_requests
    return run_report(warehouse, question, config, assumptions_from(settings))


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


def _flat(rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Nested objects as columns of their own."""
    return pl.DataFrame([_leaves(row) for row in rows], infer_schema_length=None)


def _leaves(row: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    leaves: dict[str, object] = {}
    for name, value in row.items():
        inside = dict.fromkeys(NULLABLE[name]) if value is None and name in NULLABLE else value
        if isinstance(inside, dict):
            leaves |= _leaves(cast("dict[str, object]", inside), f"{prefix}{name}_")
        else:
            leaves[prefix + name] = value
    return leaves
