"""`audit outcomes judged`: a judge's verdicts, kept as paired outcomes. Texts are not kept."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import cast

import polars as pl

from audit.config import Config
from audit.counting import number_of
from audit.errors import CheckError, InputError
from audit.evidence.judged import HUMAN_SCORES, JUDGE
from audit.evidence.outcome_log import Added, store_outcomes
from audit.evidence.outcomes import SCHEMA, Outcomes
from audit.evidence.record_files import read_bytes, read_records
from audit.grading import judge_batch
from audit.grading.answers import Replies, read_replies
from audit.grading.judge_rubric import Judge
from audit.grading.judge_verdicts import Judged, judged
from audit.grading.replay_cost import BatchPrices
from audit.grading.values import mapping
from audit.sampling.manifest import ORDERS
from audit.warehouse import Warehouse

WITHOUT_ASKING = {"same": (1.0, 1.0), "candidate_failed": (1.0, 0.0)}
"""Scores that need no judge: the same to the letter is a tie, an answer that cannot be read is a loss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedVerdicts:
    """What became of a judge's replies: `read` is the sum of `counts`."""

    folder: str
    graders: Sequence[str]
    read: int
    counts: Mapping[str, int]
    """Lines by what became of them: used, unreadable_verdict, half (the other order is missing or unreadable),
    not_answered, duplicate, unknown, unreadable."""
    reasons: Mapping[str, int]
    """Why a reply holds no verdict."""
    pairs: Mapping[str, int]
    """Pairs: judged, same, candidate_failed, incumbent_failed, judge_unreadable, and missing, which are not stored."""
    inconsistent: int
    """Pairs whose verdict turned with the order; they count half to either side."""
    position_bias: Mapping[str, float] | None
    missing: Sequence[str]
    """Custom ids to ask again."""
    judge_cost: float | None
    notes: Sequence[str]
    added: Added


def add_verdicts(db: Path, folder: Path, files: Sequence[Path], config: Config, *, today: date) -> AddedVerdicts:
    """Keep the verdicts of `files` on the pairs of `folder` in the database at `db`; the same again changes nothing.

    A judge is its model, as it names itself, and its rubric: another of either is another grader. Human labels of the
    same answers stay with them. Raises InputError when no pair came of it.
    """
    judge, rows, content = _read_folder(folder)
    asked = frozenset(str(row["sample_id"]) for row in rows if _state(row) == "asked")
    replies = read_replies(files, asked, ORDERS)
    found = judged(replies.chosen, asked)
    counts = _counts(replies, found)
    prices = BatchPrices(config)
    named = Counter(reply.model for reply in replies.chosen.values() if reply.model)
    usual = named.most_common(1)[0][0] if named else judge.model
    kept = [
        _row(row, judge, usual, found, replies, prices, today)
        for row in rows
        if _state(row) != "asked" or row["sample_id"] in found.pairs or row["sample_id"] in found.unreadable
    ]
    if not found.pairs:
        why = ", ".join(f"{count:,} {reason}" for reason, count in found.reasons.items())
        raise InputError(f"{folder}: no pair has a verdict in both orders ({why or 'replies are missing'})")
    told = json.dumps([replies.file_hash, hashlib.sha256(content).hexdigest(), judge.rubric_hash])
    frame = pl.DataFrame([{"record_number": n, **row} for n, row in enumerate(kept, 1)], schema=SCHEMA)
    with Warehouse.change(db) as warehouse:
        labelled = _with_labels(warehouse, frame)
        outcomes = Outcomes(path=folder, file_hash=hashlib.sha256(told.encode()).hexdigest(), frame=labelled)
        added = store_outcomes(warehouse, outcomes, today=today)
    costs = [cast("float | None", row["judge_cost"]) for row in kept]
    bias = found.position_bias
    states = Counter(_state(row) for row in rows)
    del states["asked"]
    return AddedVerdicts(
        folder=str(folder),
        graders=sorted({str(row["grader"]) for row in kept}),
        read=replies.read,
        counts=counts,
        reasons=found.reasons,
        pairs={"judged": len(found.pairs), "judge_unreadable": len(found.unreadable), **states}
        | {"missing": len(asked) - len(found.pairs) - len(found.unreadable)},
        inconsistent=found.inconsistent,
        position_bias=None if bias is None else bias.to_document(),
        missing=found.missing,
        judge_cost=None if None in costs else sum(cost for cost in costs if cost is not None),
        notes=[*judge_batch.self_preference(judge.model, rows, today), *replies.examples],
        added=added,
    )


