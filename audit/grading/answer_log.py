"""`audit outcomes add --sample`: the answers that came back, graded and kept as paired outcomes. Texts are not kept."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from audit.catalog.models import canonical, known_model
from audit.config import Config
from audit.counting import number_of
from audit.errors import CheckError, InputError, UnknownNameError
from audit.evidence.outcome_log import Added, store_outcomes
from audit.evidence.outcomes import SCHEMA, Outcomes
from audit.grader_settings import GraderSettings
from audit.grading.answers import Replies, Reply, read_replies
from audit.grading.graders import settings_by_endpoint
from audit.grading.pairing import Graded, Pair, pair_answers
from audit.grading.references import References, read_references
from audit.grading.replay_cost import BatchPrices
from audit.grading.sample_folder import Sample, read_sample
from audit.progress import Progress, silent
from audit.warehouse import Warehouse


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedAnswers:
    """What became of the answers to a sample: `read` is the sum of `counts`."""

    sample: str
    read: int
    counts: Mapping[str, int]
    """Lines by what became of them: graded, failed, reference, not_answered, incumbent_failed, unpaired, ungraded,
    duplicate, unknown, unreadable."""
    reasons: Sequence[Mapping[str, object]]
    """(what became of it, why, lines), most first."""
    graders: Mapping[str, str]
    """Endpoint -> kind of its grader."""
    notes: Sequence[str]
    added: Added
    replay_cost: float | None
    """USD for the answers of the pairs, at batch prices; None where no price is known."""
    replay_again: Sequence[str] = field(default_factory=list[str])
    """Custom ids of requests that got no answer."""
    missing: Sequence[str] = field(default_factory=list[str])
    """Custom ids of the sample of which these files have no line."""


def add_answers(
    db: Path,
    files: Sequence[Path],
    folder: Path,
    config: Config,
    *,
    today: date,
    references_file: Path | None = None,
    scale: str = "1",
    progress: Progress = silent,
) -> AddedAnswers:
    """Grade the answers in `files` to the sample in `folder` and keep the pairs in the database at `db`.

    The same files, references and graders again change nothing; a newer answer to a request takes the place of the
    older one. Raises InputError when no pair came of them.
    """
    sample = read_sample(folder)
    replies = read_replies(files, sample.replays.keys())
    references = References() if references_file is None else read_references(references_file, sample, scale=scale)
    endpoints = {sample.replays[sample_id].endpoint for sample_id, _ in replies.chosen}
    settings = settings_by_endpoint(endpoints, sample, config.graders)
    graded = pair_answers(sample, replies, settings, references, progress)
    counts = Counter({**graded.fates, **replies.set_aside})
    if counts.total() != replies.read:
        raise CheckError(
            f"{number_of(replies.read, 'answer was', 'answers were')} read and {counts.total():,} accounted "
            "for; nothing was added"
        )
    if not graded.pairs:
        told = "; ".join([*_in_words(counts, graded), *replies.examples])
        raise InputError(f"{folder}: no pair came of {number_of(replies.read, 'answer')}; {told}")
    prices = BatchPrices(config)
    others: Counter[str] = Counter()
    rows = [outcome_row(pair, sample, config, prices, today, others) for pair in graded.pairs]
    outcomes = Outcomes(
        path=folder,
        file_hash=_hash(sample, replies, references, settings),
        frame=pl.DataFrame([{"record_number": n, **row} for n, row in enumerate(rows, 1)], schema=SCHEMA),
    )
    with Warehouse.change(db) as warehouse:
        added = store_outcomes(warehouse, outcomes, today=today)
    costs = [float(str(row["replay_cost"])) for row in rows if row["replay_cost"] is not None]
    reasons = sorted(graded.reasons.items(), key=lambda item: (-item[1], item[0]))
    return AddedAnswers(
        sample=str(folder),
        read=replies.read,
        counts=dict(counts),
        reasons=[{"became": fate, "reason": reason, "lines": count} for (fate, reason), count in reasons],
        graders={endpoint: each.kind for endpoint, each in settings.items()},
        notes=list(_notes(graded, replies, references, others, uncosted=len(rows) - len(costs))),
        added=added,
        replay_cost=math.fsum(costs) if costs else None,
        replay_again=list(graded.again_ids),
        missing=list(graded.missing_ids),
    )


def outcome_row(
    pair: Pair, sample: Sample, config: Config, prices: BatchPrices, today: date, others: Counter[str]
) -> dict[str, object]:
    """A row of the outcomes' columns but for its number."""
    replay, reply = pair.replay, pair.reply
    incumbent = pair.incumbent_reply
    first = replay.incumbent_model if incumbent is None else _answering(incumbent, replay.incumbent_model, config)
    planned = replay.candidate_model if reply.role == "candidate" else replay.incumbent_model
    model = _answering(reply, planned, config)
    day = reply.observed_on or today
    for asked, answered in ((replay.incumbent_model, first), (planned, model)):
        if canonical(answered, day) != canonical(asked, day):
            others[f"{answered} answered where {asked} was asked; the pairs are kept for {answered}"] += 1
    costs = [
        prices.cost(reply, model, today),
        prices.cost(incumbent if reply.role == "candidate" else None, first, today),
    ]
    logged = replay.incumbent_output_tokens
    return {
        "scope": "request",
        "endpoint": replay.endpoint,
        "request_id": replay.request_id,
        "sample_id": replay.sample_id,
        "sample_hash": sample.file_hash,
        "incumbent_model": first,
        "candidate_model": model,
        "incumbent_score": pair.incumbent_score,
        "candidate_score": pair.candidate_score,
        "incumbent_output_tokens": (
            incumbent.usage.output_tokens if logged is None and incumbent and incumbent.usage else logged
        ),
        "candidate_output_tokens": reply.usage.output_tokens if reply.usage else None,
        "grader": pair.grader,
        "observed_on": reply.observed_on,
        "weight": replay.weight,
        "parse_failed": pair.parse_failed,
        "incumbent_failed": pair.incumbent_failed,
        "replay_cost": None if None in costs else float(sum(cost for cost in costs if cost is not None)),
        "stratum": replay.stratum,
    }


