"""From cells to a report document: the stages in order, each a function of the run so far."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from audit import scope as scopes
from audit.assumptions import Assumptions, exact_decimal
from audit.config import Config
from audit.progress import Progress, silent
from audit.scope import Question, Scope
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl

    from audit.comparing.other_candidates import Others
    from audit.evidence.units import Unit
    from audit.folding import Rest
    from audit.report.document import ReportDocument
    from audit.savings.escalation import Cascade
    from audit.savings.projection import Savings


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is known so far; every stage returns it with one thing more."""

    warehouse: Warehouse
    question: Question
    config: Config
    assumptions: Assumptions
    scope: "Scope | None" = None
    rest: "Rest | None" = None
    """The endpoints that are not shown one by one."""
    workloads: "pl.DataFrame | None" = None
    """One row per workload of the incumbent: tokens, costs on both models, gates, name and shape."""
    verdicts: "pl.DataFrame | None" = None
    savings: "Savings | None" = None
    cascades: "Mapping[str, Cascade]" = field(default_factory=dict[str, "Cascade"])
    """By workload id, where a check is declared."""
    others: "Others | None" = None
    """Candidates beside the pair's, for the what-if."""
    document: "ReportDocument | None" = None


def settle_scope(run: Run) -> Run:
    """Settle pair, sources, days and prices."""
    return replace(run, scope=scopes.settle(run.warehouse, run.question, run.config))


def fold_endpoints(run: Run) -> Run:
    """Keep the endpoints that cost most, and take all others as one."""
    from audit.folding import fold

    return replace(run, rest=fold(run.warehouse, run.question, run.config, run.assumptions))


def price_cells(run: Run) -> Run:
    """Price every cell on both models, once."""
    run.warehouse.execute("create or replace temp table priced_cells as select * from cell_costs")
    run.warehouse.execute("create or replace temp view cell_costs as select * from priced_cells")
    return run


def describe_workloads(run: Run) -> Run:
    """Sum the incumbent's cells into workloads, name them and find what stands in their way."""
    from audit.findings import workloads

    return replace(run, workloads=workloads(run.warehouse, _scope(run), run.config, run.assumptions, run.rest))


def decide_verdicts(run: Run) -> Run:
    """Route, pilot or keep, by outcomes or, failing them, with odds from priors."""
    from audit.evidence.verdicts import decide
    from audit.findings import present

    pairs = run.warehouse.frame("select * from outcome_pairs")
    verdicts = decide(
        _frame(run.workloads),
        pairs,
        candidate=_scope(run).candidate_model,
        assumptions=run.assumptions,
        base_rates=run.warehouse.frame("select * from paired_workloads"),
        task_priors=run.warehouse.frame("select * from task_priors"),
        present=present(run.warehouse, _scope(run), pairs),
    )
    return replace(run, verdicts=verdicts)


def project_savings(run: Run) -> Run:
    """Project the three totals; a workload that would cost more is kept after all."""
    from audit.findings import totals
    from audit.savings.cascade import refuse_costlier
    from audit.savings.projection import project

    workloads, candidate = _frame(run.workloads), _scope(run).candidate_model
    verdicts = refuse_costlier(workloads, _frame(run.verdicts), candidate=candidate, assumptions=run.assumptions)
    daily = run.warehouse.frame(
        "select usage_date, endpoint, model, cast(sum(coalesce(list_cost, 0)) as double) as list_cost "
        "from spend_by_day group by usage_date, endpoint, model order by usage_date, endpoint, model"
    )
    savings = project(
        workloads,
        verdicts,
        daily,
        candidate=candidate,
        assumptions=run.assumptions,
        totals=totals(run.warehouse, _scope(run)),
        seed=run.question.seed,
    )
    return replace(run, verdicts=verdicts, savings=savings)


def measured(run: Run) -> "Mapping[str, Unit]":
    """What was measured of every workload, by its id: what its verdict rests on."""
    from audit.evidence.verdicts import measured_units
    from audit.findings import present

    pairs = run.warehouse.frame("select * from outcome_pairs")
    units, _ = measured_units(
        _frame(run.workloads),
        pairs,
        candidate=_scope(run).candidate_model,
        alpha=run.assumptions.alpha,
        present=present(run.warehouse, _scope(run), pairs),
    )
    return units


