"""[graders] of audit.toml: how the answers on an endpoint are compared. One table per endpoint, by its exact name.

    [graders."support/triage"]
    kind = "json"
    fields = ["label", "priority"]

Only what is said here is checked here: kinds, keys and types of values. `audit.grading` makes graders of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from audit.errors import ConfigError, UnknownNameError

Option = type[bool] | type[str] | type[float] | type[list[str]]

KINDS: dict[str, dict[str, Option]] = {
    "exact": {},
    "text": {"ignore_case": bool, "ignore_punctuation": bool},
    "json": {
        "fields": list[str],
        "ignore": list[str],
        "tolerance": float,
        "ignore_order": bool,
        "allow_fences": bool,
    },
    "numeric": {"pattern": str, "tolerance": float, "relative_tolerance": float},
    "tool_calls": {"ignore": list[str], "tolerance": float, "ignore_order": bool},
    "regex": {"pattern": str, "whole": bool, "ignore_case": bool},
    "embedding": {"model": str, "threshold": float},
    "command": {"command": list[str], "file": str, "timeout": float},
    "label": {},
    "judge": {},
}
"""The kinds of graders and the type of each of their settings."""

REQUIRED = {"regex": ("pattern",), "embedding": ("model",), "command": ("command",)}

MEANINGS = {
    "exact": "the same text to the letter",
    "text": "the same words: case and white space do not count",
    "json": "JSON with the same values, a share of the fields",
    "numeric": "the same last number",
    "tool_calls": "the same tools with the same arguments",
    "regex": "the answer matches a pattern",
    "embedding": "texts that mean alike, by a model of yours on this machine",
    "command": "a test of yours passes",
    "label": "scores that people gave",
    "judge": "a larger model compares both",
}
"""In one line each, for whoever has to choose."""

_WORDS = {bool: "true or false", str: "a text in quotes", float: "a number from 0 up", list[str]: 'a list: ["a", "b"]'}


@dataclass(frozen=True, slots=True, kw_only=True)
class GraderSettings:
    """The grader of one endpoint, checked."""

    kind: str
    options: Mapping[str, object] = field(default_factory=dict[str, object])
    folder: Path = Path()
    """Where audit.toml lies: paths are relative to it."""

    def flag(self, name: str, default: bool) -> bool:
        """A setting that is true or false."""
        return cast("bool", self.options.get(name, default))

    def text(self, name: str, default: str = "") -> str:
        """A setting that is a text."""
        return cast("str", self.options.get(name, default))

    def number(self, name: str, default: float = 0.0) -> float:
        """A setting that is a number."""
        return float(cast("float", self.options.get(name, default)))

    def texts(self, name: str) -> tuple[str, ...]:
        """A setting that is a list of texts."""
        return tuple(cast("list[str]", self.options.get(name, [])))


def grader_settings(path: Path, section: Mapping[str, object]) -> dict[str, GraderSettings]:
    """Endpoint -> grader, of the section [graders] in `path`; ConfigError names the endpoint and key that is wrong."""
    return {endpoint: _settings(path, endpoint, table) for endpoint, table in section.items()}


def _settings(path: Path, endpoint: str, table: object) -> GraderSettings:
    where = f'{path}: [graders."{endpoint}"]'
    if isinstance(table, str):
        table = {"kind": table}
    if not isinstance(table, dict):
        raise ConfigError(f'{where} = {table!r} must be a table with kind = "..."; {choices()}')
    options = dict(cast("dict[str, object]", table))
    kind = options.pop("kind", None)
    if not isinstance(kind, str):
        raise ConfigError(f'{where} needs kind = "..."; {choices()}')
    if kind not in KINDS:
        raise ConfigError(f"{where}: {UnknownNameError('kind of grader', kind, KINDS, choices())}")
    known = KINDS[kind]
    for name, value in options.items():
        if name not in known:
            takes = ", ".join(known) or "nothing but kind"
            raise ConfigError(
                f"{where}: {UnknownNameError(f'key of a {kind} grader', name, known, f'it takes {takes}')}"
            )
        if not _is(value, known[name]):
            raise ConfigError(f"{where}: {name} = {value!r} must be {_WORDS[known[name]]}")
    for name in REQUIRED.get(kind, ()):
        if not options.get(name):
            raise ConfigError(f"{where}: a {kind} grader needs {name} = {_WORDS[known[name]]}")
    if "pattern" in options:
        _check_pattern(f"{where}: pattern", str(options["pattern"]))
    return GraderSettings(kind=kind, options=options, folder=path.parent)


def choices() -> str:
    """The kinds of graders with their meaning, for an error."""
    return "choose " + "; ".join(f'"{kind}" ({meaning})' for kind, meaning in MEANINGS.items())


def _is(value: object, kind: Option) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
    if kind is bool or kind is str:
        return isinstance(value, kind)
    return isinstance(value, list) and all(isinstance(item, str) and item for item in cast("list[object]", value))


def _check_pattern(where: str, pattern: str) -> None:
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        raise ConfigError(f"{where} = {pattern!r} is no regular expression ({error})") from error
    if groups > 1:
        raise ConfigError(f"{where} = {pattern!r} has {groups} groups; mark the one part that counts, or none")
