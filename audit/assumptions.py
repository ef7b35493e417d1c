"""Everything a projection takes for granted, in one value that can be printed beside the result.

A number that is neither logged nor measured belongs here with the reason for its default, or it is hidden.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TypedDict, cast

from audit.errors import ConfigError, UnknownNameError


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """An estimate with its 95 % bounds, low <= point <= high.

    >>> Range(low=1.0, point=1.05, high=1.2).point
    1.05
    """

    low: float
    point: float
    high: float

    def __post_init__(self) -> None:
        """Refuse bounds out of order and values that are not numbers."""
        if not all(math.isfinite(value) for value in (self.low, self.point, self.high)):
            raise ConfigError(f"a range needs three finite numbers, not {self.low}, {self.point}, {self.high}")
        if not self.low <= self.point <= self.high:
            raise ConfigError(
                f"a range must rise from low to point to high, not {self.low}, {self.point}, {self.high}; reorder it"
            )

    def to_document(self) -> dict[str, float]:
        """{low, point, high} as JSON numbers."""
        return {"low": self.low, "point": self.point, "high": self.high}


def exactly(value: float) -> Range:
    """A range without width."""
    return Range(low=value, point=value, high=value)


class Printed(TypedDict):
    """One assumption as the report prints it."""

    name: str
    value: float | int | None
    source: str


_YOURS = "set by you"
_LENGTHS = "prior: gpt-4o-mini wrote 1.05-1.06 times the tokens of gpt-4o in WildEval/ZeroEval, up to 1.38 on one task"
_SOURCES = {f"output_ratio_{bound}": _LENGTHS for bound in ("low", "point", "high")} | {
    "monthly_requests": "none: the pace of the logs is kept",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """Largest accepted quality loss in points of 100, by what is at stake on an endpoint."""

    low: float = 5.0
    normal: float = 2.0
    core: float = 1.0

    def __post_init__(self) -> None:
        """Refuse margins no verdict can use."""
        for name in ("low", "normal", "core"):
            value = float(getattr(self, name))
            if not 0 < value <= 100:
                raise ConfigError(f"margin {name!r} is {value}; give points of 100 above 0, for example 2")

    def of(self, stakes: str) -> float:
        """Margin for `stakes`; ConfigError names the three known words."""
        if stakes not in ("low", "normal", "core"):
            raise ConfigError(f"unknown stakes {stakes!r}; use low, normal or core")
        return float(getattr(self, stakes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """Inputs of verdicts and savings that no log can tell."""

    escalation_rate: Range = field(default_factory=lambda: exactly(0.0))
    """Share of routed cost answered again by the incumbent; 0 because no check is assumed to be in place."""
    check_cost_share: float = 0.0
    """Cost of judging candidate answers, as a share of today's cost of the same requests."""
    router_cost_per_1k_requests: float = 0.0
    """USD per 1,000 routed requests; a rule on the endpoint costs nothing."""
    output_ratio: Range = field(default_factory=lambda: Range(low=1.0, point=1.05, high=1.2))
    """Candidate output tokens per incumbent output token where no pair has measured it."""
    horizon_months: int = 12
    """Months a projection may reach; a retirement date of the pair cuts it."""
    monthly_requests: int | None = None
    """Requests per month to scale to, instead of the pace of the logs."""
    margins: Margins = field(default_factory=Margins)
    """Accepted quality loss by stakes."""
    endpoints_kept: int = 500
    """Endpoints that a report shows one by one, those that cost most; the others are folded into a rest. Five hundred
    take some three seconds and as many MB of HTML, and are more than anybody writes rules for."""
    alpha: float = 0.025
    """One-sided error of "route", over all workloads together; the upper end of a 95 % interval."""
    power: float = 0.8
    """Chance that the pairs asked for will suffice."""

    def __post_init__(self) -> None:
        """Refuse values the arithmetic cannot carry, naming the setting."""
        if not 0 <= self.escalation_rate.low <= self.escalation_rate.high <= 1:
            ends = sorted({self.escalation_rate.low, self.escalation_rate.high})
            raise ConfigError(f"escalation_rate must lie in 0..1, not {' to '.join(map(str, ends))}")
        if self.output_ratio.low <= 0:
            raise ConfigError(f"output_ratio must be above 0, not {self.output_ratio.low}")
        for name in ("check_cost_share", "router_cost_per_1k_requests"):
            value = float(getattr(self, name))
            if not (math.isfinite(value) and value >= 0):
                raise ConfigError(f"{name} must be a number of at least 0, not {value}")
        if self.monthly_requests is not None and self.monthly_requests < 1:
            raise ConfigError(f"monthly_requests must be at least 1, not {self.monthly_requests}")
        if self.endpoints_kept < 1:
            raise ConfigError(f"endpoints_kept must be at least 1, not {self.endpoints_kept}")
        if self.horizon_months < 0:
            raise ConfigError(f"horizon_months must be at least 0, not {self.horizon_months}")
        for name in ("alpha", "power"):
            value = float(getattr(self, name))
            if not 0 < value < 1:
                raise ConfigError(f"{name} must lie between 0 and 1, not {value}")

    def to_document(self, *, is_folded: bool = False) -> list[Printed]:
        """Every assumption as {name, value, source}; a changed value says "set by you".

        How many endpoints are kept counts only where others are folded.
        """
        usual = Assumptions()._values()
        return [
            {"name": name, "value": value, "source": _SOURCES.get(name, "default") if value == usual[name] else _YOURS}
            for name, value in self._values().items()
            if is_folded or name != "endpoints_kept"
        ]

    def _values(self) -> dict[str, float | int | None]:
        """Name to number, a range as three names."""
        return {
            "output_ratio_low": self.output_ratio.low,
            "output_ratio_point": self.output_ratio.point,
            "output_ratio_high": self.output_ratio.high,
            "escalation_rate_low": self.escalation_rate.low,
            "escalation_rate_point": self.escalation_rate.point,
            "escalation_rate_high": self.escalation_rate.high,
            "check_cost_share": self.check_cost_share,
            "router_cost_per_1k_requests": self.router_cost_per_1k_requests,
            "horizon_months": self.horizon_months,
            "monthly_requests": self.monthly_requests,
            "margin_low": self.margins.low,
            "margin_normal": self.margins.normal,
            "margin_core": self.margins.core,
            "alpha": self.alpha,
            "power": self.power,
            "endpoints_kept": self.endpoints_kept,
        }


