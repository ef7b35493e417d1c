"""An opened database: all that can be asked of it, and all that can be done to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import polars as pl

from audit.config import read_config
from audit.library.asking import Asked, path_of, settled
from audit.library.outcomes import Outcomes
from audit.library.policies import RoutingPolicy, policy_of, simulation_of
from audit.library.rollouts import RolloutPlan, plan_of
from audit.library.traffic import Traffic
from audit.progress import shown
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.backtest.document import Backtest
    from audit.ledger.export import Form
    from audit.policy.simulate import Simulation
    from audit.report.margin_document import Margins
    from audit.sampling.document import SampleDocument


@dataclass(frozen=True, slots=True)
class Audit(Traffic):
    """The traffic in one database: what `Traffic` answers, and what changes the database or writes files."""

    @property
    def outcomes(self) -> Outcomes:
        """The paired outcomes: add them, have them judged and labelled, show them."""
        return Outcomes(self.path)

    def init(self, path: str | Path = "audit.toml") -> int:
        """How many endpoints the audit.toml lists that is written to `path`, with guesses to confirm."""
        from audit.intake.init_config import write_config

        return write_config(self.path, Path(path))

    def rebuild(self, *, config: str | Path | None = None) -> None:
        """Endpoints, models and prices resolved again after audit.toml changed, without the exports."""
        from audit.intake.resolve import rebuild

        rebuild(self.path, read_config(path_of(config)))

    def unload(self, file: str, *, config: str | Path | None = None) -> int:
        """How many records of a file, named as `status` names it, were taken out of the database."""
        from audit.intake.resolve import unload

        return unload(self.path, file, read_config(path_of(config)))

    def cluster(self) -> pl.DataFrame:
        """The workloads fitted anew: old workload, new workload, requests they share, most requests first."""
        from audit.intake.resolve import refit

        moves = refit(self.path)
        return pl.DataFrame(moves, schema={"old": pl.String, "new": pl.String, "requests": pl.Int64}, orient="row")

    def sample(
        self,
        out: str | Path | None = None,
        *,
        budget: float | None = None,
        pairs: int | None = None,
        again: int | float = 0,
        margin: float | None = None,
        endpoints: Sequence[str] = (),
        workloads: Sequence[str] = (),
        seed: int = 1,
        redact: bool = False,
        maps: Sequence[str | Path] = (),
        progress: bool = False,
        **question: Unpack[Asked],
    ) -> "SampleDocument":
        """The manifest of requests to replay on the candidate, written to the new folder `out` as batch input.

        Without `out` nothing is drawn and nothing written. `budget` is in USD; `again`, requests that the incumbent
        answers once more, is a number of them (100) or a share (0.1); `margin` is in points of 100; `maps` are
        column maps that exports were loaded with.
        """
        from functools import partial

        from audit.sampling.plan import Ask
        from audit.sampling.redact import presidio
        from audit.sampling.sample import Choice, make_sample
        from audit.sampling.source import texts

        share, count = (0.0, again) if isinstance(again, int) else (again, 0)
        ask = Ask(usd=budget, pairs=pairs, again_share=share, again_count=count)
        asked = settled(**question)
        choice = Choice(ask=ask, endpoints=tuple(endpoints), workload_ids=tuple(workloads), margin=margin, seed=seed)
        with Warehouse.read(self.path) as warehouse, shown(not progress) as telling:
            return make_sample(
                warehouse,
                asked.question,
                asked.config,
                asked.assumptions,
                choice,
                out=path_of(out),
                read_texts=partial(texts, maps=tuple(map(Path, maps))),
                redactor=presidio() if redact else None,
                progress=telling,
            )

    def policy(
        self,
        *,
        stages: Sequence[float] = (0.01, 0.1, 0.5, 1.0),
        stage: int | None = None,
        with_pilots: bool = False,
        with_classifier: bool = False,
        progress: bool = False,
        **question: Unpack[Asked],
    ) -> RoutingPolicy:
        """The routing policy that the verdicts allow, by what a router can see: `audit policy`.

        `stages` are the shares that a rule climbs from its first stage on, `stage` the one (from 1) whose shares the
        policy has; by default those of the last. The rule with most to gain for least at stake begins alone.
        `with_pilots` adds rules for workloads still to be measured, at the share of the first stage;
        `with_classifier` lets the candidate read every request of a rule first, and counts what that costs.
        """
        return policy_of(
            self.path,
            settled(**question),
            stages=stages,
            stage=stage,
            with_pilots=with_pilots,
            with_classifier=with_classifier,
            progress=progress,
        )

    def plan(
        self,
        *,
        stages: Sequence[float] = (0.01, 0.1, 0.5, 1.0),
        checks_per_day: int = 200,
        successors: bool = False,
        progress: bool = False,
        **question: Unpack[Asked],
    ) -> RolloutPlan:
        """The rollout in stages, with what each needs and what ends it: `audit plan`.

        `stages` are as for `policy`; `checks_per_day` is how many answers of a workload can be compared a day.
        `successors` adds the same traffic on the models that follow this pair.
        """
        return plan_of(
            self.path,
            settled(**question),
            stages=stages,
            checks_per_day=checks_per_day,
            with_successors=successors,
            progress=progress,
        )

    def simulate(
        self,
        policy: str | Path | RoutingPolicy = "ours",
        *,
        at_ceiling: bool = False,
        frontier: bool = False,
        progress: bool = False,
        **question: Unpack[Asked],
    ) -> "Simulation":
        """What a policy would have done with the log: the document of `audit policy simulate --json`.

        `policy` is "ours", "none", "all" (that no gate stops), a file, or one from `policy`. With `at_ceiling`,
        answers of unmeasured length are no longer than today's; `frontier` adds the least spend at every loss.
        """
        asked = settled(**question)
        return simulation_of(self.path, asked, policy, at_ceiling=at_ceiling, with_frontier=frontier, progress=progress)

    def backtest(
        self,
        *,
        pairs: Sequence[int] = (20, 50, 100, 200),
        resamples: int = 200,
        margin: float | None = None,
        seed: int = 1,
        config: str | Path | None = None,
        today: date | None = None,
        progress: bool = False,
    ) -> "Backtest":
        """How often verdicts, intervals and savings would have been right on the outcomes in the database.

        The document of `audit backtest --json`; `audit.run_backtest` does the same on files of outcomes.
        """
        from audit.library.trials import tried_on_database

        return tried_on_database(
            self.path,
            pairs=pairs,
            resamples=resamples,
            margin=margin,
            seed=seed,
            config=config,
            today=today,
            progress=progress,
        )

    def margin(
        self,
        revenue: str | Path,
        *,
        units: Sequence[str] = (),
        rates: Mapping[str, float] | None = None,
        html: str | Path | None = None,
        progress: bool = False,
        **question: Unpack[Asked],
    ) -> "Margins":
        """Revenue against cost per customer, now and after routing: the document of `audit margin REVENUE --json`.

        `units` names columns of the file that count what is sold, `rates` the USD of one unit of other currencies:
        {"EUR": 1.08}. With `html` the page of the report, with the margins in it, is also written there.
        """
        from audit.library.money import margins

        return margins(
            self.path,
            Path(revenue),
            settled(**question),
            units=units,
            rates=rates,
            html=path_of(html),
            progress=progress,
        )

    def export(
        self,
        relation: str,
        out: str | Path,
        *,
        form: "Form | None" = None,
        force: bool = False,
        progress: bool = False,
        **question: Unpack[Asked],
    ) -> Path:
        """The path of the file `out`, to which a relation, or FOCUS charges by the name "focus", is written.

        `form` is csv, excel (a CSV in which no text can become a formula) or parquet; without it the ending of `out`
        decides. Nothing is overwritten without `force`.
        """
        from audit.library.money import exported

        return exported(self.path, relation, Path(out), settled(**question), form=form, force=force, progress=progress)


def open(path: str | Path = "usage.duckdb") -> Audit:  # noqa: A001 - reads as audit.open
    """The database at `path`, checked to be one; DatabaseError otherwise."""
    with Warehouse.read(Path(path)):
        return Audit(Path(path))
