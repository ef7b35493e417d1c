"""The export of an eval harness -> one score per test, model and grader, with the reason where there is none."""

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

from audit.csv_signs import delimiter_of
from audit.errors import InputError
from audit.evidence.record_files import MAX_FIELD, read_bytes
from audit.grading.harness_map import Condition, HarnessMap, Paths, harness_maps
from audit.grading.values import as_list, as_object, mapping, mappings

Record = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What one model got for one test by one grader; `problem` says why there is no score."""

    item: str
    model: str
    grader: str
    score: float | None
    problem: str
    endpoint: str | None
    request_id: str | None
    output_tokens: int | None
    observed_on: date | None


def records_of(path: Path) -> tuple[object, list[Record]]:
    """The document a file is (None for lines and rows) and its records where they are lines or rows.

    InputError for a file that is neither JSON, JSON lines nor CSV.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start:,} is not UTF-8; give the JSON, JSONL or CSV export") from error
    if path.suffix.lower() == ".csv":
        csv.field_size_limit(MAX_FIELD)
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter_of(text.partition("\n")[0]))
        return None, [{name: _cell(value) for name, value in row.items() if name} for row in rows]
    try:
        return cast("object", json.loads(text)), []
    except (ValueError, RecursionError):
        pass
    lines = [_line(path, number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    return None, lines


def recognised(path: Path) -> HarnessMap | None:
    """The harness that wrote a file, told by the fields of its first records; None if nobody knows."""
    try:
        document, lines = records_of(path)
    except InputError:
        return None
    for harness in harness_maps():
        first = [_with(document, record) for record in _records(document, lines, harness)[:20]]
        if any(_has(record, fields) for record in first for fields in harness.recognise):
            return harness
    return None


def read_scores(path: Path, harness: HarnessMap) -> Iterator[Score]:
    """The scores in the export of a harness, in file order; InputError where it is none of its exports."""
    document, lines = records_of(path)
    header = next((line for line in lines if harness.header and harness.header in line), None)
    document = header if header is not None else document
    records = [line for line in _records(document, lines, harness) if line is not header]
    if not records:
        raise InputError(f"{path}: no results of {harness.title} in it; export it by: {harness.how_to_export}")
    for record in records:
        whole = _with(document, record)
        if harness.only is None or _holds(whole, harness.only):
            yield from _scores(whole, harness, path)


def first(record: Record, paths: Paths) -> object:
    """The value at the first of several paths that has one, None if none has."""
    return next((value for value in (_at(record, path) for path in paths) if value is not None and value != ""), None)


def _scores(record: Record, harness: HarnessMap, path: Path) -> Iterator[Score]:
    model = str(first(record, harness.model) or path.stem)
    if harness.model_pattern and (match := re.search(harness.model_pattern, model)):
        model = match[1]
    problem = "the call failed" if harness.error is not None and _holds(record, harness.error) else ""
    request_id, endpoint = first(record, harness.request_id), first(record, harness.endpoint)
    for grader, value in _graded(record, harness):
        score = None if problem else _number(value, harness.words)
        yield Score(
            item=json.dumps([first(record, part) for part in harness.item], sort_keys=True, default=str),
            model=model,
            grader=grader,
            score=score,
            problem=problem or ("" if score is not None else "no score that is a number"),
            endpoint=None if endpoint is None else str(endpoint),
            request_id=None if request_id is None else str(request_id),
            output_tokens=_count(first(record, harness.output_tokens)),
            observed_on=_day(first(record, harness.observed_on)),
        )


def _graded(record: Record, harness: HarnessMap) -> list[tuple[str, object]]:
    """(grader, value) pairs; one without a value where there is no score at all."""
    where = harness.scores
    if where is None:
        word = first(record, harness.grader)
        return [(harness.name if word is None else f"{harness.name} {word}", first(record, harness.score))]
    found: list[tuple[str, object]] = []
    if where.prefix:
        found = [
            (name.removeprefix(where.prefix), value) for name, value in record.items() if name.startswith(where.prefix)
        ]
    elif where.name:
        found = [(str(each.get(where.name)), first(each, where.value)) for each in mappings(_at(record, where.column))]
    else:
        scores = mapping(_at(record, where.column))
        found = [(name, first(mapping(each), where.value) if where.value else each) for name, each in scores.items()]
    return [(f"{harness.name} {name}", value) for name, value in found] or [(harness.name, None)]


def _records(document: object, lines: list[Record], harness: HarnessMap) -> Sequence[Record]:
    if lines:
        return lines
    places = [document, *(_at(mapping(document), path) for path in harness.records)]
    return next((mappings(place) for place in places if as_list(place) is not None), [mapping(document)])


def _with(document: object, record: Record) -> Record:
    return {**record, "document": mapping(document)}


def _at(record: Record, path: str) -> object:
    """The value at a dotted path, where a name may itself have dots."""
    if path in record:
        return record[path]
    value: object = record
    for part in path.split("."):
        items = as_list(value)
        if items is not None and part.isdecimal():
            value = items[int(part)] if int(part) < len(items) else None
        else:
            value = mapping(value).get(part)
    return value


def _has(record: Record, fields: Paths) -> bool:
    return all(field in record or _at(record, field) is not None for field in fields)


def _holds(record: Record, condition: Condition) -> bool:
    value = _at(record, condition.column)
    if condition.equals:
        return str(value) in condition.equals
    return value is not None and value != "" and value is not False


def _number(value: object, words: Mapping[str, float]) -> float | None:
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and value.strip() in words:
        return words[value.strip()]
    text = str(value).strip().lower()
    try:
        number = {"true": 1.0, "false": 0.0}.get(text) if text in ("true", "false") else float(text)
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None


def _count(value: object) -> int | None:
    number = _number(value, {})
    return int(number) if number is not None and 0 <= number < 1e7 else None


def _day(value: object) -> date | None:
    seconds = _number(value, {})
    if seconds is not None and 0 < seconds < 4e9:
        return datetime.fromtimestamp(seconds, UTC).date()
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _cell(value: object) -> object:
    """A CSV value; JSON in it is read."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return cast("object", json.loads(value))
        except (ValueError, RecursionError):
            return value
    return value


def _line(path: Path, number: int, line: str) -> Record:
    try:
        record = as_object(json.loads(line))
    except (ValueError, RecursionError):
        record = None
    if record is None:
        raise InputError(f"{path}, line {number:,}: not a JSON object; give the JSON, JSONL or CSV export as it is")
    return record
