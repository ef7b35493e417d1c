"""`make backtest`: the method on the public paired data, 1,000 samples of each size; writes backtest.json beside this.

The figures in README.md come from that file. Its inputs are named by their hashes, so that a test can tell when they
are not the ones committed.
"""

import argparse
import hashlib
import json
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import cast

import polars as pl

from audit.assumptions import Assumptions
from audit.backtest.document import PAIRS, Backtest, backtest
from audit.backtest.populations import Population
from audit.backtest.prices import list_prices
from audit.backtest.sources import from_files
from audit.config import Config
from audit.progress import Progress, shown, silent
from tests.paired import DATA, public_pairs

RESULT = Path(__file__).with_suffix(".json")
FILES = (
    "zeroeval_gpt4o0513_vs_mini.csv",
    "zeroeval_gpt4o0806_vs_mini.csv",
    "shaberi_ja_gpt4o0513_vs_mini.csv",
    "routellm_gpt4turbo_vs_mixtral.csv",
)
MARGIN, SEED, RESAMPLES = 5.0, 20261122, 1000
PRICED_ON = date(2026, 11, 22)
DIGITS = 5


def input_hashes() -> dict[str, str]:
    """SHA-256 of every public file."""
    return {file: hashlib.sha256((DATA / file).read_bytes()).hexdigest() for file in FILES}


def outcomes_file(file: str, folder: Path) -> Path:
    """A public file as the outcomes file that `audit backtest` and `audit outcomes add` read."""
    frame = public_pairs(file).drop("workload_id", "input_tokens_band")
    asked = pl.read_csv(DATA / file)
    if "big_input_tokens" in asked.columns:
        frame = frame.with_columns(asked["big_input_tokens"].alias("input_tokens"))
    path = folder / file
    frame.write_csv(path)
    return path


def populations(files: Sequence[str] = FILES) -> list[Population]:
    """The public data, at a margin of five points and the list prices of one day."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [outcomes_file(file, Path(folder)) for file in files]
        return from_files(paths, scale="1", margin_of=lambda _: MARGIN, prices=list_prices(PRICED_ON, Config()))


def run(files: Sequence[str], resamples: int, pairs: Sequence[int] = PAIRS, progress: Progress = silent) -> Backtest:
    """The document for some of the public files."""
    return backtest(
        populations(files),
        pairs=pairs,
        resamples=resamples,
        seed=SEED,
        assumptions=Assumptions(),
        progress=progress,
    )


def committed() -> dict[str, object]:
    """What `make backtest` wrote last."""
    return cast("dict[str, object]", json.loads(RESULT.read_text(encoding="utf-8")))


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, DIGITS) + 0.0
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_rounded(each) for each in cast("list[object]", value)]
    return value


def main() -> None:
    """Run it and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resamples", type=int, default=RESAMPLES)
    resamples = int(parser.parse_args().resamples)
    with shown(quiet=False) as progress:
        document = run(FILES, resamples, progress=progress)
    written = _rounded({"inputs": input_hashes(), **document})
    RESULT.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
