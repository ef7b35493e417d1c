"""From a database to a sample folder: what is open, how much to replay, which requests, their texts, the files."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from audit import scope as scopes
from audit.assumptions import Assumptions
from audit.config import Config
from audit.pipeline import Run, decide_verdicts, describe_workloads, fold_endpoints, measured, price_cells, settle_scope
from audit.progress import Progress, silent
from audit.sampling.document import SampleDocument, document
from audit.sampling.draw import Drawn, draw
from audit.sampling.folder import new_folder, open_private, refuse_used
from audit.sampling.found_texts import FoundTexts
from audit.sampling.manifest import MANIFEST
from audit.sampling.plan import Ask, Known, Plan
from audit.sampling.planning import make_plan
from audit.sampling.population import Frames, LeftOut, Population, nothing_to_sample, populations, read_frames
from audit.sampling.redact import Names, Redactor
from audit.sampling.selection import Selection, known_from, select
from audit.sampling.source import Found, Wanted, texts
from audit.sampling.writing import write_files
from audit.scope import Question, Scope
from audit.warehouse import Warehouse
from audit.without_rows import need_rows

Texts = Callable[[Warehouse, Sequence[Wanted], Progress], Iterator[Found]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which workloads are sampled, how large the sample is, and how it is drawn."""

    ask: Ask
    endpoints: Collection[str] = ()
    workload_ids: Collection[str] = ()
    margin: float | None = None
    """In points, for all of them, instead of those by stakes."""
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    """The open questions, and all that a plan is made from."""

    scope: Scope
    assumptions: Assumptions
    choice: Choice
    frames: Frames
    populations: Sequence[Population]
    left_out: Sequence[LeftOut]

    def plan(self, known: Known | None = None, scale: float = 1.0) -> Plan:
        """What the budget, times `scale`, affords."""
        sampled = [each.workload_id for each in self.populations]
        is_tested = pl.col("adjusted_p").is_not_null() | pl.col("workload_id").is_in(sampled)
        tests = self.frames.verdicts.filter(is_tested)["decision_unit"].n_unique()
        plan = make_plan(self.populations, self.choice.ask, self.assumptions, tests=tests, known=known, scale=scale)
        return replace(plan, left_out=(*plan.left_out, *self.left_out))

    def within_budget(self, plan: Plan, drawn: Sequence[Drawn], found: FoundTexts) -> Selection:
        """The sample; a smaller one where the texts make it dearer than the budget allows.

        Only now is it known whose answers the incumbent has to give again, and what these very requests cost.
        """
        ask, known, scale = self.choice.ask, known_from(drawn, found), 1.0
        selection = select(plan, drawn, found, ask)
        while ask.usd is not None and selection.cost > ask.usd:
            scale *= 0.98 if scale < 1 else 0.999
            selection = select(self.plan(known, scale), drawn, found, ask)
        return selection


def make_sample(
    warehouse: Warehouse,
    question: Question,
    config: Config,
    assumptions: Assumptions,
    choice: Choice,
    *,
    out: Path | None,
    read_texts: Texts = texts,
    redactor: Redactor | None = None,
    progress: Progress = silent,
) -> SampleDocument:
    """The manifest of a sample, whose folder is written at `out`; without `out` nothing is drawn and nothing written.

    A `redactor` replaces personal data in every text before it is written anywhere. Raises AuditError when there is
    nothing to sample, and ConfigError when the budget or the folder will not do.
    """
    if out is not None:
        refuse_used(out)
    if (error := scopes.nothing_loaded(warehouse)) is not None:
        raise error
    need_rows(warehouse, "a sample")
    run = Run(warehouse=warehouse, question=question, config=config, assumptions=assumptions)
    for stage in (settle_scope, fold_endpoints, price_cells, describe_workloads, decide_verdicts):
        with progress(stage.__name__.replace("_", " ")):
            run = stage(run)
    asked = _open_questions(run, choice)
    if not asked.populations:
        raise nothing_to_sample(asked.left_out, question.incumbent)
    plan = asked.plan()
    if out is None:
        return document(asked.scope, plan, assumptions, choice.ask, created=question.today, seed=choice.seed)
    with progress("drawing requests"):
        drawn = draw(warehouse, asked.frames, plan.workloads, choice.seed)
    with new_folder(out) as folder:
        spool = folder / "texts.part"
        found = FoundTexts.collect(spool, _redacted(read_texts(warehouse, _wanted(drawn), progress), redactor))
        with progress("writing the sample"):
            selection = asked.within_budget(plan, drawn, found)
            files = write_files(folder, selection, found, asked.scope.candidate_model)
            result = document(
                asked.scope, selection.plan, assumptions, choice.ask, created=question.today, seed=choice.seed,
                is_redacted=redactor is not None, costs=selection.costs(), texts=_counts(selection, found),
                dropped=found.dropped, files=files,
            )  # fmt: skip
            with open_private(folder / MANIFEST) as file:
                file.write(json.dumps(result, ensure_ascii=False, indent=2).encode() + b"\n")
        spool.unlink()
    return result


def replay_plan(run: Run, choice: Choice) -> Plan | None:
    """What a sample of a report's open workloads would replay, and at what cost; None where it cannot replay any."""
    asked = _open_questions(run, choice)
    return asked.plan() if asked.populations else None


def _open_questions(run: Run, choice: Choice) -> _Open:
    """The workloads to sample, and those that are not."""
    assert run.scope is not None
    assert run.workloads is not None
    assert run.verdicts is not None
    frames = read_frames(run.warehouse, run.workloads, run.verdicts, measured(run))
    chosen, left = populations(
        frames, endpoints=choice.endpoints, workload_ids=choice.workload_ids, margin=choice.margin
    )
    return _Open(
        scope=run.scope,
        assumptions=run.assumptions,
        choice=choice,
        frames=frames,
        populations=chosen,
        left_out=left,
    )


def _wanted(drawn: Sequence[Drawn]) -> list[Wanted]:
    """In the order of the exports, so that each is read once."""
    return [
        Wanted(
            sample_id=each.sample_id,
            request_key=each.request_key,
            file_id=each.file_id,
            record_number=each.record_number,
        )
        for each in sorted(drawn, key=lambda each: (each.file_id, each.record_number))
    ]


def _redacted(found: Iterator[Found], redactor: Redactor | None) -> Iterator[Found]:
    """The texts with placeholders, the same one for the same text in a request and its answer."""
    if redactor is None:
        yield from found
        return
    for each in found:
        names = Names()
        body, answer = (None if text is None else redactor.redact(text, names) for text in (each.body, each.answer))
        yield replace(each, body=body, answer=answer)


def _counts(selection: Selection, found: FoundTexts) -> dict[str, int]:
    ids = [each.sample_id for each in selection.requests]
    missing = sum(found.reason(sample_id) is not None for sample_id in ids)
    answered = sum(sample_id in found.answered for sample_id in ids)
    return {"available": len(ids) - missing, "unavailable": missing, "logged_answers": answered}
