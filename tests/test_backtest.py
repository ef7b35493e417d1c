"""The backtest: it knows the truth, it runs the method that decides reports, and the method keeps its promises."""

import json
import math
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import cast

import polars as pl
import pytest
from typer.testing import CliRunner

from audit.assumptions import Assumptions
from audit.backtest.document import Backtest, backtest, parse_pairs
from audit.backtest.figures import Figures
from audit.backtest.populations import Population, population
from audit.backtest.prices import Price
from audit.backtest.sources import from_files
from audit.backtest.tables import table, title
from audit.cli import app
from audit.demo import run_demo
from audit.errors import AuditError, ConfigError, InputError
from audit.evidence.outcome_log import add_outcomes
from tests.benchmarks.backtest import FILES, RESAMPLES, SEED, committed, input_hashes, outcomes_file, populations, run
from tests.paired import outcomes, pairs, verdicts, workload, workload_frame

Z0513, Z0806, SHABERI, ROUTELLM = FILES


def one_dollar(_: str) -> Price:
    """Both models cost the same per token in; the tests set lengths instead."""
    return Price(input=0.0, output=1.0)


def planted(*endpoints: pl.DataFrame, margin: float = 5.0) -> Population:
    """A population with prices of a dollar per output token and no input."""
    frame = pl.concat(endpoints).with_columns(
        input_tokens=pl.lit(0), incumbent_output_tokens=pl.lit(10), candidate_output_tokens=pl.lit(6)
    )
    return population("planted", "", frame, lambda _: margin, one_dollar)


def tried(found: Population, *sizes: int, resamples: int = 20, seed: int = 1) -> Backtest:
    """The backtest of one population."""
    return backtest([found], pairs=sizes, resamples=resamples, seed=seed, assumptions=Assumptions())


def figures(document: Backtest) -> list[Figures]:
    """The figures of every population and size."""
    return [each for one in document["populations"] for each in one["by_pairs"]]


def test_the_truth_is_the_loss_and_the_bill_of_all_pairs() -> None:
    """Totals of the public file at 2.50 / 10.00 and 0.15 / 0.60 USD: baseline and route-all at the real lengths."""
    (found,) = populations([Z0806])
    losses = {end.name: round(end.loss, 2) for end in found.endpoints}
    assert losses == {"gsm": 1.97, "math-l5": 3.19, "crux": 11.12}
    bills = [end.bill for end in found.endpoints if end.bill is not None]
    assert sum(bill.list_cost for bill in bills) == pytest.approx(9.5881875)
    assert sum(bill.list_cost - bill.saving for bill in bills) == pytest.approx(0.60108585)


def test_weights_and_failed_answers_count_as_they_do_in_a_verdict() -> None:
    heavy = pairs("a", [1.0, 1.0], [0.0, 1.0], weight=pl.Series([3.0, 1.0]))
    failed = pairs("a", [1.0], [0.0], parse_failed=True)
    unread = failed.with_columns(candidate_score=pl.lit(None, dtype=pl.Float64))
    (end,) = planted(heavy, failed, unread).endpoints
    decided = verdicts(workload_frame(workload("a")), pl.concat([heavy, failed, unread])).row(0, named=True)
    assert (end.pairs, end.requests, end.loss) == (4, 6.0, 80.0)
    assert decided["quality_loss_point"] == 80.0
    with pytest.raises(InputError, match="no pair has scores"):
        planted(unread)


def test_pairs_of_several_samples_weigh_as_they_do_in_a_verdict() -> None:
    """The first sample's pairs stand for 100 requests each, the second's for one: both count by their numbers."""
    few = outcomes("a", both=8, lost=2, weight=100.0).with_columns(drawn_with=pl.lit("first"))
    many = outcomes("a", both=90, weight=pl.Series([1.0, 2.0] * 45)).with_columns(drawn_with=pl.lit("second"))
    (end,) = planted(few, many).endpoints
    assert end.loss == pytest.approx(2.0)


