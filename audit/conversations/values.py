"""JSON as exports hold it: objects and lists, or their text, or the text of that text; and what is not there."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeGuard

Json = dict[str, object]
MOST_WRAPPED = 3
"""How often JSON text is found inside of JSON text: Langfuse's traces hold it twice."""


class UnavailableError(Exception):
    """Why the text of a request cannot be had from its record, in a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What one record says of a call."""

    body: Json
    """A request of chat completions (OpenAI's OpenAPI specification 2.3.0, `CreateChatCompletionRequest`) without its
    model, and without what says who asked or how the answer travelled."""
    answer: Json | None
    """{"message": ..., "finish_reason": ...}, None where the record does not hold it whole."""
    dropped: tuple[str, ...] = ()
    """Parameters of the request that chat completions have no word for."""


def is_object(value: object) -> TypeGuard[Json]:
    """Whether `value` is a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[object]]:
    """Whether `value` is a JSON list."""
    return isinstance(value, list)


def parsed(value: object) -> object:
    """The value that JSON text holds; what is no text of an object or a list stays as it is."""
    for _ in range(MOST_WRAPPED):
        if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[", '"'):
            break
        try:
            inside: object = json.loads(value)
        except (ValueError, RecursionError):
            break
        if not is_object(inside) and not is_list(inside) and not str(inside).lstrip().startswith(("{", "[", '"')):
            break
        value = inside
    return value


def record(value: object) -> Json:
    """The object that `value` is or holds as text; an empty one where it is none."""
    found = parsed(value)
    return found if is_object(found) else {}


def listed(value: object) -> list[object]:
    """The list that `value` is or holds as text; an empty one where it is none."""
    found = parsed(value)
    return found if is_list(found) else []


def text(value: object) -> str | None:
    """`value` where it is text that says something."""
    return value if isinstance(value, str) and value else None


def first(found: Mapping[str, object], *names: str) -> object:
    """The value under the first of `names` that has one."""
    return next((found[name] for name in names if found.get(name) is not None), None)


def kept(found: Mapping[str, object], names: Iterable[str]) -> Json:
    """The part of `found` under `names`, without what is null."""
    return {name: found[name] for name in names if found.get(name) is not None}


def as_text(value: object) -> str:
    """`value` as JSON text; text stays as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
