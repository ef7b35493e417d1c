"""Maps of eval harnesses: TOML files that say where in a harness's export item, model and score of a test are.

[source] names the harness and how to tell it: `records` are paths to the list in a JSON document (lines of JSONL and
rows of CSV are records themselves), `header` the key of a JSONL line that belongs to all lines. Columns are dotted
paths into a record, `document.` leads outside of it; of several the first that is there counts.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import cast

from audit.errors import UnknownNameError
from audit.grading.values import as_list, mapping

Paths = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A column, and the values that count; without values, anything that is there and not empty."""

    column: str
    equals: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Where the scores of several graders are: an object or list under `column`, or all columns with a `prefix`."""

    column: str = ""
    name: str = ""
    """In a list: the key with the grader's name."""
    value: Paths = ()
    prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HarnessMap:
    """The export of one harness in our words."""

    name: str
    title: str
    how_to_export: str
    recognise: Sequence[Sequence[str]]
    records: Paths
    header: str
    only: Condition | None
    item: Sequence[Paths]
    """Parts that together name a test; two models' answers to the same test are a pair."""
    model: Paths
    model_pattern: str
    grader: Paths
    score: Paths
    scores: Scores | None
    error: Condition | None
    output_tokens: Paths
    observed_on: Paths
    request_id: Paths
    endpoint: Paths
    words: Mapping[str, float] = field(default_factory=dict[str, float])
    """Scores that the harness writes as words."""


@cache
def harness_maps() -> tuple[HarnessMap, ...]:
    """The maps that come with the package, by name."""
    folder = files("audit") / "data" / "harnesses"
    texts = [entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted((_read(text) for text in texts), key=lambda each: each.name))


def harness_map(name: str) -> HarnessMap:
    """The map of the harness called `name`; UnknownNameError lists those that resemble it."""
    found = {each.name: each for each in harness_maps()}
    if name not in found:
        raise UnknownNameError("harness", name, found, f"Known: {', '.join(found)}")
    return found[name]


def _read(text: str) -> HarnessMap:
    document = cast("dict[str, object]", tomllib.loads(text))
    source, columns = mapping(document["source"]), mapping(document["columns"])
    scores = mapping(columns.get("scores"))
    return HarnessMap(
        name=str(source["name"]),
        title=str(source["title"]),
        how_to_export=str(source["how_to_export"]),
        recognise=[_paths(fields) for fields in as_list(source["recognise"]) or []],
        records=_paths(source.get("records")),
        header=str(source.get("header", "")),
        only=_condition(source.get("only")),
        item=[_paths(part) for part in as_list(columns["item"]) or []],
        model=_paths(columns.get("model")),
        model_pattern=str(columns.get("model_pattern", "")),
        grader=_paths(columns.get("grader")),
        score=_paths(columns.get("score")),
        scores=Scores(
            column=str(scores.get("column", "")),
            name=str(scores.get("name", "")),
            value=_paths(scores.get("value")),
            prefix=str(scores.get("prefix", "")),
        )
        if scores
        else None,
        error=_condition(columns.get("error")),
        output_tokens=_paths(columns.get("output_tokens")),
        observed_on=_paths(columns.get("observed_on")),
        request_id=_paths(columns.get("request_id")),
        endpoint=_paths(columns.get("endpoint")),
        words={word: float(str(score)) for word, score in mapping(columns.get("words")).items()},
    )


def _paths(value: object) -> list[str]:
    items = as_list(value)
    return [str(item) for item in items] if items is not None else ([] if value is None else [str(value)])


def _condition(value: object) -> Condition | None:
    found = mapping(value)
    return Condition(column=str(found["column"]), equals=_paths(found.get("equals"))) if found else None
