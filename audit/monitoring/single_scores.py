"""Scores of one answer alone: a check in production, or a person, saw the answer of the model that served it.

Nobody asked the other model the same. Two scores of the same day and rule, one of each model, are then compared as if
they were a pair: whichever requests a canary's draw sent where, their difference has the mean of a pair, and a larger
spread. More of them are needed, and none of this holds where somebody chose which requests to send.

Where all traffic has moved, there is no other model any more. The candidate's failures are then held against the most
that the incumbent's own scores, of whatever day, leave possible for its failures.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from audit.catalog.models import canonical
from audit.errors import InputError
from audit.evidence.outcomes import parse_scale
from audit.evidence.record_files import read_bytes, read_records

REQUIRED = ("model", "score")
COLUMNS = ("request_id", "endpoint", "observed_on", *REQUIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleScore:
    """One answer's score, 0 to 1, and what ties it to the traffic."""

    model: str
    score: float
    request_id: str | None
    endpoint: str | None
    observed_on: date | None


def is_one_sided(path: Path) -> bool:
    """Whether a file has one model and one score a row, not a pair."""
    _, names = read_records(path, read_bytes(path), (*COLUMNS, "incumbent_score", "candidate_score"))
    return set(REQUIRED) <= set(names) and not {"incumbent_score", "candidate_score"} & set(names)


def read_single_scores(path: Path, *, today: date, scale: str = "1") -> list[SingleScore]:
    """The rows of a CSV, JSON Lines or Parquet file; InputError quotes the first value that cannot be used."""
    low, high = parse_scale(scale)
    records, names = read_records(path, read_bytes(path), COLUMNS)
    if not {"request_id", "endpoint"} & set(names):
        raise InputError(f"{path}: missing column endpoint or request_id; found {', '.join(names)}")
    found: list[SingleScore] = []
    for number, record in records:

        def refuse(name: str, what: str, number: int = number) -> InputError:
            return InputError(f"{path}: column {name}, line {number:,}: {what}")

        model, request, endpoint = (_text(record, name) for name in ("model", "request_id", "endpoint"))
        if model is None:
            raise refuse("model", "empty; name the model that answered")
        if request is None and endpoint is None:
            raise refuse("endpoint", "empty, and no request_id either; give one of them")
        day = _day(record, refuse)
        found.append(
            SingleScore(
                model=canonical(model, day or today),
                score=(_score(record, low, high, refuse) - low) / (high - low),
                request_id=request,
                endpoint=endpoint,
                observed_on=day,
            )
        )
    if not found:
        raise InputError(f"{path}: no scores, only column names; add one row per answer")
    return found


Scores = dict[str, list[float]]
"""By role."""


def compared(by_day: Mapping[date, Scores]) -> tuple[list[tuple[date, float]], list[tuple[date, float]]]:
    """(day, incumbent's score minus candidate's), the n-th of a day with the n-th; and the candidate's left over."""
    pairs: list[tuple[date, float]] = []
    left: list[tuple[date, float]] = []
    for day, sides in sorted(by_day.items()):
        before, after = sides["incumbent"], sides["candidate"]
        pairs += [(day, one - other) for one, other in zip(before, after, strict=False)]
        left += [(day, score) for score in after[len(before) :]]
    return pairs, left


def _text(record: Mapping[str, object], name: str) -> str | None:
    value = record.get(name)
    return None if value is None else str(value).strip() or None


Refuse = Callable[[str, str], InputError]


def _score(record: Mapping[str, object], low: float, high: float, refuse: Refuse) -> float:
    text = (_text(record, "score") or "").lower()
    try:
        score = float({"true": "1", "false": "0"}.get(text, text))
    except ValueError:
        raise refuse("score", f"{text!r} is not a number") from None
    if not low <= score <= high:
        raise refuse("score", f"{text!r} is outside {low:g}..{high:g}; say with --scale how far scores reach")
    return score


def _day(record: Mapping[str, object], refuse: Refuse) -> date | None:
    text = _text(record, "observed_on")
    try:
        return None if text is None else date.fromisoformat(text[:10])
    except ValueError:
        raise refuse("observed_on", f"{text!r} is not a date like 2026-03-05") from None
