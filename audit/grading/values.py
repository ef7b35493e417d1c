"""Parts of parsed JSON with their types said: what is not there, or of another kind, is empty or None."""

from collections.abc import Mapping
from typing import cast


def as_object(value: object) -> dict[str, object] | None:
    """A JSON object, None if it is something else."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[object] | None:
    """A JSON array, None if it is something else."""
    return cast("list[object]", value) if isinstance(value, list) else None


def mapping(value: object) -> Mapping[str, object]:
    """A JSON object, an empty one in place of something else."""
    return as_object(value) or {}


def mappings(value: object) -> list[dict[str, object]]:
    """The objects of an array."""
    return [item for item in map(as_object, as_list(value) or []) if item is not None]