def test_the_truth_of_an_endpoint_whose_candidate_fails_is_what_its_verdict_estimates() -> None:
    found = planted(outcomes("a", both=90, lost=4), outcomes("a", both=0, lost=6, parse_failed=True))
    (many,) = figures(tried(found, 100, resamples=60))
    assert found.endpoints[0].loss == pytest.approx(10.0)
    assert many["coverage"]["share"] >= 0.95 - beyond(0.95, 60)


def test_of_judged_pairs_the_truth_is_what_people_say() -> None:
    judged = outcomes("a", both=100, grader="judge:x").with_columns(
        incumbent_human_score=pl.lit(1.0), candidate_human_score=pl.Series([0.0] * 5 + [1.0] * 95)
    )
    found = planted(judged)
    assert found.endpoints[0].loss == pytest.approx(5.0)
    assert found.differences()[0][0].mean() == 5.0


def test_only_pairs_of_two_models_with_a_yardstick_are_a_population(tmp_path: Path) -> None:
    file = tmp_path / "scores.csv"
    head = "endpoint,incumbent_model,candidate_model,incumbent_score,candidate_score,incumbent_failed\n"
    rows = ["a,gpt-4o,gpt-4o-mini,1,1,false\n"] * 30
    other = ["a,gpt-4o,gpt-4o-mini,,1,true\n", "a,gpt-4o,gpt-4o,1,0,false\n"]
    file.write_text(head + "".join(rows + other))
    (found,) = from_files([file], scale="1", margin_of=lambda _: 5.0, prices=one_dollar)
    assert (found.candidate, found.frame.height, found.endpoints[0].loss) == ("gpt-4o-mini", 30, 0.0)
    file.write_text(head + "".join(other))
    with pytest.raises(InputError, match="no pairs of two models"):
        from_files([file], scale="1", margin_of=lambda _: 5.0, prices=one_dollar)


def test_a_population_without_truth_is_refused() -> None:
    with pytest.raises(InputError, match="scored implausibly"):
        planted(outcomes("artefact", both=5, won=80))


def test_clear_endpoints_are_decided_rightly_and_without_regret() -> None:
    found = planted(outcomes("same", both=300), outcomes("worse", both=200, lost=100))
    (few, many) = figures(tried(found, 20, 200))
    assert few["decisions"]["undecided"] >= 0.5  # 20 pairs never route
    assert many["decisions"] == {"right": 1.0, "wrong": 0.0, "undecided": 0.0, "right_of_decided": 1.0}
    assert many["amounts"]["regret"] == pytest.approx(0.0)
    assert many["amounts"]["saving"] == pytest.approx(0.4 / 2)  # of two equal bills, one shrinks to 6 tokens of 10
    assert many["amounts"]["realised_loss"] == 0.0
    assert many["saving_coverage"]["measured"] == 1.0
    assert many["false_routes"]["worst"] == {"endpoint": "worse", "share": 0.0}


def test_an_artefact_is_never_right_to_route_and_never_routed() -> None:
    found = planted(outcomes("artefact", both=5, won=80, lost=2), outcomes("same", both=300))
    (many,) = figures(tried(found, 200))
    assert [end.is_suspect for end in found.endpoints] == [True, False]
    assert many["false_routes"]["suspect"] == 0.0
    assert many["amounts"]["oracle_saving"] == pytest.approx(0.4 * 300 / 387)
    assert "1 suspect" in title(tried(found, 30)["populations"][0])


def test_the_same_seed_gives_the_same_document_whatever_ran_beside_it() -> None:
    found = planted(outcomes("a", both=60, lost=6, won=2), outcomes("b", both=60, lost=9, won=1))
    alone, beside = tried(found, 50), tried(found, 20, 50)
    assert json.dumps(alone["populations"][0]["by_pairs"][0]) == json.dumps(beside["populations"][0]["by_pairs"][1])
    assert tried(found, 50, seed=2)["populations"] != alone["populations"]


