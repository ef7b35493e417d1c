"""Pairs of several samples of the same traffic: each file's weights count among its own pairs only."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import cast

import polars as pl
import pytest
from loads import jsonl, loaded, query
from paired import BIG, SMALL, one, outcomes, verdicts, workload, workload_frame

import audit
from audit.errors import InputError
from audit.evidence.outcome_log import add_outcomes

TODAY = date(2026, 11, 1)

LOSS = ("quality_loss_low", "quality_loss_point", "quality_loss_high", "adjusted_p", "pairs_effective")


def in_file(name: str, weight: float, **counts: int) -> pl.DataFrame:
    return outcomes("chat", **counts, weight=weight).with_columns(drawn_with=pl.lit(name))


def loss(*files: pl.DataFrame) -> list[float]:
    row = one(verdicts(workload_frame(workload("chat")), pl.concat(files)))
    return [cast("float", row[name]) for name in LOSS]


def test_a_small_first_sample_weighs_no_more_than_its_pairs() -> None:
    first, second = {"both": 40, "lost": 10}, {"both": 195, "lost": 5}
    sampled = loss(in_file("first", 20.0, **first), in_file("second", 4.75, **second))
    assert sampled == loss(in_file("all", 1.0, both=235, lost=15))
    assert sampled[1] == pytest.approx(100 * 15 / 250)


def test_within_a_file_weights_count_as_they_are() -> None:
    rare, common = in_file("one", 1.0, both=100), in_file("one", 9.0, both=50, lost=50)
    other = in_file("two", 3.0, both=100)
    assert loss(rare, common)[1] == pytest.approx(100 * 0.9 * 0.5)
    assert loss(rare, common, other)[1] == pytest.approx(100 * 0.9 * 0.5 * 2 / 3)


SCORES = {"incumbent_model": BIG, "candidate_model": SMALL, "incumbent_score": 1, "candidate_score": 1}


def scores(path: Path, ids: Sequence[str], name: str = "request_id") -> Path:
    jsonl(path, *(SCORES | {name: each} for each in ids))
    return path


@pytest.fixture
def traffic(tmp_path: Path) -> Path:
    """A database of 40 requests with ids r0 to r39."""
    log, db = tmp_path / "log.jsonl", tmp_path / "usage.duckdb"
    usual = {"model": BIG, "usage_input_tokens": 300, "usage_output_tokens": 20, "route": "chat"}
    jsonl(
        log,
        *(usual | {"request_id": f"r{n}", "start_time": f"2026-10-02T09:{n:02}:00Z"} for n in range(40)),
    )
    loaded(db, log)
    return db


def test_a_table_of_scores_that_grew_counts_each_request_once(traffic: Path, tmp_path: Path) -> None:
    add_outcomes(traffic, scores(tmp_path / "one.jsonl", [f"r{n}" for n in range(20)]), today=TODAY)
    added = add_outcomes(traffic, scores(tmp_path / "grown.jsonl", [f"r{n}" for n in range(21)]), today=TODAY)
    assert (added.pairs, added.replaced) == (21, 20)
    assert query(traffic, "select count(*), count(distinct request_id) from paired_outcomes") == [(21, 21)]


def test_two_pairs_of_one_request_in_a_file_are_refused_and_of_two_graders_are_not(
    traffic: Path, tmp_path: Path
) -> None:
    """Whether the second repeats the first or contradicts it, counting both would narrow the interval of the loss."""
    file = tmp_path / "doubled.jsonl"
    for score in (1, 0):
        again = SCORES | {"request_id": "r2", "candidate_score": score}
        jsonl(file, *(SCORES | {"request_id": name} for name in ("r1", "r2")), again)
        with pytest.raises(InputError, match=r"2 pairs share request_id, models and grader with another, .*'r2'; keep"):
            add_outcomes(traffic, file, today=TODAY)
    jsonl(file, *(SCORES | {"request_id": "r2", "grader": grader} for grader in ("tests", "people")))
    assert add_outcomes(traffic, file, today=TODAY).pairs == 2


def test_a_pair_named_by_its_sample_id_replaces_the_one_named_by_the_request(traffic: Path, tmp_path: Path) -> None:
    add_outcomes(traffic, scores(tmp_path / "one.jsonl", ["r3"]), today=TODAY)
    (key,) = query(traffic, "select printf('%016x', request_key) from requests where request_id = 'r3'")[0]
    named = tmp_path / "named.jsonl"
    jsonl(named, SCORES | {"request_id": "r3", "sample_id": key})
    assert add_outcomes(traffic, named, today=TODAY).replaced == 1


def test_parts_of_one_sample_keep_the_weights_they_were_drawn_with() -> None:
    heavy, light = {"both": 91, "lost": 9}, {"both": 895, "lost": 5}
    together = loss(in_file("sample", 50.0, **heavy), in_file("sample", 1.0, **light))
    assert together[1] == pytest.approx(100 * (50 * 9 + 5) / (50 * 100 + 900))


def test_answers_added_in_two_calls_are_of_the_one_sample_they_were_drawn_with(traffic: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        part = tmp_path / f"part{number}.jsonl"
        jsonl(part, SCORES | {"request_id": f"r{number}", "sample_hash": "one sample"})
        add_outcomes(traffic, part, today=TODAY)
    pairs = audit.open(traffic).sql("select drawn_with from outcome_pairs")
    assert pairs["drawn_with"].to_list() == ["one sample", "one sample"]


@pytest.mark.parametrize(
    ("candidate", "said"),
    [
        ("gpt4o-mini", ["unknown model 'gpt4o-mini'; nearest: gpt-4o-mini"]),
        ("openai/gpt-4o-mini", []),
        ("our-llama", ["unknown model 'our-llama'"]),
    ],
)
def test_pairs_of_a_model_that_nobody_knows_are_kept_and_said_to_wait(
    traffic: Path, tmp_path: Path, candidate: str, said: list[str]
) -> None:
    named = tmp_path / "named.jsonl"
    jsonl(named, SCORES | {"request_id": "r3", "candidate_model": candidate})
    added = add_outcomes(traffic, named, today=TODAY)
    assert added.pairs == 1
    assert len(added.waiting) == len(said)
    assert all(each.startswith(start) for each, start in zip(added.waiting, said, strict=True))


def test_pairs_of_a_day_to_come_of_another_endpoint_or_with_models_swapped_are_kept_and_doubted(
    traffic: Path, tmp_path: Path
) -> None:
    plain = SCORES | {"endpoint": "chat"}
    pairs = {
        "good": [plain | {"request_id": "r1", "observed_on": "2026-11-02"}],
        "later": [plain | {"observed_on": "2026-11-03"}, plain | {"observed_on": "2062-11-01"}, plain],
        "elsewhere": [plain | {"request_id": name, "endpoint": "chta"} for name in ("r3", "r2")],
        "swapped": [plain | {"incumbent_model": SMALL, "candidate_model": BIG}],
        "of_others": [plain | {"incumbent_model": "gpt-4.1", "candidate_model": SMALL}],
    }
    said: dict[str, tuple[str, ...]] = {}
    for name, rows in pairs.items():
        jsonl(path := tmp_path / f"{name}.jsonl", *rows)
        added = add_outcomes(traffic, path, today=TODAY)
        assert added.pairs == len(rows)
        said[name] = added.doubts
    assert said == {
        "good": (),
        "later": ("2 pairs were observed after today, up to 2062-11-01; counted as of today",),
        "elsewhere": (
            "2 pairs name another endpoint than that of their request, as 'chta' for 'r2' of 'chat'; that of the "
            "request counts",
        ),
        "swapped": (
            f"1 pair calls {SMALL} the incumbent, which serves none of that traffic; {BIG}, the candidate there, does: "
            "are the columns swapped?",
        ),
        "of_others": (),
    }


def test_a_report_whose_pairs_are_all_the_other_way_round_says_so(traffic: Path, tmp_path: Path) -> None:
    turned = SCORES | {"endpoint": "chat", "incumbent_model": SMALL, "candidate_model": BIG}
    for rows, count in (([turned] * 3, 1), ([SCORES | {"endpoint": "chat"}], 0)):
        jsonl(path := tmp_path / f"{count}.jsonl", *rows)
        add_outcomes(traffic, path, today=TODAY)
        warnings = audit.open(traffic).report(today=TODAY).document.get("warnings", [])
        assert (
            sum("3 paired outcomes call the candidate of this report the incumbent" in text for text in warnings)
            == count
        )
