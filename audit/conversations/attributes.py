"""The attributes of a span as one flat mapping, however a file nests them: by dots, by objects, by numbered names."""

import re
from collections.abc import Iterator, Mapping

from audit.conversations.values import Json, is_list, is_object, listed, parsed, record, text

NOTHING = ("", "nan", "null", "None")
"""How tables write a value that is not there."""


class Attributes:
    """Names with dots -> values; lists stay lists, and text stays text."""

    def __init__(self, found: Mapping[str, object]) -> None:
        self.whole = found
        self.flat = dict(_flat(found, ""))

    def get(self, *names: str) -> object:
        """The first value under one of `names` that says something."""
        return next((self.flat[name] for name in names if self.flat.get(name) is not None), None)

    def text(self, *names: str) -> str | None:
        """The first text under one of `names`, the empty one included."""
        found = self.get(*names)
        return found if isinstance(found, str) else None

    def json(self, *names: str) -> object:
        """The object or list under the first of `names` that has one, also as text."""
        found = (parsed(_inside(self.whole, name)) for name in names)
        return next((value for value in found if value and (is_object(value) or is_list(value))), None)

    def items(self, *prefixes: str) -> list["Attributes"]:
        """The elements of a list: one value, or spread over names as in `llm.input_messages.0.message.role`."""
        for prefix in prefixes:
            if values := listed(self.flat.get(prefix)):
                return [Attributes(record(value)) for value in values]
            numbered: dict[int, Json] = {}
            for name, value in self.flat.items():
                if (match := re.match(rf"{re.escape(prefix)}\.(\d+)\.(.+)", name)) is not None:
                    numbered.setdefault(int(match[1]), {})[match[2]] = value
            if numbered:
                return [Attributes(numbered[number]) for number in sorted(numbered)]
        return []

    def below(self, *prefixes: str) -> Json:
        """Last part of the name -> value, of all names right below one of `prefixes`."""
        return {
            name.removeprefix(f"{prefix}."): value
            for prefix in reversed(prefixes)
            for name, value in self.flat.items()
            if name.startswith(f"{prefix}.") and value is not None and "." not in name.removeprefix(f"{prefix}.")
        }


def _inside(found: Mapping[str, object], name: str) -> object:
    """The value under a name with dots, of which an object may hold any part."""
    if found.get(name) is not None:
        return found[name]
    for end in (at for at, letter in enumerate(name) if letter == "."):
        if (value := _inside(record(found.get(name[:end])), name[end + 1 :])) is not None:
            return value
    return None


def _flat(found: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    for name, value in found.items():
        if is_object(value):
            yield from _flat(record(value), f"{prefix}{name}.")
        elif not (text(value) in NOTHING[1:] and not name.endswith("content")):
            yield f"{prefix}{name}", value


def attributes_of(found: Mapping[str, object]) -> Attributes:
    """Those of a row in a table: in one column, in columns of their own, or both."""
    prefix = "attributes."
    columns = {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}
    return Attributes({**record(found.get("attributes")), **columns})