def exact_decimal(value: float | Decimal) -> Decimal:
    """The decimal a person would read: Decimal of the shortest text of a float."""
    return value if isinstance(value, Decimal) else Decimal(repr(value))


SETTINGS = (
    "output_ratio",
    "escalation_rate",
    "check_cost_share",
    "router_cost_per_1k_requests",
    "horizon_months",
    "monthly_requests",
    "margins",
    "endpoints_kept",
)
"""Keys of [assumptions] in audit.toml; alpha and power are not for tuning."""


def assumptions_from(settings: Mapping[str, object]) -> Assumptions:
    """The defaults with the user's settings; a range is one number or [low, point, high].

    >>> assumptions_from({"escalation_rate": [0.0, 0.05, 0.1], "margins": {"normal": 3}}).margins.of("normal")
    3.0
    """
    for name in settings:
        if name not in SETTINGS:
            raise UnknownNameError("assumption", name, SETTINGS, "Correct [assumptions] in audit.toml")
    usual = Assumptions()
    margins = settings.get("margins", {})
    if not isinstance(margins, dict):
        raise ConfigError(f"margins is {margins!r}; write margins = {{ low = 5, normal = 2, core = 1 }}")
    given = {name: _number(f"margins.{name}", value) for name, value in cast("dict[str, object]", margins).items()}
    for name in given:
        if name not in ("low", "normal", "core"):
            raise UnknownNameError("margin", name, ("low", "normal", "core"))
    return Assumptions(
        output_ratio=_range(settings, "output_ratio", usual.output_ratio),
        escalation_rate=_range(settings, "escalation_rate", usual.escalation_rate),
        check_cost_share=_number("check_cost_share", settings.get("check_cost_share", 0.0)),
        router_cost_per_1k_requests=_number(
            "router_cost_per_1k_requests", settings.get("router_cost_per_1k_requests", 0.0)
        ),
        horizon_months=_whole("horizon_months", settings.get("horizon_months", usual.horizon_months)),
        monthly_requests=_whole("monthly_requests", settings["monthly_requests"])
        if "monthly_requests" in settings
        else None,
        margins=replace(usual.margins, **given),
        endpoints_kept=_whole("endpoints_kept", settings.get("endpoints_kept", usual.endpoints_kept)),
    )


def _range(settings: Mapping[str, object], name: str, usual: Range) -> Range:
    value = settings.get(name)
    if value is None:
        return usual
    if not isinstance(value, list):
        return exactly(_number(name, value))
    parts = [_number(name, part) for part in cast("list[object]", value)]
    if len(parts) != 3:
        raise ConfigError(f"{name} is {value!r}; give one number or [low, point, high]")
    return Range(low=parts[0], point=parts[1], high=parts[2])


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(f"{name} is {value!r}; give a number")
    return float(value)


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"{name} is {value!r}; give a whole number")
    return value
