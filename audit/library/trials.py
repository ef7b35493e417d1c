"""The method tried on pairs whose truth is known: of files, or of a database."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from audit.assumptions import Assumptions, assumptions_from
from audit.config import Config, read_config
from audit.library.asking import path_of, paths_of
from audit.progress import shown
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.backtest.document import Backtest
    from audit.backtest.populations import Population


def run_backtest(
    data: str | Path | Sequence[str | Path],
    *,
    pairs: Sequence[int] = (20, 50, 100, 200),
    resamples: int = 200,
    margin: float | None = None,
    scale: str = "1",
    seed: int = 1,
    config: str | Path | None = None,
    today: date | None = None,
    progress: bool = False,
) -> "Backtest":
    """How often verdicts, intervals and savings would have been right on outcomes files that name endpoints.

    The document of `audit backtest DATA --json`. `pairs` are drawn per endpoint, `resamples` times each; `margin` is
    in points of 100 and takes the place of each endpoint's own; `scale` is the range of the scores: "5" is 0 to 5.
    """
    from audit.backtest.prices import list_prices
    from audit.backtest.sources import from_files

    settings = read_config(path_of(config))
    assumptions, prices = assumptions_from(settings.assumptions), list_prices(today or date.today(), settings)
    margin_of = _margins(settings, assumptions, margin)
    populations = from_files(paths_of(data), scale=scale, margin_of=margin_of, prices=prices)
    return _tried(populations, pairs, resamples, seed, assumptions, progress)


def tried_on_database(
    db: Path,
    *,
    pairs: Sequence[int],
    resamples: int,
    margin: float | None,
    seed: int,
    config: str | Path | None,
    today: date | None,
    progress: bool,
) -> "Backtest":
    """The same on the outcomes in a database."""
    from audit.backtest.prices import list_prices
    from audit.backtest.sources import from_database

    settings = read_config(path_of(config))
    assumptions, prices = assumptions_from(settings.assumptions), list_prices(today or date.today(), settings)
    with Warehouse.read(db) as warehouse:
        populations = from_database(warehouse, margin_of=_margins(settings, assumptions, margin), prices=prices)
    return _tried(populations, pairs, resamples, seed, assumptions, progress)


def _margins(settings: Config, assumptions: Assumptions, margin: float | None) -> Callable[[str], float]:
    def of(endpoint: str) -> float:
        return assumptions.margins.of(settings.stakes_of(endpoint)) if margin is None else margin

    return of


def _tried(
    populations: "Sequence[Population]",
    pairs: Sequence[int],
    resamples: int,
    seed: int,
    assumptions: Assumptions,
    progress: bool,
) -> "Backtest":
    from audit.backtest.document import backtest

    with shown(not progress) as telling:
        return backtest(
            populations, pairs=pairs, resamples=resamples, seed=seed, assumptions=assumptions, progress=telling
        )
