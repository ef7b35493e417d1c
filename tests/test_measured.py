"""From log and outcomes to a verdict, end to end, on the real ZeroEval answers of gpt-4o-2024-05-13 and mini."""

import csv
import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, cast

import jsonschema
import pytest
from exports import spend_log, write_jsonl

from audit.assumptions import Assumptions
from audit.config import Config
from audit.evidence.outcome_log import add_outcomes
from audit.intake.loading import load
from audit.pipeline import run_report
from audit.scope import Question
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.report.document import ReportDocument

DATA = Path(__file__).parent / "data"
TODAY = date(2026, 9, 30)
SCHEMA = Path(__file__).parent.parent / "audit" / "data" / "schemas" / "report.schema.json"
PAIRS = {"gsm": 1319, "math-l5": 721, "numersense-v2": 512, "crux": 800}
POINTS_LOST = {"gsm": 1.1, "math-l5": 2.6, "numersense-v2": 9.2, "crux": 10.2}


def answers() -> list[dict[str, str]]:
    with (DATA / "zeroeval_gpt4o0513_vs_mini.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The answers of the incumbent as a LiteLLM log of one September week."""
    folder = tmp_path_factory.mktemp("measured")
    rows = [
        spend_log(
            number,
            startTime=f"2026-09-{1 + number % 7:02} {number % 24:02}:00:00",
            model=row["big_model"],
            request_tags=json.dumps([row["category"]]),
            prompt_tokens=int(row["big_input_tokens"]),
            completion_tokens=int(row["big_output_tokens"]),
        )
        for number, row in enumerate(answers())
    ]
    db = folder / "usage.duckdb"
    assert load([str(write_jsonl(folder / "log.jsonl", rows))], db).total("loaded") == 3352
    return db


@pytest.fixture(scope="module")
def measured(logged: Path) -> "ReportDocument":
    outcomes = logged.with_name("outcomes.csv")
    with outcomes.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(
            ["endpoint", "incumbent_model", "candidate_model", "incumbent_score", "candidate_score",
             "incumbent_output_tokens", "candidate_output_tokens", "observed_on"]
        )  # fmt: skip
        for row in answers():
            writer.writerow(
                [row["category"], row["big_model"], row["small_model"], row["big_score"], row["small_score"],
                 row["big_output_tokens"], row["small_output_tokens"], "2026-09-01"]
            )  # fmt: skip
    before = report(logged)
    assert {workload["verdict"] for workload in before["workloads"]} == {"pilot"}
    assert before["savings"]["measured"]["window"] == {"low": 0, "point": 0, "high": 0}
    expected = before["savings"]["expected"]["share_of_spend"]
    assert float(expected["high"]) - float(expected["low"]) > 0.5, "without outcomes nothing is known"
    assert add_outcomes(logged, outcomes, today=TODAY).pairs == 3352
    assert add_outcomes(logged, outcomes, today=TODAY).already_known
    return report(logged, Config(stakes={"gsm": "low"}))


def report(db: Path, config: Config | None = None) -> "ReportDocument":
    with Warehouse.read(db) as warehouse:
        return run_report(warehouse, Question(today=TODAY), config or Config(), Assumptions()).document


def test_every_endpoint_is_decided_on_all_its_pairs_even_where_the_tree_splits_it(measured: "ReportDocument") -> None:
    assert len(measured["workloads"]) > len(PAIRS), "the tree splits at least one endpoint"
    for workload in measured["workloads"]:
        assert workload["quality_loss"] is not None
        assert round(float(workload["quality_loss"]["point"]), 1) == POINTS_LOST[workload["endpoint"]]
        assert workload["pairs"] == PAIRS[workload["endpoint"]]


def test_the_verdicts_follow_the_margin(measured: "ReportDocument") -> None:
    verdicts = {workload["endpoint"]: workload["verdict"] for workload in measured["workloads"]}
    assert verdicts == {"gsm": "route", "math-l5": "pilot", "numersense-v2": "keep", "crux": "keep"}


def test_each_level_contains_the_one_before_it(measured: "ReportDocument") -> None:
    for end in ("low", "point", "high"):
        points = [float(measured["savings"][level]["window"][end]) for level in ("measured", "expected", "ceiling")]
        assert points == sorted(points)
    assert measured["savings"]["measured"]["window"]["point"] > 0


def test_the_accounting_adds_up_in_requests_and_dollars(measured: "ReportDocument") -> None:
    lines = measured.get("accounting", [])
    assert sum(line["requests"] for line in lines) == measured["requests"]["total"] == 3352
    assert sum(float(line["list_cost"] or 0) for line in lines) == pytest.approx(
        float(measured["spend"]["list_cost"]), abs=1e-9
    )


def test_a_real_document_is_what_the_schema_says(measured: "ReportDocument") -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(cast("object", measured), default=float)), schema)


@pytest.mark.parametrize(("trace", "cost"), [("code", "47.608895"), ("conv", "96.791325")])
def test_the_azure_traces_cost_what_their_published_token_counts_say(trace: str, cost: str, tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    load([str(DATA / f"AzureLLMInferenceTrace_{trace}.csv")], db)
    document = report(db)
    assert f"{float(document['spend']['list_cost']):.6f}" == cost
    assert float(document["savings"]["ceiling"]["share_of_spend"]["point"]) == pytest.approx(0.94, abs=1e-12)
