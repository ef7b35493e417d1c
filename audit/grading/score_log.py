"""`audit outcomes add` with the results of an eval harness: scores of two models, paired by test and kept."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import fmean

import polars as pl

from audit.catalog.models import canonical, plain_name
from audit.errors import ConfigError, InputError
from audit.evidence.outcome_log import Added, store_outcomes
from audit.evidence.outcomes import SCHEMA, Outcomes, parse_scale
from audit.evidence.record_files import read_bytes
from audit.grading.harness_files import Score, read_scores
from audit.grading.harness_map import HarnessMap
from audit.warehouse import Warehouse

Test = tuple[str | None, str | None, str, str]
"""(request id, endpoint, item, grader)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One model of the pair: its real name, and what the files call it."""

    model: str
    alias: str

    def answers_to(self, name: str) -> bool:
        """Whether a name in a file means this model."""
        today = date.max
        return name == self.alias or canonical(name, today) == canonical(self.alias, today)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedScores:
    """What became of the scores of a harness: `read` is `paired` and the sum of `unpaired`."""

    harness: str
    read: int
    paired: int
    """Scores that are part of a pair; repeated runs of a test are averaged, so they can be more than two a pair."""
    unpaired: Mapping[str, int]
    """Reason -> scores that are in no pair."""
    added: Added


def side(text: str) -> Side:
    """The model that `--incumbent` or `--candidate` names, as MODEL or MODEL=WHAT THE FILE CALLS IT.

    >>> side("gpt-4o=baseline")
    Side(model='gpt-4o', alias='baseline')
    """
    model, _, alias = text.partition("=")
    if not model:
        raise ConfigError(f"{text!r} names no model; write MODEL, or MODEL=NAME IN THE FILE")
    return Side(model=model, alias=alias or model)


def add_scores(
    db: Path,
    files: Sequence[Path],
    harness: HarnessMap,
    *,
    today: date,
    incumbent: str | None = None,
    candidate: str | None = None,
    endpoint: str | None = None,
    scale: str = "1",
) -> AddedScores:
    """Pair the scores in `files` and keep them in the database at `db`; the same again changes nothing.

    Raises InputError for scores outside of `scale`, for tests that nothing ties to the traffic, and when no test was
    scored for both models; ConfigError when it is not clear which model is which.
    """
    scores = [score for path in files for score in read_scores(path, harness)]
    with Warehouse.change(db) as warehouse:
        served = {str(model) for (model,) in warehouse.rows("select distinct model from traffic_cells")}
        sides = _sides(scores, incumbent, candidate, served)
        rows, unpaired = _pairs(scores, sides, endpoint, parse_scale(scale), scale)
        if not rows:
            reasons = "; ".join(f"{count:,} {reason}" for reason, count in unpaired.most_common())
            raise InputError(f"{files[0]}: no test was scored for both models ({reasons})")
        outcomes = Outcomes(
            path=files[0] if len(files) == 1 else files[0].parent,
            file_hash=_hash(files, [harness.name, *(f"{each.model}={each.alias}" for each in sides), endpoint, scale]),
            frame=pl.DataFrame([{"record_number": n, **row} for n, row in enumerate(rows, 1)], schema=SCHEMA),
        )
        added = store_outcomes(warehouse, outcomes, today=today)
    return AddedScores(
        harness=harness.name,
        read=len(scores),
        paired=len(scores) - unpaired.total(),
        unpaired=dict(unpaired),
        added=added,
    )


def _sides(
    scores: Sequence[Score], incumbent: str | None, candidate: str | None, served: set[str]
) -> tuple[Side, Side]:
    """(incumbent, candidate): as named, or of two models the one with traffic and the other."""
    names = sorted({score.model for score in scores})
    if incumbent is not None and candidate is not None:
        return side(incumbent), side(candidate)
    if len(names) == 2:
        if incumbent is not None or candidate is not None:
            known = side(incumbent or candidate or "")
            others = [name for name in names if not known.answers_to(name)]
        else:
            families = {plain_name(model) for model in served}
            with_traffic = [name for name in names if canonical(name, date.max) in families]
            known = side(with_traffic[0]) if len(with_traffic) == 1 else None
            others = [name for name in names if known is not None and not known.answers_to(name)]
        if known is not None and len(others) == 1:
            other = side(others[0])
            return (other, known) if incumbent is None and candidate is not None else (known, other)
    raise ConfigError(
        f"the scores are of {', '.join(map(repr, names))}; say which is which with --incumbent MODEL --candidate MODEL "
        "(MODEL=NAME where the file calls it NAME)"
    )


def _pairs(
    scores: Sequence[Score],
    sides: tuple[Side, Side],
    endpoint: str | None,
    bounds: tuple[float, float],
    scale: str,
) -> tuple[list[dict[str, object]], Counter[str]]:
    """A row of `SCHEMA` per test and grader that scored both, and the reasons of the other scores."""
    unpaired: Counter[str] = Counter()
    tests: dict[Test, tuple[list[Score], list[Score]]] = {}
    for score in scores:
        place = next((place for place, each in enumerate(sides) if each.answers_to(score.model)), None)
        if place is None:
            unpaired[f"of another model, {score.model}"] += 1
        elif score.score is None:
            unpaired[f"of {score.model}: {score.problem}"] += 1
        else:
            where = score.endpoint or endpoint
            if score.request_id is None and where is None:
                raise InputError(
                    "the tests name neither request_id nor endpoint in their metadata; say with --endpoint NAME which "
                    "traffic they speak for"
                )
            key = (score.request_id, None if score.request_id else where, score.item, score.grader)
            tests.setdefault(key, ([], []))[place].append(score)
    rows: list[dict[str, object]] = []
    for (request_id, where, _, grader), both in sorted(tests.items(), key=lambda test: json.dumps(test[0])):
        if not all(both):
            alone = both[0] or both[1]
            unpaired[f"of {alone[0].model}: no score of the other model for the test"] += len(alone)
            continue
        days = [score.observed_on for score in (*both[0], *both[1]) if score.observed_on is not None]
        rows.append(
            {
                "scope": "endpoint" if request_id is None else "request",
                "endpoint": where,
                "request_id": request_id,
                "incumbent_model": sides[0].model,
                "candidate_model": sides[1].model,
                "incumbent_score": _mean(both[0], bounds, scale),
                "candidate_score": _mean(both[1], bounds, scale),
                "incumbent_output_tokens": _tokens(both[0]),
                "candidate_output_tokens": _tokens(both[1]),
                "grader": grader,
                "observed_on": max(days, default=None),
                "weight": 1.0,
                "parse_failed": False,
                "incumbent_failed": False,
            }
        )
    return rows, unpaired


def _mean(scores: Sequence[Score], bounds: tuple[float, float], scale: str) -> float:
    low, high = bounds
    for each in scores:
        if each.score is None or not low <= each.score <= high:
            raise InputError(
                f"{each.grader} scores {each.score!r} for test {each.item[:80]}, which is outside {low:g}..{high:g}; "
                f"say with --scale how far scores reach (now {scale!r})"
            )
    return (fmean(each.score or 0.0 for each in scores) - low) / (high - low)


def _tokens(scores: Sequence[Score]) -> int | None:
    counts = [score.output_tokens for score in scores if score.output_tokens is not None]
    return round(fmean(counts)) if counts else None


def _hash(files: Sequence[Path], settings: Sequence[str | None]) -> str:
    digests = sorted(hashlib.sha256(read_bytes(path)).hexdigest() for path in files)
    if len(set(digests)) < len(digests):
        raise InputError(f"{files[0]}: a file's content is given twice in this call; name every file once")
    return hashlib.sha256(json.dumps([digests, settings]).encode()).hexdigest()