def test_without_lengths_no_saving_is_claimed() -> None:
    frame = outcomes("a", both=60, lost=6).with_columns(input_tokens=pl.lit(None, dtype=pl.Int64))
    (found,) = figures(tried(population("x", "", frame, lambda _: 5.0, one_dollar), 30))
    assert found["amounts"]["saving"] is None
    assert found["saving_coverage"]["if_moved"] is None


def beyond(share: float, samples: int, standard_errors: float = 4.0) -> float:
    """How far a share of `samples` may stray by chance."""
    return standard_errors * math.sqrt(share * (1 - share) / samples)


@pytest.mark.parametrize(
    ("file", "resamples", "endpoints"), [(Z0513, 60, 4), (Z0806, 60, 3), (SHABERI, 60, 4), (ROUTELLM, 5, 58)]
)
def test_a_quick_run_keeps_the_promises_within_the_error_of_its_size(file: str, resamples: int, endpoints: int) -> None:
    samples = resamples * endpoints
    few, *rest = figures(run([file], resamples, (20, 50, 200)))
    assert few["coverage"]["share"] >= 0.90 - beyond(0.95, samples)
    for found in rest:
        assert 0.93 - beyond(0.95, samples) <= found["coverage"]["share"] <= 0.97 + beyond(0.95, samples)
    for found in (few, *rest):
        assert (found["false_routes"]["share"] or 0.0) <= 0.025
        assert found["false_routes"]["suspect"] in (None, 0.0)
        assert abs(found["leaning"]["own"] - found["leaning"]["plain"]) <= 0.02 + beyond(0.8, samples)
        if found["saving_coverage"]["if_moved"] is not None:
            assert found["saving_coverage"]["if_moved"] >= 0.88 - beyond(0.9, samples)
    assert few["sharing"] is not None
    assert few["sharing"]["error_saved"] > 0.1
    assert rest[-1]["decisions"]["undecided"] < few["decisions"]["undecided"]


def test_the_committed_figures_are_of_these_inputs_and_this_seed() -> None:
    document = committed()
    assert document["inputs"] == input_hashes(), "run `make backtest`"
    assert (document["seed"], document["resamples"]) == (SEED, RESAMPLES)


def test_the_committed_figures_keep_every_promise() -> None:
    document = cast("Backtest", committed())
    assert [one["name"] for one in document["populations"]] == [Path(file).stem for file in FILES]
    for one in document["populations"]:
        few, *rest = one["by_pairs"]
        assert [found["pairs"] for found in one["by_pairs"]] == [20, 50, 100, 200]
        assert few["coverage"]["share"] >= 0.90
        assert all(0.93 <= found["coverage"]["share"] <= 0.97 for found in rest)
        assert few["sharing"] is not None
        assert few["sharing"]["error_saved"] >= 0.20
        assert 0.93 <= few["sharing"]["coverage"]["share"] <= 0.97
        for found in one["by_pairs"]:
            leaning, saving = found["leaning"], found["saving_coverage"]
            assert (found["false_routes"]["share"] or 0.0) <= 0.025
            assert not found["false_routes"]["suspect"]
            assert abs(leaning["own"] - leaning["plain"]) <= 0.02
            assert saving["if_moved"] is None or saving["if_moved"] >= 0.88
            if saving["samples_that_route"] >= 0.05 and saving["measured"] is not None:
                assert saving["measured"] >= 0.88
        undecided = [found["decisions"]["undecided"] for found in one["by_pairs"]]
        assert undecided == sorted(undecided, reverse=True)


def test_the_committed_leaning_on_both_zeroeval_sets_is_the_published_one() -> None:
    """0.79, 0.85 and 0.92 of the seven endpoints at 50, 100 and 200 pairs."""
    both = cast("Backtest", committed())["populations"][:2]
    ends = [len(one["endpoints"]) for one in both]
    for place, published in ((1, 0.79), (2, 0.85), (3, 0.92)):
        shares = [one["by_pairs"][place]["leaning"]["own"] for one in both]
        found = sum(share * count for share, count in zip(shares, ends, strict=True)) / sum(ends)
        assert found == pytest.approx(published, abs=0.02)


