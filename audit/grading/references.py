"""What is known to be right for some requests, or what people gave for the answers: a file of the user's own.

Rows name a request by `sample_id` or `request_id`, and have `expected` (text, a number, JSON, tool calls), or
`candidate_score` and `incumbent_score` (and `again_score`) where the endpoint's grader is "label".
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from audit.counting import none_of
from audit.errors import InputError
from audit.evidence.outcomes import parse_scale
from audit.evidence.record_files import read_bytes, read_records
from audit.grading.message import Answer, answer_of_value
from audit.grading.sample_folder import Sample
from audit.sampling.manifest import Role

LABELS: Mapping[str, Role] = {
    "candidate_score": "candidate",
    "incumbent_score": "incumbent",
    "again_score": "again",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Gold answers and people's scores (0..1), by sample id."""

    expected: Mapping[str, Answer] = field(default_factory=dict[str, Answer])
    scores: Mapping[tuple[str, Role], float] = field(default_factory=dict[tuple[str, Role], float])
    unknown: int = 0
    """Rows whose request is not in the sample."""
    file_hash: str = ""


def read_references(path: Path, sample: Sample, *, scale: str = "1") -> References:
    """The references in a CSV, JSON Lines or Parquet file; InputError names the line that cannot be used."""
    content = read_bytes(path)
    records, names = read_records(path, content)
    if not {"sample_id", "request_id"} & set(names):
        raise InputError(f"{path}: missing column sample_id or request_id; found {', '.join(names)}")
    if not {"expected", *LABELS} & set(names):
        raise InputError(f"{path}: missing column expected, or {', '.join(LABELS)}; found {', '.join(names)}")
    by_request = {replay.request_id: replay.sample_id for replay in sample.replays.values() if replay.request_id}
    bounds = parse_scale(scale)
    expected: dict[str, Answer] = {}
    scores: dict[tuple[str, Role], float] = {}
    unknown = 0
    for number, record in records:
        where = f"{path}, line {number:,}"
        name = str(record.get("sample_id") or by_request.get(str(record.get("request_id"))) or "")
        if name not in sample.replays:
            unknown += 1
            continue
        value = record.get("expected")
        if value is not None and value != "":
            answer = answer_of_value(value)
            if expected.setdefault(name, answer) != answer:
                raise InputError(f"{where}: another answer is expected for the same request above; keep one of them")
        for column, role in LABELS.items():
            given = record.get(column)
            if given is not None and given != "":
                score = _score(f"{where}, column {column}", given, bounds)
                if scores.setdefault((name, role), score) != score:
                    raise InputError(f"{where}, column {column}: another score is given above; keep one of them")
    if not expected and not scores:
        raise InputError(f"{path}: {none_of(unknown, 'row')} about a request of {sample.folder}")
    return References(expected=expected, scores=scores, unknown=unknown, file_hash=hashlib.sha256(content).hexdigest())


def _score(where: str, value: object, bounds: tuple[float, float]) -> float:
    low, high = bounds
    try:
        score = float(str(value))
    except ValueError:
        score = math.nan
    if not low <= score <= high:
        raise InputError(f"{where}: {value!r} is no score in {low:g}..{high:g}; say with --scale how far scores reach")
    return (score - low) / (high - low)