def weigh_cascades(run: Run) -> Run:
    """Ask of every workload with a declared check whether candidate plus check beats moving it outright."""
    from audit.evidence.priors import expected_losses
    from audit.savings.check import checks_from
    from audit.savings.escalation import cascades

    if not run.config.check:
        return run
    workloads, candidate = _frame(run.workloads), _scope(run).candidate_model
    found = cascades(
        workloads,
        _frame(run.verdicts),
        measured(run),
        expected_losses(
            workloads,
            candidate,
            base_rates=run.warehouse.frame("select * from paired_workloads"),
            task_priors=run.warehouse.frame("select * from task_priors"),
        ),
        checks=checks_from(run.config.check),
        candidate=candidate,
        assumptions=run.assumptions,
    )
    return replace(run, cascades=found)


def draw_frontier(run: Run) -> Run:
    """Set cost against expected loss for every policy between moving nothing and moving everything."""
    from audit.evidence.priors import expected_losses
    from audit.savings.frontier import frontier

    assert run.document is not None
    workloads, candidate = _frame(run.workloads), _scope(run).candidate_model
    found = frontier(
        workloads,
        _frame(run.verdicts),
        expected_losses(
            workloads,
            candidate,
            base_rates=run.warehouse.frame("select * from paired_workloads"),
            task_priors=run.warehouse.frame("select * from task_priors"),
        ),
        candidate=candidate,
        assumptions=run.assumptions,
        requests=run.document["requests"]["total"],
        spend=exact_decimal(run.document["spend"]["list_cost"]),
    )
    return replace(run, document={**run.document, "frontier": found})


def show_results(run: Run) -> Run:
    """Make every result a relation, so that every figure can be asked for in SQL."""
    from audit import results

    assert run.document is not None
    assert "frontier" in run.document
    assert run.savings is not None
    results.show_results(
        run.warehouse,
        _scope(run),
        _frame(run.workloads),
        _frame(run.verdicts),
        run.savings,
        run.cascades,
        run.document["assumptions"],
        run.document["frontier"],
    )
    return run


def price_other_candidates(run: Run) -> Run:
    """Price the incumbent's traffic on what else its maker sells for less."""
    from audit.comparing.other_candidates import other_candidates

    return replace(run, others=other_candidates(run.warehouse, _scope(run), run.config))


def write_document(run: Run) -> Run:
    """Put everything into the document that text, HTML and JSON show."""
    from audit.assembly import document

    assert run.savings is not None
    assert run.others is not None
    return replace(
        run,
        document=document(
            run.warehouse,
            _scope(run),
            run.config,
            run.assumptions,
            _frame(run.workloads),
            _frame(run.verdicts),
            run.savings,
            run.cascades,
            run.others,
            run.rest,
        ),
    )


STAGES: tuple[Callable[[Run], Run], ...] = (
    settle_scope,
    fold_endpoints,
    price_cells,
    describe_workloads,
    decide_verdicts,
    project_savings,
    weigh_cascades,
    price_other_candidates,
    write_document,
    draw_frontier,
    show_results,
)
"""The whole report, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A finished run."""

    document: "ReportDocument"
    workloads: "pl.DataFrame"
    verdicts: "pl.DataFrame"
    savings: "Savings"
    scope: "Scope"
    cascades: "Mapping[str, Cascade]"


def run_report(
    warehouse: Warehouse, question: Question, config: Config, assumptions: Assumptions, progress: Progress = silent
) -> Result:
    """Run every stage over an open database.

    Raises AuditError when the database holds no requests, and what the stages raise.
    """
    if (error := scopes.nothing_loaded(warehouse)) is not None:
        raise error
    run = Run(warehouse=warehouse, question=question, config=config, assumptions=assumptions)
    for stage in STAGES:
        with progress(stage.__name__.replace("_", " ")):
            run = stage(run)
    assert run.document is not None
    assert run.savings is not None
    return Result(
        document=run.document,
        workloads=_frame(run.workloads),
        verdicts=_frame(run.verdicts),
        savings=run.savings,
        scope=_scope(run),
        cascades=run.cascades,
    )


def _scope(run: Run) -> Scope:
    assert run.scope is not None
    return run.scope


def _frame(frame: "pl.DataFrame | None") -> "pl.DataFrame":
    assert frame is not None
    return frame