def _answering(reply: Reply, planned: str, config: Config) -> str:
    """The model that the reply names, where it is one that anybody knows; a deployment's name says nothing."""
    if reply.model is None:
        return planned
    try:
        return known_model(config.models.get(reply.model, reply.model))
    except UnknownNameError:
        return planned


def _hash(sample: Sample, replies: Replies, references: References, settings: Mapping[str, GraderSettings]) -> str:
    """SHA-256 of everything that the pairs depend on: grading the same again is recognised, another grader is not."""
    graders = {name: [each.kind, dict(each.options)] for name, each in sorted(settings.items())}
    labels = sorted((*key, score) for key, score in references.scores.items())
    parts = [sample.file_hash, replies.file_hash, references.file_hash, labels, graders]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _in_words(counts: Mapping[str, int], graded: Graded) -> Iterator[str]:
    for fate, count in sorted(counts.items()):
        reasons = [reason for (became, reason), _ in graded.reasons.most_common() if became == fate]
        yield f"{count:,} {fate.replace('_', ' ')}" + (f" ({', '.join(reasons[:3])})" if reasons else "")


def _notes(
    graded: Graded, replies: Replies, references: References, others: Counter[str], *, uncosted: int
) -> Iterator[str]:
    """What a person should know before believing the pairs."""
    yield from (f"set aside, {example}" for example in replies.examples)
    yield from (f"{number_of(count, 'answer')}: {text}" for text, count in others.items())
    if graded.both_silent:
        yield (
            f"{number_of(graded.both_silent, 'pair agrees', 'pairs agree')} in calling no tool; what was "
            "said instead was not compared, which a judge could do"
        )
    if references.unknown:
        yield f"{number_of(references.unknown, 'row')} of --references about requests that are not in the sample"
    if uncosted:
        yield f"{number_of(uncosted, 'pair has', 'pairs have')} no replay cost: no price or no token counts are known"
    if graded.alone:
        yield (
            f"{number_of(graded.alone, 'second answer')} of the incumbent came without the candidate's to "
            "the same request, which shows its noise, and the candidate's pairs take no notice; give all files in one "
            "call"
        )
    if graded.unrepeated:
        yield (
            f"in {number_of(graded.unrepeated, 'pair')} the incumbent counts as right, since its only answer "
            "was the yardstick: hard on the candidate; replaying the incumbent once more would show how far it agrees "
            "with itself"
        )
