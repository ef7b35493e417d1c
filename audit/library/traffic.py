"""What can be asked of the traffic in a database; nothing here changes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import polars as pl

from audit.library.asking import CANDIDATE, INCUMBENT, Asked, Day, path_of, paths_of, settled
from audit.library.report import Report
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.catalog.comparison import Document
    from audit.ledger.document import Reconciliation


@dataclass(frozen=True, slots=True)
class Traffic:
    """The traffic in one database, read-only.

    A method with `**question` takes the keyword arguments that `report` explains. Requests carry the names of
    OpenTelemetry, money those of FOCUS, in USD; `columns` says what every column means. Money of relations is DECIMAL.
    """

    path: Path

    def _repr_html_(self) -> str:
        from audit.library.cards import audit_card

        return audit_card(self.path)

    @property
    def requests(self) -> pl.LazyFrame:
        """One row per request or bucket, read when collected: only the columns and rows that the query needs."""
        from audit.library.requests import scan

        return scan(self.path, "requests")

    def cells(self) -> pl.DataFrame:
        """One row per traffic cell: requests of a month with the same endpoint, model, flags and token bins, summed."""
        return self.sql("select * from traffic_cells")

    def workloads(self, **question: Unpack[Asked]) -> pl.DataFrame:
        """One row per workload of the incumbent: tokens, costs on both models, gates, name and shape."""
        return self.sql("select * from workloads", **question)

    def verdicts(self, **question: Unpack[Asked]) -> pl.DataFrame:
        """One row per workload of the incumbent: route, pilot or keep, why, and the quality loss in points of 100."""
        return self.sql("select * from verdicts", **question)

    def savings(self, **question: Unpack[Asked]) -> pl.DataFrame:
        """One row per evidence level: what could move and what that saves, each with low, point and high."""
        return self.report(**question).savings

    def report(
        self,
        *,
        incumbent: str = INCUMBENT,
        candidate: str = CANDIDATE,
        since: Day | None = None,
        until: Day | None = None,
        monthly_requests: int | None = None,
        config: str | Path | None = None,
        today: Day | None = None,
        sources: Sequence[str] = (),
        assumptions: Mapping[str, object] | None = None,
    ) -> Report:
        """The savings report of a pair of models, as `audit report` makes it; `until` is the first day not counted.

        `config` names an audit.toml; without it ./audit.toml counts where it exists. `assumptions` are those of its
        table of that name and come before them: {"output_ratio": [1.0, 1.1, 1.3]}. `sources` names the export formats
        that count where several show the same traffic. `today` decides about retirements and the age of prices.
        """
        asked = settled(
            incumbent=incumbent,
            candidate=candidate,
            since=since,
            until=until,
            monthly_requests=monthly_requests,
            config=config,
            today=today,
            sources=sources,
            assumptions=assumptions,
        )
        from audit.ledger.costs import add_tie_out

        with Warehouse.read(self.path) as warehouse:
            result = asked.run(warehouse)
            add_tie_out(warehouse, asked.question, result)
            return Report(document=result.document)

    def sql(self, query: str, **question: Unpack[Asked]) -> pl.DataFrame:
        """The rows of one SELECT over the relations; money is DECIMAL.

        Costs on the candidate, `verdicts`, `workloads` and `savings` are those of the question. Raises AuditError with
        what DuckDB says about a wrong query, and what a report would raise where the query needs one.
        """
        from audit.library.relations import selected

        return selected(self.path, query, settled(**question))

    def relations(self) -> pl.DataFrame:
        """One row per relation that `sql` can read: name, its grain, one sentence."""
        from audit.library.relations import relations

        return relations()

    def columns(self, relation: str) -> pl.DataFrame:
        """One row per column of a relation: column, type, unit, source (otel, focus or ours), meaning."""
        from audit.library.columns import described
        from audit.library.relations import known

        return described(self.sql(f"select * from {known(relation)} limit 0"))

    def compare(
        self,
        a: str | None = None,
        b: str | None = None,
        *,
        today: Day | None = None,
        config: str | Path | None = None,
        sources: Sequence[str] = (),
        html: str | Path | None = None,
    ) -> "Document":
        """Two models side by side, with what a typical request of this log costs: `audit compare A B --json`.

        Without names, the pairs of models that are worth a look in this traffic. With `html` the comparison of two is
        also written there, as one offline page.
        """
        from audit.library.comparing import compare_with_traffic

        return compare_with_traffic(self.path, a, b, today=today, config=config, sources=sources, html=html)

    def reconcile(
        self,
        costs: str | Path | Sequence[str | Path] = (),
        *,
        map_file: str | Path | None = None,
        since: Day | None = None,
        until: Day | None = None,
        config: str | Path | None = None,
        sources: Sequence[str] = (),
        progress: bool = False,
    ) -> "Reconciliation":
        """The bill against the list cost of the traffic, with likely causes: `audit reconcile COSTS --json`.

        `costs` are cost exports, without them those that were loaded; `map_file` is a cost map for them. Raises
        AuditError where there is no bill, or where it shares no day with the traffic.
        """
        from audit.library.billing import reconcile

        asked = settled(since=since, until=until, config=config, sources=sources)
        return reconcile(self.path, [*map(str, paths_of(costs))], path_of(map_file), asked, progress=progress)

    def status(self) -> dict[str, object]:
        """What is in the database, as `audit status --json` prints it: files, window, rows, models."""
        from audit.intake.status import status

        with Warehouse.read(self.path) as warehouse:
            return status(warehouse)

    def rejects(self) -> pl.DataFrame:
        """One row per rejected record: file, number, line, reason, and its text read again, or why it cannot be."""
        from audit.library.relations import rejects

        return rejects(self.path)
