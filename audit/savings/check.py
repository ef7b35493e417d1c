"""What is known about the check that sends a doubtful candidate answer on to the incumbent: `[check]` in audit.toml.

A rate given as a number is an assumption; one given as counts, `{ hits = 42, of = 50 }`, was measured and brings its
own interval (Wilson 1927). Nothing assumed here is ever shown as measured.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from audit.assumptions import Printed, Range, exactly
from audit.errors import ConfigError, UnknownNameError
from audit.evidence.statistics import wilson

SETTINGS = ("sensitivity", "false_alarm_rate", "usd_per_check")
"""Keys of [check], and of [check.endpoint."NAME"] which has its own check."""

MOST = 2**53
"""Whole numbers beyond it have no exact float; no count and no price is as large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share with its bounds, and whether somebody counted it."""

    share: Range
    is_measured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check of candidate answers: of bad ones it flags `sensitivity`, of good ones `false_alarm_rate`."""

    sensitivity: Rate
    false_alarm_rate: Rate
    usd_per_check: Range

    @property
    def basis(self) -> Literal["measured", "assumed"]:
        """'measured' only if both rates were counted."""
        return "measured" if self.sensitivity.is_measured and self.false_alarm_rate.is_measured else "assumed"

    def to_document(self) -> dict[str, object]:
        """The three figures and their basis as JSON values."""
        return {
            "basis": self.basis,
            "sensitivity": self.sensitivity.share.to_document(),
            "false_alarm_rate": self.false_alarm_rate.share.to_document(),
            "usd_per_check": self.usd_per_check.to_document(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """The check of every endpoint, where there is one."""

    usual: Check | None = None
    by_endpoint: Mapping[str, Check] = field(default_factory=dict[str, Check])

    def of(self, endpoint: str) -> Check | None:
        """The endpoint's own check, else the one for all, else none."""
        return self.by_endpoint.get(endpoint, self.usual)

    def to_document(self) -> list[Printed]:
        """Every declared check as printable assumptions; bounds beside the point only where they differ."""
        named = [("check", self.usual), *((f"check of {name}", check) for name, check in self.by_endpoint.items())]
        return [
            {"name": f"{name}: {setting}{bound}", "value": value, "source": source}
            for name, check in named
            if check is not None
            for setting, rate, source in (
                ("sensitivity", check.sensitivity.share, _source(check.sensitivity)),
                ("false_alarm_rate", check.false_alarm_rate.share, _source(check.false_alarm_rate)),
                ("usd_per_check", check.usd_per_check, "assumed by you (audit.toml)"),
            )
            for bound, value in _ends(rate)
        ]


def _ends(rate: Range) -> list[tuple[str, float]]:
    if rate.low == rate.high:
        return [("", rate.point)]
    return [("_low", rate.low), ("_point", rate.point), ("_high", rate.high)]


def _source(rate: Rate) -> str:
    return "measured by you: counts in audit.toml" if rate.is_measured else "assumed by you (audit.toml)"


def checks_from(settings: Mapping[str, object]) -> Checks:
    """The checks that `[check]` declares; none where it is empty.

    >>> checks_from({"sensitivity": 0.8, "false_alarm_rate": {"hits": 3, "of": 100}}).of("any").basis
    'assumed'
    """
    endpoints = settings.get("endpoint", {})
    if not isinstance(endpoints, dict):
        raise ConfigError(f'check.endpoint is {endpoints!r}; write a section [check.endpoint."NAME"]')
    own = {name: value for name, value in settings.items() if name != "endpoint"}
    by_endpoint: dict[str, Check] = {}
    for name, value in cast("dict[str, object]", endpoints).items():
        where = f"check.endpoint.{name}"
        if not isinstance(value, dict):
            raise ConfigError(f'{where} is {value!r}; write a section [check.endpoint."{name}"]')
        by_endpoint[name] = _check(where, own | cast("dict[str, object]", value))
    return Checks(usual=_check("check", own) if own else None, by_endpoint=by_endpoint)


def _check(where: str, settings: Mapping[str, object]) -> Check:
    for name in settings:
        if name not in SETTINGS:
            raise ConfigError(str(UnknownNameError(f"key of [{where}]", name, SETTINGS)))
    for name in ("sensitivity", "false_alarm_rate"):
        if name not in settings:
            raise ConfigError(f"[{where}] has no {name}; a check is described by both rates, for example {name} = 0.1")
    price = _range(f"{where}.usd_per_check", settings.get("usd_per_check", 0.0), most=math.inf)
    return Check(
        sensitivity=_rate(f"{where}.sensitivity", settings["sensitivity"]),
        false_alarm_rate=_rate(f"{where}.false_alarm_rate", settings["false_alarm_rate"]),
        usd_per_check=price,
    )


def _rate(where: str, value: object) -> Rate:
    if not isinstance(value, dict):
        return Rate(share=_range(where, value, most=1.0), is_measured=False)
    counts = cast("dict[str, object]", value)
    hits, of = (_count(counts.get(name)) for name in ("hits", "of"))
    if set(counts) != {"hits", "of"} or hits is None or of is None or not 0 <= hits <= of or of == 0:
        raise ConfigError(f"{where} is {value!r}; write counts like {{ hits = 42, of = 50 }}, hits at most of")
    low, high = wilson(hits, of)
    point = hits / of
    return Rate(share=Range(low=min(low, point), point=point, high=max(high, point)), is_measured=True)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < MOST else None


def _range(where: str, value: object, most: float) -> Range:
    """One number or [low, point, high], within 0..most."""
    parts = cast("list[object]", value) if isinstance(value, list) else [value]
    numbers = [
        float(part) for part in parts if isinstance(part, int | float) and not isinstance(part, bool) and part < MOST
    ]
    if len(numbers) != len(parts) or len(parts) not in (1, 3):
        raise ConfigError(f"{where} is {value!r}; give one number or [low, point, high]")
    if not all(0 <= number <= most and math.isfinite(number) for number in numbers):
        raise ConfigError(f"{where} is {value!r}; it must be {'at least 0' if most > 1 else 'from 0 to 1'}")
    try:
        return exactly(numbers[0]) if len(numbers) == 1 else Range(low=numbers[0], point=numbers[1], high=numbers[2])
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
