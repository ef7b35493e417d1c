"""A file of paired outcomes -> a checked table: both models' scores on the same prompts.

A verdict can only be as good as this file, so a value that cannot be what its column says stops the reading, with
its line, instead of becoming a missing pair.
"""

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import cast

import polars as pl

from audit.counting import number_of
from audit.errors import ConfigError, InputError
from audit.evidence.record_files import read_bytes, read_records

REQUIRED = ("incumbent_model", "candidate_model", "incumbent_score", "candidate_score")
SCHEMA: dict[str, pl.DataType] = {
    "record_number": pl.Int64(),
    "scope": pl.String(),
    "endpoint": pl.String(),
    "request_id": pl.String(),
    "sample_id": pl.String(),
    "sample_hash": pl.String(),
    "workload": pl.String(),
    "incumbent_model": pl.String(),
    "candidate_model": pl.String(),
    "incumbent_score": pl.Float64(),
    "candidate_score": pl.Float64(),
    "input_tokens": pl.Int64(),
    "incumbent_output_tokens": pl.Int64(),
    "candidate_output_tokens": pl.Int64(),
    "grader": pl.String(),
    "observed_on": pl.Date(),
    "weight": pl.Float64(),
    "parse_failed": pl.Boolean(),
    "incumbent_failed": pl.Boolean(),
    "incumbent_human_score": pl.Float64(),
    "candidate_human_score": pl.Float64(),
    "replay_cost": pl.Float64(),
    "judge_cost": pl.Float64(),
    "stratum": pl.String(),
}
"""Columns of the result; the file may carry all but the first two, in any order, beside columns of its own."""

COLUMNS = tuple(SCHEMA)[2:]
PLACES = ("endpoint", "request_id", "sample_id")
"""What ties a pair to the traffic."""
SCORES = ("incumbent_score", "candidate_score")
SCALED = (*SCORES, "incumbent_human_score", "candidate_human_score")

MISSED = ("weight", "parse_failed", "incumbent_output_tokens", "candidate_output_tokens")
"""Optional columns whose misspelling would change a verdict unseen; other unknown columns are the user's own."""

MAX_PROBLEMS = 5
"""Problems quoted in one error: enough to see a pattern."""

MAX_TOKENS = 10_000_000
"""More than any model reads or writes at once."""

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """The pairs of one file and the SHA-256 of its bytes, by which a second reading is recognised."""

    path: Path
    file_hash: str
    frame: pl.DataFrame


class _BadValueError(Exception):
    """What is wrong with one value."""


def parse_scale(text: str) -> tuple[float, float]:
    """Lowest and highest possible score of `--scale`: "100" is 0..100, "1..5" and "1-5" are 1..5.

    >>> parse_scale("10"), parse_scale("1-5"), parse_scale("-10..10")
    ((0.0, 10.0), (1.0, 5.0), (-10.0, 10.0))
    """
    number = r"\d+(?:\.\d+)?"
    match = re.fullmatch(rf"\s*(?:(-?{number})\s*\.\.\s*|({number})\s*-\s*)?(-?{number})\s*", text)
    low, high = (float(match[1] or match[2] or 0), float(match[3])) if match else (0.0, 0.0)
    if not low < high:
        raise ConfigError(f"--scale {text!r} is not a range of scores; give the highest (100) or both ends (1..5)")
    return low, high


def read_outcomes(path: Path, *, scale: str = "1") -> Outcomes:
    """Pairs of a CSV, JSON Lines or Parquet file with scores as 0..1, columns of SCHEMA, in file order.

    `record_number` is the line in a text file, the row from 1 in Parquet. `scope` is 'request' where a request id is
    given, else 'endpoint'. A pair with `parse_failed` may lack scores. InputError quotes the first bad values.
    """
    bounds = parse_scale(scale)
    content = read_bytes(path)
    records, names = read_records(path, content, COLUMNS)
    _check_names(path, names)
    rows: list[dict[str, object]] = []
    problems: list[str] = []
    for number, record in records:
        row, found = _row(number, record, bounds)
        rows.append(row)
        problems += found
    if problems:
        more = len(problems) - MAX_PROBLEMS
        quoted = "\n  ".join(problems[:MAX_PROBLEMS] + ([f"and {more:,} more"] if more > 0 else []))
        raise InputError(f"{path}: {number_of(len(problems), 'value')} cannot be used; nothing was added\n  {quoted}")
    if not rows:
        raise InputError(f"{path}: no pairs, only column names; add one row per pair")
    frame = pl.DataFrame(rows, schema=SCHEMA)
    return Outcomes(path=path, file_hash=hashlib.sha256(content).hexdigest(), frame=frame)