def _read_folder(folder: Path) -> tuple[Judge, list[dict[str, object]], bytes]:
    """The judge and the pairs that `audit outcomes judge` wrote; InputError where it did not."""
    if not (folder / judge_batch.JUDGE).is_file():
        raise InputError(f"{folder}: no {judge_batch.JUDGE} in it; give the folder that `audit outcomes judge` wrote")
    content = read_bytes(folder / judge_batch.PAIRS)
    try:
        told = mapping(cast("object", json.loads(read_bytes(folder / judge_batch.JUDGE))))
        judge = Judge(model=str(told["model"]), rubric=str(told["rubric"]))
    except (ValueError, KeyError) as error:
        raise InputError(f"{folder / judge_batch.JUDGE}: not a judge ({error}); write the batch again") from error
    records, _ = read_records(folder / judge_batch.PAIRS, content)
    return judge, [dict(record) for _, record in records], content


def _state(row: Mapping[str, object]) -> str:
    if row.get("incumbent_failed"):
        return "incumbent_failed"
    if row.get("parse_failed"):
        return "candidate_failed"
    return "same" if row.get("is_same") else "asked"


def _counts(replies: Replies, found: Judged) -> dict[str, int]:
    """Every line once."""
    counts = Counter(replies.set_aside)
    for (sample_id, _), reply in replies.chosen.items():
        if reply.answer is None:
            counts["not_answered"] += 1
        elif sample_id in found.pairs:
            counts["used"] += 1
        else:
            counts["half"] += 1
    unread = sum(found.reasons.values())
    counts["half"] -= unread
    counts["unreadable_verdict"] += unread
    if counts.total() != replies.read:
        raise CheckError(
            f"{number_of(replies.read, 'verdict was', 'verdicts were')} read and {counts.total():,} "
            "accounted for; nothing was added"
        )
    return {name: count for name, count in counts.items() if count}


def _row(
    row: Mapping[str, object],
    judge: Judge,
    usual: str,
    found: Judged,
    replies: Replies,
    prices: BatchPrices,
    today: date,
) -> dict[str, object]:
    """The stored pair with its scores, its grader and what judging it cost."""
    sample_id = str(row["sample_id"])
    mine = [reply for order in ORDERS if (reply := replies.chosen.get((sample_id, order))) is not None]
    model = next((reply.model for reply in mine if reply.model), usual)
    costs = [prices.cost(reply, reply.model or judge.model, today) for reply in mine]
    verdict = found.pairs.get(sample_id)
    scores = WITHOUT_ASKING.get(_state(row), (None, None)) if verdict is None else verdict.scores
    observed_on = row.get("observed_on")
    return {name: row.get(name) for name in SCHEMA if name != "record_number"} | {
        "observed_on": None if observed_on is None else date.fromisoformat(str(observed_on)),
        "grader": f"{JUDGE}{model}/{judge.rubric_hash}",
        "incumbent_score": scores[0],
        "candidate_score": scores[1],
        "parse_failed": bool(row.get("parse_failed")) or sample_id in found.unreadable,
        "judge_cost": None if None in costs else float(sum((cost or Decimal(0) for cost in costs), Decimal(0))),
    }


def _with_labels(warehouse: Warehouse, frame: pl.DataFrame) -> pl.DataFrame:
    """The pairs with the labels that people gave the same answers: of this day, with as many tokens."""
    same = ("sample_id", "observed_on", "candidate_output_tokens")
    known = warehouse.frame(
        f"select {', '.join(same)}, any_value({HUMAN_SCORES[0]}) as one, any_value({HUMAN_SCORES[1]}) as other "
        f"from paired_outcomes where {HUMAN_SCORES[0]} is not null and sample_id is not null group by all"
    )
    labelled = frame.join(known.cast({name: SCHEMA[name] for name in same}), on=same, how="left", nulls_equal=True)
    return labelled.with_columns(
        pl.coalesce(HUMAN_SCORES[0], "one").alias(HUMAN_SCORES[0]),
        pl.coalesce(HUMAN_SCORES[1], "other").alias(HUMAN_SCORES[1]),
    ).drop("one", "other")
