"""What people say of judged pairs: labels from a file, kept beside the judge's scores.

A label names the better answer, or scores both. Where it does the first, the pair gets 1 for an answer unless the
other is better: the same meaning as a judge's verdict, so that both speak of the same loss.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from audit.catalog.models import family_members
from audit.counting import none_of, number_of
from audit.errors import InputError
from audit.evidence.judged import HUMAN_SCORES, JUDGE
from audit.evidence.outcomes import parse_scale
from audit.evidence.record_files import read_bytes, read_records
from audit.warehouse import Warehouse

LABEL_COLUMNS = ("sample_id", "candidate_model", "conversation", "first", "second", "preference", "labelled_by")
"""Columns of the sheet that people fill in."""

PREFERENCES = ("incumbent", "candidate", "tie", "first", "second")
MAX_PROBLEMS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One person's scores of both answers, 0..1."""

    line: int
    key: str
    """`sample_id` or `request_id`, with its name before it."""
    candidate_model: str
    """Whose answer it was; '' where only one candidate's were judged."""
    incumbent: float
    candidate: float
    labelled_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """What became of a file of labels: read = used + unknown + duplicate + empty."""

    path: str
    read: int
    used: int
    unknown: int
    """About requests of which no judged pair is stored."""
    duplicate: int
    """The same person's same label once more."""
    empty: int
    """Rows nobody has filled in."""
    pairs: int
    """Stored pairs that have these labels now, by every judge of the request."""
    changed: int
    """Of them, pairs that had none or others before; 0 the second time."""


def incumbent_is_first(sample_id: str) -> bool:
    """Whether the sheet shows the incumbent's answer first: fixed for each request, and not to be seen from it."""
    return hashlib.sha256(f"label order {sample_id}".encode()).digest()[0] % 2 == 0


def add_labels(db: Path, file: Path, *, scale: str = "1") -> Labelled:
    """Keep the labels of `file` with the judged pairs in the database at `db`; adding it again changes nothing.

    Several people's labels of one pair are averaged. Raises InputError naming the lines that contradict each other
    or hold no label, and where none is of a stored pair.
    """
    labels, empty = read_labels(file, scale=scale)
    with Warehouse.change(db) as warehouse:
        stored = _judged(warehouse)
        meant = [_of_one(file, label, stored.get(label.key, set())) or label for label in labels]
        kept, duplicate = _distinct(file, meant)
        used = [label for label in kept if label.candidate_model in stored.get(label.key, ())]
        if labels and not used:
            raise InputError(
                f"{file}: {none_of(len(labels), 'label')} of a judged pair in {db}; bring the judge's "
                "verdicts first (`audit outcomes judged`)"
            )
        pairs, changed = _store(warehouse, used)
    return Labelled(
        path=str(file),
        read=len(labels) + empty,
        used=len(used),
        unknown=len(kept) - len(used),
        duplicate=duplicate,
        empty=empty,
        pairs=pairs,
        changed=changed,
    )


def _judged(warehouse: Warehouse) -> dict[str, set[str]]:
    """Key of every request with judged pairs -> the candidates whose answers were judged."""
    found: dict[str, set[str]] = {}
    for name in ("sample_id", "request_id"):
        for value, model in warehouse.rows(
            f"select distinct {name}, candidate_model from paired_outcomes "
            f"where starts_with(grader, '{JUDGE}') and {name} is not null"
        ):
            found.setdefault(f"{name} {value}", set()).add(str(model))
    return found


def _of_one(path: Path, label: Label, judged: set[str]) -> Label | None:
    """The label with the model whose answer it means, one of the `judged`; InputError where that could be several."""
    meant = judged & set(family_members(label.candidate_model)) if label.candidate_model else judged
    if len(meant) > 1:
        raise InputError(
            f"{path}, line {label.line:,}: the answers of {', '.join(sorted(meant))} to this request were judged; "
            "say in a column candidate_model whose is meant"
        )
    return replace(label, candidate_model=next(iter(meant))) if meant else None


def _store(warehouse: Warehouse, labels: list[Label]) -> tuple[int, int]:
    """Write the mean label of every pair; how many pairs have one of them now, and how many of those changed."""
    import polars as pl

    rows = [(each.key, each.candidate_model, each.incumbent, each.candidate) for each in labels]
    names = ("label_key", "label_model", "new_incumbent", "new_candidate")
    frame = pl.DataFrame(rows, schema=dict(zip(names, (pl.String,) * 2 + (pl.Float64,) * 2, strict=True)), orient="row")
    warehouse.temporary("new_labels", frame)
    means = f"""
        select
            paired_outcomes.rowid as pair,
            avg(new_incumbent) as new_incumbent,
            avg(new_candidate) as new_candidate,
            any_value({HUMAN_SCORES[0]}) as old_incumbent,
            any_value({HUMAN_SCORES[1]}) as old_candidate
        from paired_outcomes
        inner join new_labels
            on starts_with(grader, '{JUDGE}')
            and label_key in ('sample_id ' || paired_outcomes.sample_id, 'request_id ' || paired_outcomes.request_id)
            and label_model = paired_outcomes.candidate_model
        group by paired_outcomes.rowid
    """
    is_same = "old_incumbent is not distinct from new_incumbent and old_candidate is not distinct from new_candidate"
    pairs, same = warehouse.rows(f"select count(*), count(*) filter (where {is_same}) from ({means})")[0]
    with warehouse.transaction():
        warehouse.execute(
            f"update paired_outcomes set {HUMAN_SCORES[0]} = new_incumbent, {HUMAN_SCORES[1]} = new_candidate "
            f"from ({means}) as means where paired_outcomes.rowid = means.pair"
        )
    return int(str(pairs)), int(str(pairs)) - int(str(same))


