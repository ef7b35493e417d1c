"""What holds in every report: no route without outcomes, no gain from a scorer that fails, no number from a guess."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import cast

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.report.advice import act, next_steps
from audit.report.document import ReportDocument, Workload
from tests.exports import Row
from tests.loads import jsonl
from tests.logged import calls
from tests.paired import BIG, DATA, TASK_PRIORS, one, outcomes, verdicts, workload, workload_frame

AUDIT = str(Path(sys.executable).with_name("audit"))
ARTEFACT, HONEST = "mmlu_high_school_mathematics", "mmlu_marketing"
INCUMBENT, CANDIDATE = "claude-opus-4-1-20250805", "claude-haiku-4-5-20251001"
"""A pair without a date of retirement, so that the real clock of the command line changes nothing."""


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run([AUDIT, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReportDocument, ReportDocument, str]:
    """Reports before and after RouteLLM's scores of two subjects went through the commands; and the text."""
    folder = tmp_path_factory.mktemp("routellm")
    log: list[Row] = []
    for subject in (ARTEFACT, HONEST):
        log += calls(subject, 260, model=INCUMBENT, provider_name="anthropic")
    jsonl(folder / "log.jsonl", *log)
    with (DATA / "routellm_gpt4turbo_vs_mixtral.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["category"] in (ARTEFACT, HONEST)]
    assert len(rows) == 270 + 234
    with (folder / "scores.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["endpoint", "incumbent_model", "candidate_model", "incumbent_score", "candidate_score"])
        writer.writerows(
            [row["category"], INCUMBENT, CANDIDATE, row["big_correct"], row["small_correct"]] for row in rows
        )
    (folder / "audit.toml").write_text(f'[stakes]\n"{ARTEFACT}" = "low"\n"{HONEST}" = "low"\n', encoding="utf-8")
    run(folder, "load", "log.jsonl", "--quiet")
    pair = ("--from", INCUMBENT, "--to", CANDIDATE)
    before = cast("ReportDocument", json.loads(run(folder, "report", "--json", *pair)))
    run(folder, "outcomes", "add", "scores.csv")
    after = cast("ReportDocument", json.loads(run(folder, "report", "--json", *pair)))
    return before, after, run(folder, "report", *pair)


def of(report: ReportDocument, endpoint: str) -> Workload:
    (found,) = [workload for workload in report["workloads"] if workload["endpoint"] == endpoint]
    return found


def test_without_outcomes_no_workload_is_routed_and_nothing_is_measured(
    reported: tuple[ReportDocument, ReportDocument, str],
) -> None:
    before, _, _ = reported
    assert {workload["verdict"] for workload in before["workloads"]} == {"pilot"}
    assert before["savings"]["measured"]["window"] == {"low": 0, "point": 0, "high": 0}
    expected = before["savings"]["expected"]["share_of_spend"]
    assert float(expected["high"]) - float(expected["low"]) > 0.5, "no confident share from shape alone"


def test_a_subject_on_which_the_incumbent_fails_is_suspect_and_its_gain_is_in_no_number(
    reported: tuple[ReportDocument, ReportDocument, str],
) -> None:
    """GPT-4 at 3 % on high-school mathematics, Mixtral at 32 %: an answer parser that failed, not 29 points won."""
    before, after, text = reported
    odd = of(after, ARTEFACT)
    assert odd["quality_loss"] is not None
    assert round(float(odd["quality_loss"]["point"]), 1) == -28.9
    assert (odd["verdict"], odd["reasons"]) == ("pilot", ["suspect_scorer"])
    assert odd["risk"] >= 3
    # its odds, and so its part of the expected saving, are what they were before anyone scored it
    assert odd.get("pass_probability") == of(before, ARTEFACT).get("pass_probability")
    assert after["savings"]["measured"]["window"]["point"] == pytest.approx(
        float(of(after, HONEST)["savings"]["point"])
    )
    assert of(after, HONEST)["verdict"] == "route"
    assert "check the scorer before trusting these outcomes" in " ".join(text.split())


def test_nobody_is_sent_to_score_more_pairs_with_a_scorer_that_is_suspect(
    reported: tuple[ReportDocument, ReportDocument, str],
) -> None:
    _, after, _ = reported
    odd = of(after, ARTEFACT)
    assert odd["pairs_needed"] is None
    commands = {step.command: step.why for step in next_steps(after)}
    assert "check what scored its answers" in commands["audit outcomes show"]
    assert not any(odd["id"] in command for command in commands)
    assert act(after, odd) == (
        "",
        "More pairs do not decide it: check what scored the answers, and add them scored anew.",
    )


def test_what_is_proven_is_followed_by_the_plan_for_the_same_pair(
    reported: tuple[ReportDocument, ReportDocument, str],
) -> None:
    _, after, _ = reported
    pair = f"--from {after['pair']['incumbent']} --to {after['pair']['candidate']}"
    assert f"audit plan {pair} --out plan.json" in [step.command for step in next_steps(after)]


SHAPES = st.fixed_dictionaries(
    {
        "request_count": st.integers(1, 10**6),
        "list_cost": st.floats(0.01, 1e6),
        "output_cost_share": st.floats(0, 1),
        "margin": st.sampled_from([1.0, 2.0, 5.0, 100.0]),
        "stakes": st.sampled_from(["low", "normal", "core"]),
        "confirmed_task_type": st.sampled_from([None, "anything", *TASK_PRIORS["task_type"]]),
        "incumbent_model": st.sampled_from([BIG, "gpt-4o-2024-05-13", "claude-opus-4-1-20250805"]),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(SHAPES, min_size=1, max_size=6))
def test_no_prior_routes_whatever_the_workload(shapes: list[dict[str, object]]) -> None:
    found = verdicts(workload_frame(*(workload(f"w{index}", **shape) for index, shape in enumerate(shapes))))
    assert set(found["verdict"]) <= {"pilot", "keep"}
    assert set(found["evidence"]) <= {"prior"}
    assert found["quality_loss_point"].null_count() == found.height


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(list(TASK_PRIORS["task_type"])), st.floats(0, 1))
def test_a_guessed_name_feeds_no_number(guess: str, confidence: float) -> None:
    """Columns of the guess beside the frame that is decided on change nothing; only a confirmed type does."""
    plain = workload_frame(workload("chat"))
    guessed = plain.with_columns(task_type=pl.lit(guess), task_confidence=pl.lit(confidence), name=pl.lit(guess))
    assert verdicts(guessed).equals(verdicts(plain))


def test_grounded_and_closed_book_questions_are_two_task_types() -> None:
    frame = workload_frame(
        workload("closed", confirmed_task_type="closed_book_facts"), workload("grounded", confirmed_task_type="rag_qa")
    )
    found = verdicts(frame)
    assert (one(found, "closed")["verdict"], one(found, "grounded")["verdict"]) == ("keep", "pilot")
    assert one(found, "closed")["reasons"] == ["published_loss", "no_outcomes"]


def test_outcomes_decide_against_a_published_range() -> None:
    """Closed-book questions that were measured to hold are routed: a prior is only what stands before pairs do."""
    frame = workload_frame(workload("facts", confirmed_task_type="closed_book_facts"))
    assert one(verdicts(frame, outcomes("facts", both=400)))["verdict"] == "route"
