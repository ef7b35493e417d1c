"""Graders of structure: JSON by its fields, tool calls by their names and arguments."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import ClassVar, cast

from audit.grading.grader import Grader, UnreadableError
from audit.grading.message import Answer
from audit.grading.text_graders import decimal, is_close, plain_text
from audit.grading.values import as_list, as_object, mapping

_FENCE = re.compile(r"\s*```[a-zA-Z0-9_-]*[ \t]*\n(.*?)\n?\s*```\s*", re.DOTALL)

DEEPEST = 200
"""Levels of nesting that are compared: an answer nested further is a model repeating itself."""

MISSING = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Json(Grader):
    """The share of fields with equal values: of `fields` (dotted paths), or of all at the top but the ignored.

    Numbers are equal as numbers (1 and 1.0), true is not 1, and the order of keys never counts. Anything but an object
    is one value, equal or not.
    """

    kind: ClassVar[str] = "json"
    fields: Sequence[str] = ()
    ignore: Sequence[str] = ()
    tolerance: float = 0.0
    ignore_order: bool = False
    allow_fences: bool = True

    def read(self, answer: Answer, /) -> object:
        """The value; strict JSON, in a Markdown fence or not: NaN, doubled keys and text around it are refused."""
        text = plain_text(answer)
        fenced = _FENCE.fullmatch(text) if self.allow_fences else None
        value = parse_json(fenced[1] if fenced else text)
        if self.fields and as_object(value) is None:
            raise UnreadableError("JSON, but no object with fields")
        return value

    def score(self, given: object, expected: object, /) -> float:
        """The share of fields that agree; a field that neither has agrees."""
        same = Equality(tolerance=self.tolerance, ignore_order=self.ignore_order)
        if self.fields:
            return sum(same(at(given, path), at(expected, path)) for path in self.fields) / len(self.fields)
        one, other = as_object(given), as_object(expected)
        if one is None or other is None:
            return float(same(given, expected))
        names = (one.keys() | other.keys()) - set(self.ignore)
        if not names:
            return 1.0
        return sum(same(one.get(name, MISSING), other.get(name, MISSING)) for name in names) / len(names)

    def check(self, expected: Sequence[object], /) -> str | None:
        """A field that no reference has would agree always: a misspelling that looks like quality."""
        seen = {name for value in expected for name in mapping(value)}
        for path in self.fields if expected else ():
            if all(at(value, path) is MISSING for value in expected):
                near = get_close_matches(path, seen, n=1)
                return f"no reference has a field {path!r}" + (f"; did you mean {near[0]!r}?" if near else "")
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalls(Grader):
    """1 if both call the same tools with the same arguments, in the same order unless that is ignored.

    Two answers without a call agree: only the choice not to call is compared, not what they say instead.
    """

    kind: ClassVar[str] = "tool_calls"
    ignore: Sequence[str] = ()
    tolerance: float = 0.0
    ignore_order: bool = False

    def read(self, answer: Answer, /) -> list[object]:
        """The calls as [name, arguments]; arguments that are no JSON object cannot be executed, so are unreadable."""
        calls: list[object] = []
        for call in answer.tool_calls:
            given = call.arguments
            text = given if isinstance(given, str) else json.dumps(given if given is not None else {}, default=str)
            named = as_object(parse_json(text if text.strip() else "{}"))
            if named is None:
                raise UnreadableError("a tool call whose arguments are no object")
            calls.append([call.name, {key: each for key, each in named.items() if key not in self.ignore}])
        return calls

    def score(self, given: object, expected: object, /) -> float:
        """Equality of all calls at once: a second call too many is a wrong answer."""
        same = Equality(tolerance=self.tolerance)
        one, other = cast("list[object]", given), cast("list[object]", expected)
        return float(same.in_any_order(one, other) if self.ignore_order else same(one, other))

    def check(self, expected: Sequence[object], /) -> str | None:
        """Where no reference has a call, nothing would be compared at all."""
        if expected and not any(expected):
            return "no reference calls a tool, so tool_calls would find every text the same"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Equality:
    """Whether two JSON values are the same: numbers within a tolerance, lists in any order where that is wanted."""

    tolerance: float = 0.0
    ignore_order: bool = False

    def __call__(self, one: object, other: object) -> bool:
        """Equality of values of the same type."""
        if isinstance(one, Decimal) and isinstance(other, Decimal):
            return is_close(one, other, self.tolerance)
        first, second = as_object(one), as_object(other)
        if first is not None and second is not None:
            return first.keys() == second.keys() and all(self(first[key], second[key]) for key in first)
        items, others = as_list(one), as_list(other)
        if items is not None and others is not None:
            if self.ignore_order:
                return self.in_any_order(items, others)
            return len(items) == len(others) and all(map(self, items, others))
        return type(one) is type(other) and one == other

    def in_any_order(self, one: Sequence[object], other: Sequence[object]) -> bool:
        """Whether each item has a partner of its own on the other side.

        Equal items are interchangeable, so taking the first partner decides; with a tolerance, where closeness is not
        transitive, sorting by text first keeps near numbers together.
        """
        if len(one) != len(other):
            return False
        left = sorted(other, key=_sort_key)
        for item in sorted(one, key=_sort_key):
            place = next((place for place, each in enumerate(left) if self(item, each)), None)
            if place is None:
                return False
            del left[place]
        return True


def parse_json(text: str) -> object:
    """A JSON value with numbers as exact decimals; UnreadableError for anything a strict parser refuses."""
    try:
        value = cast(
            "object",
            json.loads(
                text, parse_float=decimal, parse_int=decimal, parse_constant=_refuse, object_pairs_hook=_without_doubles
            ),
        )
    except (ValueError, RecursionError):
        raise UnreadableError("not JSON") from None
    if _depth(value) > DEEPEST:
        raise UnreadableError("JSON nested too deeply")
    return value


def at(value: object, path: str) -> object:
    """The value at a dotted path: keys of objects, numbers of list items; MISSING where there is none.

    >>> at({"a": [{"b": 1}]}, "a.0.b"), at({"a.b": 2}, "a.b")
    (1, 2)
    """
    if path in mapping(value):
        return mapping(value)[path]
    for part in path.split("."):
        named, items = as_object(value), as_list(value)
        if named is not None:
            value = named.get(part, MISSING)
        elif items is not None and part.isdecimal() and int(part) < len(items):
            value = items[int(part)]
        else:
            return MISSING
    return value


def _refuse(word: str) -> object:
    raise UnreadableError(f"{word} is not JSON")


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnreadableError("JSON with a key twice")
    return found


def _depth(value: object) -> int:
    """Levels of nesting, without recursion."""
    deepest, level = 0, [value]
    while level:
        deepest += 1
        children: list[object] = []
        for each in level:
            children += mapping(each).values()
            children += as_list(each) or []
        level = children
    return deepest


def _sort_key(value: object) -> tuple[int, Decimal, str]:
    if isinstance(value, Decimal):
        return (0, value, "")
    return (1, Decimal(0), json.dumps(value, sort_keys=True, default=str))
