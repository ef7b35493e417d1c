"""Which models a provider sells that could stand in for another: of the same maker and kind, and not switched off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from audit.catalog.facts import catalogue_model, catalogue_provider, last_verified, retirement, seed, vendor
from audit.catalog.models import canonical, model_family

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from audit.catalog.price_file import PriceOverride

KINDS = frozenset({
    "audio", "codex", "computer", "cyber", "embed", "embedding", "extended", "free", "ft", "guard", "image", "instruct",
    "latest", "live", "moderation", "ocr", "omni", "preview", "realtime", "research", "robotics", "rosalind",
    "safeguard", "search", "streaming", "transcribe", "translate", "tts", "vision", "whisper",
})  # fmt: skip
"""Words of a model's name that say what it is for. A model stands in for another only if both have the same of them."""

_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Successor:
    """A model that somebody names as the replacement of one that is switched off."""

    model: str
    source: str
    checked_on: str


def candidates(provider_name: str, model: str, on: date, overrides: Sequence[PriceOverride] = ()) -> dict[str, str]:
    """Name -> canonical model of what `provider_name` sells on a day that could stand in for the canonical `model`.

    Of the same maker (of the provider, where nobody knows the maker) and kind; not the model's own family, and not
    switched off. Models that only `overrides` price are candidates too: whoever writes their price down runs them.
    """
    listed = _listed(provider_name, model)
    own = {override.model for override in overrides if override.prices(provider_name, override.model)}
    names = [*listed, *(name for name in sorted(own) if not vendor(name))]
    found: dict[str, str] = {}
    for name in names:
        other = canonical(name, on)
        end = retirement(provider_name, other)
        if (
            model_family(other) != model_family(model)
            and (name in own or (kind(other) == kind(model) and catalogue_model(provider_name, other)))
            and not (end and end.retires_on <= on)
        ):
            found.setdefault(model_family(other) if canonical(model_family(other), on) == other else other, other)
    return found


def successors(model: str) -> tuple[Successor, ...]:
    """Who is named as the successor of a canonical model's family, in the order of the seed; sources may disagree."""
    return tuple(
        Successor(model=row["successor"], source=row["source"], checked_on=row["checked_on"])
        for row in seed("successors")
        if row["model_family"] == model_family(model)
    )


def kind(model: str) -> frozenset[str]:
    """What a model is for, as far as its name tells; empty for a model of text.

    >>> sorted(kind("gpt-4o-audio-preview")), sorted(kind("gpt-4o-mini"))
    (['audio', 'preview'], [])
    """
    return KINDS & frozenset(_WORD.findall(model))


@cache
def _listed(provider_name: str, model: str) -> tuple[str, ...]:
    """The maker's models. Where the catalogue says of some of the kind when their price was verified, only those.

    A catalogue keeps models that were switched off years ago; a price that somebody has looked up says it is sold.
    """
    maker = vendor(model) or catalogue_provider(provider_name)
    alike = [info for info in maker.models if kind(info.id) == kind(model)] if maker else []
    verified = [info for info in alike if last_verified(info)]
    return tuple(info.id for info in verified or alike)