def _check_names(path: Path, names: list[str]) -> None:
    """Refuse missing required columns, doubled ones, and names that look like a misspelt known one."""
    missing = [name for name in REQUIRED if name not in names]
    if not set(PLACES) & set(names):
        missing.append("endpoint or request_id")
    sought = set(COLUMNS if missing else MISSED) - set(names)
    strange = {name: get_close_matches(name.lower(), sought, n=1, cutoff=0.8) for name in names if name not in COLUMNS}
    if "custom_id" in names:
        raise InputError(f"{path}: lines of a batch; name the folder that `audit sample` wrote with --sample DIR")
    hints = [f"{name!r} looks like {near[0]!r}: rename it" for name, near in strange.items() if near]
    if missing:
        raise InputError("; ".join([f"{path}: missing column {', '.join(missing)}; found {', '.join(names)}", *hints]))
    if hints:
        raise InputError(f"{path}: {'; '.join(hints)}")
    if doubled := sorted({name for name in names if names.count(name) > 1 and name in COLUMNS}):
        raise InputError(f"{path}: column {', '.join(doubled)} appears twice; keep one")


def _row(number: int, record: Mapping[str, object], bounds: tuple[float, float]) -> tuple[dict[str, object], list[str]]:
    """The typed row and what is wrong with it."""
    row: dict[str, object] = {"record_number": number}
    problems: list[str] = []
    for name in COLUMNS:
        try:
            value = record.get(name)
            row[name] = _score(value, bounds) if name in SCALED else _READERS.get(name, _text)(value)
        except _BadValueError as error:
            row[name] = None
            problems.append(f"column {name}, line {number:,}: {error}")
    if not problems:
        problems += [f"column {name}, line {number:,}: {what}" for name, what in _gaps(row)]
    row["scope"] = "endpoint" if row["request_id"] is None and row["sample_id"] is None else "request"
    return row, problems


def _gaps(row: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name in ("incumbent_model", "candidate_model"):
        if row[name] is None:
            yield name, "empty; name the exact model"
    if all(row[name] is None for name in PLACES):
        yield "endpoint", "empty, and no request_id either; give one of them"
    for name in SCORES:
        if row[name] is None and not row["parse_failed"] and not row["incumbent_failed"]:
            yield name, "empty; give a score, or parse_failed = true if the answer could not be read"


def _text(value: object) -> str | None:
    if isinstance(value, (dict, list)):
        raise _BadValueError("a nested value, not text")
    return None if value is None else str(value).strip() or None


def _sample_id(value: object) -> str | None:
    text = _text(value)
    if text is not None and not re.fullmatch("[0-9a-f]{16}", text):
        raise _BadValueError(f"{value!r} is not an id of `audit sample`: 16 hex digits")
    return text


def _number(value: object) -> float | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return float(value.strip().lower() == "true")
    try:
        number = float(cast("float", value))
    except (TypeError, ValueError, OverflowError):
        with_point = "; write the decimals after a point" if "," in str(value) else ""
        raise _BadValueError(f"{value!r} is not a number{with_point}") from None
    if not math.isfinite(number):
        raise _BadValueError(f"{value!r} is not a finite number")
    return number


def _score(value: object, bounds: tuple[float, float]) -> float | None:
    number = _number(value)
    if number is None:
        return None
    low, high = bounds
    if not low <= number <= high:
        raise _BadValueError(f"{value!r} is outside {low:g}..{high:g}; say with --scale how far scores reach")
    return (number - low) / (high - low)


def _tokens(value: object) -> int | None:
    number = _number(value)
    if number is None:
        return None
    if number != int(number) or not 0 <= number <= MAX_TOKENS:
        raise _BadValueError(f"{value!r} is not a count of tokens")
    return int(number)


def _weight(value: object) -> float:
    number = _number(value)
    if number is not None and number <= 0:
        raise _BadValueError(f"{value!r} is not above 0; leave out pairs that should not count")
    return 1.0 if number is None else number


def _cost(value: object) -> float | None:
    number = _number(value)
    if number is not None and number < 0:
        raise _BadValueError(f"{value!r} is below 0; give USD")
    return number


def _day(value: object) -> date | None:
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(str(value).strip()[:10])
    except ValueError:
        raise _BadValueError(f"{value!r} is not a date like 2026-03-05") from None


def _flag(value: object) -> bool:
    text = "" if value is None else str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE or not text:
        return False
    raise _BadValueError(f"{value!r} is not true or false")


_READERS: Mapping[str, Callable[[object], object]] = {
    "input_tokens": _tokens,
    "incumbent_output_tokens": _tokens,
    "candidate_output_tokens": _tokens,
    "weight": _weight,
    "observed_on": _day,
    "parse_failed": _flag,
    "incumbent_failed": _flag,
    "sample_id": _sample_id,
    "replay_cost": _cost,
    "judge_cost": _cost,
}