def test_a_table_has_a_column_per_size_and_no_empty_line() -> None:
    found = tried(planted(outcomes("a", both=60, lost=6)), 20, 50, resamples=3)["populations"][0]
    heads, rows = table(found)
    assert heads == ("pairs per endpoint", "20", "50")
    assert all(len(row) == 3 and set(row[1:]) != {"-"} for row in rows)
    assert (
        title(found)
        == f"planted: {found['incumbent']} to {found['candidate']}; 66 pairs, 1 endpoint, 1 above the margin"
    )


def called(arguments: Sequence[str]) -> str:
    """What the command prints."""
    result = CliRunner().invoke(app, ["backtest", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_reads_outcomes_files_and_takes_the_margin(tmp_path: Path) -> None:
    file = str(outcomes_file(SHABERI, tmp_path))
    options = ["--resamples", "2", "--pairs", "20", "--quiet"]
    document = json.loads(called([file, *options, "--margin", "3", "--json"]))
    assert document["schema"] == "traffic-audit/backtest/1"
    assert {end["margin"] for end in document["populations"][0]["endpoints"]} == {3.0}
    usual = json.loads(called([file, *options, "--json"]))
    assert {end["margin"] for end in usual["populations"][0]["endpoints"]} == {2.0}
    assert "95% interval of the loss contains the truth" in called([file, *options])


def test_the_command_reads_the_outcomes_of_a_database(tmp_path: Path) -> None:
    run_demo(tmp_path / "demo", today=date(2026, 11, 22))
    database = str(tmp_path / "demo" / "demo.duckdb")
    options = ["--db", database, "--resamples", "2", "--pairs", "40", "--quiet", "--json"]
    found = json.loads(called(options))["populations"]
    assert {one["incumbent"] for one in found} == {"gpt-4o-2024-05-13", "gpt-4o-2024-08-06"}
    assert all(one["by_pairs"][0]["amounts"]["oracle_saving"] is not None for one in found)


@pytest.mark.parametrize("text", ["", "20,x", "0", "20,-1", "1000000"])
def test_impossible_sizes_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="whole numbers"):
        backtest([], pairs=parse_pairs(text), resamples=1, seed=0, assumptions=Assumptions())


def test_outcomes_that_name_only_requests_and_databases_without_outcomes_say_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "scores.csv"
    file.write_text("request_id,incumbent_model,candidate_model,incumbent_score,candidate_score\nr1,a,b,1,1\n")
    with pytest.raises(InputError, match="no row names its endpoint"):
        called([str(file)])
    head = "endpoint,request_id,incumbent_model,candidate_model,incumbent_score,candidate_score\n"
    file.write_text(f"{head}tag,,a,b,1,1\n,r1,a,b,1,0\n")
    with pytest.raises(InputError, match="1 row names no endpoint"):
        called([str(file)])
    with pytest.raises(AuditError, match="audit load"):
        called(["--db", str(tmp_path / "none.duckdb")])


def test_a_database_lends_no_pair_that_no_verdict_counts(tmp_path: Path) -> None:
    run_demo(tmp_path / "demo", today=date(2026, 11, 22))
    database = tmp_path / "demo" / "demo.duckdb"
    file = tmp_path / "more.csv"
    file.write_text(
        "endpoint,incumbent_model,candidate_model,incumbent_score,candidate_score,incumbent_failed\n"
        "again,gpt-4o-2024-05-13,gpt-4o-2024-05-13,1,1,false\n"
        "crux,gpt-4o-2024-05-13,gpt-4o-mini-2024-07-18,,,true\n"
    )

    def names() -> set[tuple[str, int]]:
        options = ["--db", str(database), "--resamples", "1", "--pairs", "20", "--quiet", "--json"]
        return {
            (end["name"], end["pairs"])
            for one in json.loads(called(options))["populations"]
            for end in one["endpoints"]
        }

    before = names()
    add_outcomes(database, file, today=date(2026, 11, 22))
    assert names() == before
