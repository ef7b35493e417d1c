"""A backtest from populations to one document: what was asked, what is true, what the method made of samples."""

from collections.abc import Sequence
from typing import TypedDict

from audit.assumptions import Assumptions
from audit.backtest.figures import Figures, figures
from audit.backtest.populations import Population
from audit.backtest.replay import replay
from audit.counting import number_of
from audit.errors import ConfigError
from audit.progress import Progress, silent

SCHEMA = "traffic-audit/backtest/1"

PAIRS = (20, 50, 100, 200)
"""Pairs per endpoint that are tried unless others are asked for."""

MOST_PAIRS = 100_000


class Truth(TypedDict):
    """What is true of an endpoint; points of 100."""

    name: str
    pairs: int
    loss: float
    margin: float
    is_suspect: bool


class Tried(TypedDict):
    """One population and the figures of every number of pairs."""

    name: str
    source_hash: str
    incumbent: str
    candidate: str
    endpoints: list[Truth]
    by_pairs: list[Figures]


class Backtest(TypedDict):
    """The document of `audit backtest --json`."""

    schema: str
    seed: int
    resamples: int
    alpha: float
    truth: str
    populations: list[Tried]


def backtest(
    populations: Sequence[Population],
    *,
    pairs: Sequence[int] = PAIRS,
    resamples: int,
    seed: int,
    assumptions: Assumptions,
    progress: Progress = silent,
) -> Backtest:
    """Every population at every number of pairs; the same seed and pairs give the same document."""
    if not pairs or not all(0 < each <= MOST_PAIRS for each in pairs):
        raise ConfigError(f"pairs {', '.join(map(str, pairs)) or 'none'}: give whole numbers from 1 to {MOST_PAIRS:,}")
    tried: list[Tried] = []
    for population in populations:
        by_pairs: list[Figures] = []
        for each in pairs:
            with progress(f"{population.name}, {number_of(each, 'pair')}", resamples) as advance:
                found = replay(population, each, samples=resamples, seed=seed, assumptions=assumptions, advance=advance)
            by_pairs.append(figures(population, found))
        tried.append(
            {
                "name": population.name,
                "source_hash": population.source_hash,
                "incumbent": population.incumbent,
                "candidate": population.candidate,
                "endpoints": [
                    {
                        "name": end.name,
                        "pairs": end.pairs,
                        "loss": end.loss,
                        "margin": end.margin,
                        "is_suspect": end.is_suspect,
                    }
                    for end in population.endpoints
                ],
                "by_pairs": by_pairs,
            }
        )
    return {
        "schema": SCHEMA,
        "seed": seed,
        "resamples": resamples,
        "alpha": assumptions.alpha,
        "truth": "the mean over all pairs of the endpoint; samples are drawn from them with replacement",
        "populations": tried,
    }


def parse_pairs(text: str) -> tuple[int, ...]:
    """The numbers of `--pairs`.

    >>> parse_pairs("20, 50,100")
    (20, 50, 100)
    """
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError(f"--pairs {text!r} is not a list of whole numbers; write 20,50,100,200") from error
