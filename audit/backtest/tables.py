"""The figures of a backtest in words, for the terminal and the README: one table per population."""

from collections.abc import Callable, Sequence

from audit.backtest.document import Tried
from audit.backtest.figures import Figures, Sharing
from audit.counting import number_of


def _share(value: float | None) -> str:
    return "-" if value is None else f"{round(100 * value, 1) + 0.0:.1f}%"


def _points(value: float | None) -> str:
    return "-" if value is None else f"{round(value, 1) + 0.0:.1f}"


def _pooled(name: Callable[[Sharing], float], shown: Callable[[float | None], str]) -> Callable[[Figures], str]:
    return lambda found: shown(None if found["sharing"] is None else name(found["sharing"]))


LINES: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("decided, and right", lambda found: _share(found["decisions"]["right"])),
    ("decided, and wrong", lambda found: _share(found["decisions"]["wrong"])),
    ("undecided: pilot", lambda found: _share(found["decisions"]["undecided"])),
    ("routed, of what loses more than the margin", lambda found: _share(found["false_routes"]["share"])),
    ("estimate on the right side of the margin", lambda found: _share(found["leaning"]["own"])),
    ("  a bare mean of as many pairs", lambda found: _share(found["leaning"]["plain"])),
    ("95% interval of the loss contains the truth", lambda found: _share(found["coverage"]["share"])),
    ("  at the endpoint where it does least", lambda found: _share(found["coverage"]["lowest"]["share"])),
    ("  its width, points", lambda found: _points(found["width"])),
    ("pooled interval contains the truth", _pooled(lambda pooled: pooled["coverage"]["share"], _share)),
    ("  at the endpoint where it does least", _pooled(lambda pooled: pooled["coverage"]["lowest"]["share"], _share)),
    ("  its width, points", _pooled(lambda pooled: pooled["width"], _points)),
    ("  error of the estimate saved by pooling", _pooled(lambda pooled: pooled["error_saved"], _share)),
    ("loss over all traffic, points", lambda found: _points(found["amounts"]["realised_loss"])),
    ("samples that route anything", lambda found: _share(found["saving_coverage"]["samples_that_route"])),
    ("cost saved by what is routed", lambda found: _share(found["amounts"]["saving"])),
    ("  by an oracle that knows the truth", lambda found: _share(found["amounts"]["oracle_saving"])),
    ("  regret: the difference", lambda found: _share(found["amounts"]["regret"])),
    ("90% interval of a saving, if moved: contains it", lambda found: _share(found["saving_coverage"]["if_moved"])),
    ("  of the measured saving", lambda found: _share(found["saving_coverage"]["measured"])),
    ("  of the expected saving", lambda found: _share(found["saving_coverage"]["expected"])),
)
"""What is said about each number of pairs; shares are of samples and endpoints, amounts of the whole traffic."""


def title(tried: Tried) -> str:
    """The population in one line."""
    ends = tried["endpoints"]
    above = sum(end["loss"] > end["margin"] and not end["is_suspect"] for end in ends)
    suspect = sum(end["is_suspect"] for end in ends)
    artefacts = f", {suspect} suspect" if suspect else ""
    pairs = sum(end["pairs"] for end in ends)
    models = f"{tried['incumbent']} to {tried['candidate']}"
    name = tried["name"] if models in tried["name"] else f"{tried['name']}: {models}"
    return (
        f"{name}; {number_of(pairs, 'pair')}, {number_of(len(ends), 'endpoint')}, {above} above the margin{artefacts}"
    )


def table(tried: Tried) -> tuple[tuple[str, ...], list[Sequence[str]]]:
    """Column names and rows: one column per number of pairs."""
    by_pairs = tried["by_pairs"]
    heads = ("pairs per endpoint", *(f"{found['pairs']:,}" for found in by_pairs))
    lines = [(words, *(line(found) for found in by_pairs)) for words, line in LINES]
    return heads, [line for line in lines if set(line[1:]) != {"-"}]