def read_labels(path: Path, *, scale: str = "1") -> tuple[list[Label], int]:
    """The labels of a CSV, JSON Lines or Parquet file, and how many of its rows are not filled in."""
    bounds = parse_scale(scale)
    records, names = read_records(path, read_bytes(path))
    if not {"sample_id", "request_id"} & set(names):
        raise InputError(f"{path}: missing column sample_id or request_id; found {', '.join(names)}")
    if "preference" not in names and not set(HUMAN_SCORES) <= set(names):
        raise InputError(
            f"{path}: missing column preference, or {' and '.join(HUMAN_SCORES)}; found {', '.join(names)}"
        )
    labels: list[Label] = []
    problems: list[str] = []
    empty = 0
    for line, record in records:
        found = _label(line, record, bounds)
        if isinstance(found, str):
            problems.append(f"line {line:,}: {found}")
        elif found is None:
            empty += 1
        else:
            labels.append(found)
    if problems:
        more = [f"and {len(problems) - MAX_PROBLEMS:,} more"] if len(problems) > MAX_PROBLEMS else []
        quoted = "\n  ".join(problems[:MAX_PROBLEMS] + more)
        raise InputError(f"{path}: {number_of(len(problems), 'label')} cannot be used; nothing was changed\n  {quoted}")
    return labels, empty


def _label(line: int, record: Mapping[str, object], bounds: tuple[float, float]) -> Label | str | None:
    """The label of a row, what is wrong with it, or None where it is not filled in."""
    sample_id, request_id, model, preference, labelled_by = (
        str(record.get(name) if record.get(name) is not None else "").strip()
        for name in ("sample_id", "request_id", "candidate_model", "preference", "labelled_by")
    )
    given = [record.get(name) for name in HUMAN_SCORES]
    scores = [None if value is None or not str(value).strip() else str(value).strip() for value in given]
    if not preference and scores == [None, None]:
        return None
    if not sample_id and not request_id:
        return "neither sample_id nor request_id"
    if preference:
        word = preference.lower()
        if word not in PREFERENCES:
            return f"preference {preference!r} is not one of {', '.join(PREFERENCES)}"
        if word in ("first", "second"):
            if not sample_id:
                return f"preference {preference!r} needs the sample_id of the sheet; write incumbent or candidate"
            word = "incumbent" if (word == "first") == incumbent_is_first(sample_id) else "candidate"
        values: list[float] = [0.0 if word == "candidate" else 1.0, 0.0 if word == "incumbent" else 1.0]
    else:
        values: list[float] = []
        for name, text in zip(HUMAN_SCORES, scores, strict=True):
            value = _score(text, bounds)
            if value is None:
                return f"{name} {text or ''!r} is not a number in {bounds[0]:g}..{bounds[1]:g}; see --scale"
            values.append(value)
    key = f"sample_id {sample_id}" if sample_id else f"request_id {request_id}"
    return Label(
        line=line,
        key=key,
        candidate_model=model,
        incumbent=values[0],
        candidate=values[1],
        labelled_by=labelled_by,
    )


def _score(text: str | None, bounds: tuple[float, float]) -> float | None:
    low, high = bounds
    try:
        value = float(text or "")
    except ValueError:
        return None
    return (value - low) / (high - low) if low <= value <= high else None


def _distinct(path: Path, labels: list[Label]) -> tuple[list[Label], int]:
    """The labels without repetitions, and their number; InputError where one person says two things of one pair."""
    first: dict[tuple[str, str, str], Label] = {}
    for label in labels:
        other = first.setdefault((label.key, label.candidate_model, label.labelled_by), label)
        if (other.incumbent, other.candidate) != (label.incumbent, label.candidate):
            who = f"{label.labelled_by!r} says" if label.labelled_by else "the same person (no labelled_by) says"
            raise InputError(
                f"{path}: lines {other.line:,} and {label.line:,}: {who} two things of {label.key}; keep "
                "one, or name two people in labelled_by"
            )
    return list(first.values()), len(labels) - len(first)
