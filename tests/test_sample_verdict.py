"""From log to sample to replay to verdict on the real ZeroEval answers: what a sample says is what all pairs say."""

import csv
import json
import shutil
from datetime import date
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pytest
from exports import spend_log, write_jsonl
from samples_of import replays, sampled

from audit.assumptions import Assumptions, Margins
from audit.config import Config
from audit.evidence.outcome_log import add_outcomes
from audit.intake.loading import load
from audit.pipeline import Result, run_report
from audit.sampling.plan import Ask
from audit.scope import Question
from audit.warehouse import Warehouse

DATA = Path(__file__).parent / "data"
TODAY = date(2026, 9, 30)
MARGIN = 5


@cache
def answers() -> dict[str, dict[str, str]]:
    with (DATA / "zeroeval_gpt4o0513_vs_mini.csv").open(encoding="utf-8") as lines:
        return {row["id"]: row for row in csv.DictReader(lines)}


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The answers of the incumbent as a log; with a fixed salt, so that a seed means the same sample in every run."""
    folder = tmp_path_factory.mktemp("zeroeval")
    rows = [
        spend_log(
            number,
            request_id=row["id"],
            model=row["big_model"],
            request_tags=json.dumps([row["category"]]),
            prompt_tokens=int(row["big_input_tokens"]),
            completion_tokens=int(row["big_output_tokens"]),
        )
        for number, row in enumerate(answers().values())
    ]
    with patch("audit.warehouse.os.urandom", return_value=b"the same salt 16"):
        load([str(write_jsonl(folder / "log.jsonl", rows))], folder / "usage.duckdb")
    return folder / "usage.duckdb"


def replayed(db: Path, folder: Path, pairs: int, seed: int) -> Path:
    """The sample's own scores, as another harness would hand them back."""
    sampled(db, folder / f"sample-{seed}", ask=Ask(pairs=pairs), seed=seed)
    known, outcomes = answers(), folder / f"outcomes-{seed}.csv"
    with outcomes.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(
            ["request_id", "incumbent_model", "candidate_model", "incumbent_score", "candidate_score", "weight",
             "stratum", "candidate_output_tokens"]
        )  # fmt: skip
        for each in replays(folder / f"sample-{seed}"):
            row = known[str(each.request_id)]
            table.writerow(
                [each.request_id, each.incumbent_model, each.candidate_model, row["big_score"], row["small_score"],
                 each.weight, each.stratum, row["small_output_tokens"]]
            )  # fmt: skip
    return outcomes


def decided(db: Path) -> Result:
    assumptions = Assumptions(margins=Margins(normal=MARGIN))
    with Warehouse.read(db) as warehouse:
        return run_report(warehouse, Question(today=TODAY), Config(), assumptions)


def test_verdicts_on_weighted_samples_say_what_all_pairs_say(logged: Path, tmp_path: Path) -> None:
    """Eight samples of a fifth: intervals hold the truth of their workload, and no loss above the margin is routed."""
    everything = sampled(logged, tmp_path / "all", ask=Ask(pairs=10_000))
    assert everything["pairs"] == 3_352
    lost: dict[str, list[float]] = {}
    for each in replays(tmp_path / "all"):
        row = answers()[str(each.request_id)]
        lost.setdefault(each.workload_id, []).append(100 * (float(row["big_score"]) - float(row["small_score"])))
    truth = {name: sum(each) / len(each) for name, each in lost.items()}
    is_held: list[bool] = []
    verdicts: set[tuple[str, bool]] = set()
    for seed in range(8):
        db = Path(shutil.copy(logged, tmp_path / f"{seed}.duckdb"))
        assert add_outcomes(db, replayed(db, tmp_path, 700, seed=seed), today=TODAY).pairs == 700
        for row in decided(db).verdicts.iter_rows(named=True):
            loss = truth[row["workload_id"]]
            is_held.append(row["quality_loss_low"] <= loss <= row["quality_loss_high"])
            verdicts.add((row["verdict"], loss > MARGIN))
    assert len(is_held) == 8 * len(truth)
    assert sum(is_held) / len(is_held) >= 0.9
    assert {("route", False), ("keep", True)} <= verdicts
    assert not {("route", True), ("keep", False)} & verdicts


def test_a_second_sample_asks_only_for_what_is_still_open(logged: Path, tmp_path: Path) -> None:
    db = Path(shutil.copy(logged, tmp_path / "usage.duckdb"))
    first = add_outcomes(db, replayed(db, tmp_path, 400, seed=3), today=TODAY)
    second = add_outcomes(db, replayed(db, tmp_path, 300, seed=4), today=TODAY)
    once, again = ({each.request_id for each in replays(tmp_path / f"sample-{seed}")} for seed in (3, 4))
    assert (first.pairs, second.pairs) == (400, 300)
    assert not once & again
