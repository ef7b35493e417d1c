"""A savings report in the hand: its document, its frames, its figures, and every form it can be written in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

import polars as pl

from audit.errors import AuditError, ConfigError
from audit.library.figures import Figures, save_figure
from audit.library.workload_columns import WORKLOADS
from audit.library.writing import written
from audit.report import words
from audit.report.document import LEVELS, Interval, ReportDocument
from audit.report.evidence import Strata
from audit.report.workload import PooledLoss, QualityLoss

if TYPE_CHECKING:
    from audit.report.change_document import Changes

NULLABLE = {
    "quality_loss": tuple(QualityLoss.__annotations__),
    "pooled": tuple(PooledLoss.__annotations__),
    "monthly": tuple(Interval.__annotations__),
    "strata": tuple(Strata.__annotations__),
}
"""Objects of the document that can be null, and their keys: the columns of a frame must not depend on the data."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Report:
    """A savings report; `document` is what `audit report --json` prints."""

    document: ReportDocument

    def __repr__(self) -> str:
        pair, saving = self.document["pair"], words.saving(self.document, "expected")
        return (
            f"<Report: {pair['incumbent']} to {pair['candidate']}, {words.window(self.document)}, expected saving "
            f"{words.span(saving, 'money', self.document['spend']['currency'], same=None)}>"
        )

    def _repr_html_(self) -> str:
        from audit.library.cards import report_card

        return report_card(self.document)

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

        return written(path, render_html(self.document))

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

    @cached_property
    def figures(self) -> Figures:
        """The charts of the page as plotly figures, by name, in the colours of a light page.

        Which ones there are depends on the data: "waterfall", "daily", "shares", "shape-map", "quality" and more.
        """
        return Figures(self.document)

    def save_figure(self, name: str, path: str | Path, *, width: int = 900, scale: float = 2) -> Path:
        """The path of the figure `name`, written there as PNG, SVG or PDF by the ending of `path`.

        Needs the extra traffic-audit[figures] and a Chromium on this machine; ConfigError says which is missing.
        `width` is in CSS pixels, of which a PNG has `scale` pixels each.
        """
        return save_figure(self.figures[name], Path(path), width=width, scale=scale)

    @property
    def workloads(self) -> pl.DataFrame:
        """One row per workload, most cost first, with its verdict and saving, as the page's table shows it.

        Money in USD of the window as floats, quality loss in points of 100; nested values of the document are columns:
        quality_loss.high is quality_loss_high.
        """
        rows = self.document["workloads"]
        return _flat(rows or [dict.fromkeys(WORKLOADS)], WORKLOADS)[: len(rows)]

    @property
    def savings(self) -> pl.DataFrame:
        """One row per evidence level, each figure with low, point and high, money in USD.

        What could move: requests, request_share, cost, cost_share. What that saves: window (in the time the log
        spans), monthly (null where it spans less than a day), share_of_spend.
        """
        document = self.document
        return _flat([{"level": level} | document["routable"][level] | document["savings"][level] for level in LEVELS])

    def what_if(
        self,
        *,
        kept: Iterable[str] = (),
        candidate: str | None = None,
        output_ratio: float | None = None,
        escalation_rate: float | None = None,
        growth: float = 0.0,
        discount: float = 0.0,
    ) -> pl.DataFrame:
        """One row per total under other settings, as the page shows them; without settings, the points of the report.

        Totals: measured, expected, ceiling; choice (everything but `kept` moves), and its measured and unmeasured part.
        USD of window and month, shares of all traffic; null where nobody has measured `candidate`. `output_ratio` is of
        workloads without a measured one, `growth` 0.2 a fifth more requests, `discount` off every price. Raises
        AuditError for a name that the report does not have, and for a number out of reach.
        """
        from audit.savings.whatif import Settings, totals

        if isinstance(kept, str):
            raise ConfigError(f"kept is {kept!r}; give a list of workload ids: [{kept!r}]")
        inputs = self.document.get("what_if")
        if inputs is None:
            raise AuditError("this report document has no what_if; make it anew with `audit report --json`")
        settings = Settings(
            kept=frozenset(kept),
            candidate=candidate,
            output_ratio=output_ratio,
            escalation_rate=escalation_rate,
            growth=growth,
            discount=discount,
        )
        rows = totals(inputs, settings).rows()
        return pl.DataFrame(rows, schema={name: pl.String if name == "total" else pl.Float64 for name in rows[0]})


def _flat(rows: Sequence[Mapping[str, object]], kinds: Mapping[str, pl.DataType] | None = None) -> pl.DataFrame:
    """Nested objects as columns of their own, of the `kinds` that are said beforehand."""
    return pl.DataFrame([_leaves(row) for row in rows], schema_overrides=kinds, infer_schema_length=None)


def _leaves(row: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    leaves: dict[str, object] = {}
    for name, value in row.items():
        inside = dict.fromkeys(NULLABLE[name]) if value is None and name in NULLABLE else value
        if isinstance(inside, dict):
            leaves |= _leaves(cast("dict[str, object]", inside), f"{prefix}{name}_")
        else:
            leaves[prefix + name] = value
    return leaves
