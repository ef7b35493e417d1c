"""A question as keyword arguments: the pair, the days, the settings and the clock, settled in one place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TypedDict

from audit.assumptions import Assumptions, assumptions_from
from audit.config import Config, read_config
from audit.errors import ConfigError
from audit.pipeline import Result, run_report
from audit.progress import Progress, silent
from audit.scope import Question
from audit.warehouse import Warehouse

INCUMBENT, CANDIDATE = "gpt-4o", "gpt-4o-mini"

Day = date | str
"""A day, or its text as YYYY-MM-DD."""


class Asked(TypedDict, total=False):
    """The keyword arguments of every method that takes a question, as `Audit.report` explains them."""

    incumbent: str
    candidate: str
    since: Day | None
    until: Day | None
    monthly_requests: int | None
    config: str | Path | None
    today: Day | None
    sources: Sequence[str]
    assumptions: Mapping[str, object] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What the stages of a report need beside the database."""

    question: Question
    config: Config
    assumptions: Assumptions

    def run(self, warehouse: Warehouse, progress: Progress = silent) -> Result:
        """The report over an open database; its relations can be read in SQL afterwards."""
        return run_report(warehouse, self.question, self.config, self.assumptions, progress)


def settled(
    *,
    incumbent: str = INCUMBENT,
    candidate: str = CANDIDATE,
    since: Day | None = None,
    until: Day | None = None,
    monthly_requests: int | None = None,
    config: str | Path | None = None,
    today: Day | None = None,
    sources: Sequence[str] = (),
    assumptions: Mapping[str, object] | None = None,
) -> Settled:
    """The question with its settings read: what is said here comes before what audit.toml says."""
    if isinstance(sources, str):
        raise ConfigError(f"sources is {sources!r}; give a list of formats: [{sources!r}]")
    settings = read_config(path_of(config))
    if sources:
        settings = replace(settings, sources=tuple(sources))
    said = {**settings.assumptions, **(assumptions or {})}
    if monthly_requests is not None:
        said["monthly_requests"] = monthly_requests
    question = Question(
        incumbent=incumbent,
        candidate=candidate,
        since=day_of("since", since),
        until=day_of("until", until),
        monthly_requests=monthly_requests,
        today=day_of("today", today) or date.today(),
    )
    return Settled(question=question, config=settings, assumptions=assumptions_from(said))


def day_of(name: str, day: Day | None) -> date | None:
    """The day that an argument names.

    >>> day_of("since", "2026-09-07")
    datetime.date(2026, 9, 7)
    """
    if isinstance(day, str):
        try:
            return date.fromisoformat(day)
        except ValueError as error:
            raise ConfigError(f"{name} is {day!r}; write a day as YYYY-MM-DD") from error
    return day.date() if isinstance(day, datetime) else day


def path_of(path: str | Path | None) -> Path | None:
    """A path where one is given."""
    return None if path is None else Path(path)


def paths_of(paths: str | Path | Sequence[str | Path]) -> list[Path]:
    """One path or several as a list."""
    return [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
