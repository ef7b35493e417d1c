"""From a log to a verdict over a real server: sample, replay over HTTP, outcomes, report. Nothing leaves loopback."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from exports import Row, spend_log, write_jsonl
from llm_server import Rule, execute_batch, serving
from sample_folders import BIG

from audit.assumptions import Assumptions
from audit.config import Config
from audit.evidence.outcome_listing import stored_outcomes
from audit.grader_settings import GraderSettings
from audit.grading.answer_log import AddedAnswers, add_answers
from audit.intake.loading import load
from audit.pipeline import run_report
from audit.sampling.plan import Ask
from audit.sampling.sample import Choice, make_sample
from audit.scope import Question
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.report.document import ReportDocument

TODAY = date(2026, 9, 30)
LABELS = ("refund", "delivery", "complaint")
CONFIG = Config(
    stakes={"triage": "low", "dates": "low"},
    graders={
        "triage": GraderSettings(kind="json", options={"fields": ["label"]}),
        "dates": GraderSettings(kind="text"),
    },
)
TICKETS, DATES = 300, 40


def log_rows() -> Iterator[Row]:
    """A LiteLLM log with texts: tickets that both models label alike, dates that only the large one gets right."""
    for number in range(TICKETS + DATES):
        label = LABELS[number % 3]
        is_ticket = number < TICKETS
        question = f"Ticket {number} about {label}" if is_ticket else f"When did case {number} begin?"
        answer = json.dumps({"label": label, "why": f"it says {label}"}) if is_ticket else f"On day {number}."
        yield spend_log(
            number,
            model=BIG,
            tag="triage" if is_ticket else "dates",
            messages=[{"role": "user", "content": question}],
            response={"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": answer}}]},
        )


RULES: list[Rule] = [
    {"name": "feature", "when": {"messages_contain": "ticket 7 "}, "respond": {"status": 400, "error": "unsupported"}},
    {"name": "busy", "when": {"messages_contain": "ticket 8 "}, "respond": {"status": 429, "error": "slow down"}},
    {"name": "dates", "when": {"messages_contain": "when did"}, "respond": {"content": "I do not know."}},
    *(
        {
            "name": label,
            "when": {"messages_contain": label},
            "respond": {"content": f'```json\n{{"label": "{label}"}}\n```'},
        }
        for label in LABELS
    ),
]


def draw_sample(db: Path, folder: Path) -> Path:
    """A sample of all requests."""
    question = Question(incumbent="gpt-4o", candidate="gpt-4o-mini", today=TODAY)
    choice = Choice(ask=Ask(pairs=TICKETS + DATES))
    with Warehouse.read(db) as warehouse:
        make_sample(warehouse, question, CONFIG, Assumptions(), choice, out=folder)
    return folder


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AddedAnswers]:
    """The database after the answers of the server were added, and what became of them."""
    folder = tmp_path_factory.mktemp("replayed")
    log = write_jsonl(folder / "log.jsonl", log_rows())
    db = folder / "usage.duckdb"
    assert load([str(log)], db).total("loaded") == TICKETS + DATES
    sample = draw_sample(db, folder / "sample")
    with serving(folder, RULES) as address:
        output = execute_batch(address, sample / "candidate-001.jsonl", folder / "output.jsonl")
    return db, add_answers(db, [output], sample, CONFIG, today=TODAY)


def test_every_answer_of_the_server_is_accounted_for(replayed: tuple[Path, AddedAnswers]) -> None:
    _, added = replayed
    assert added.read == TICKETS + DATES
    assert added.counts == {"graded": TICKETS + DATES - 2, "failed": 1, "not_answered": 1}
    assert {(each["became"], each["reason"]) for each in added.reasons} == {
        ("failed", "HTTP 400 mock_error"),
        ("not_answered", "HTTP 429"),
    }
    assert len(added.replay_again) == 1
    assert added.added.pairs == TICKETS + DATES - 1
    assert added.replay_cost is not None
    assert added.replay_cost > 0


def test_the_report_shows_measured_verdicts(replayed: tuple[Path, AddedAnswers]) -> None:
    db, _ = replayed
    question = Question(incumbent="gpt-4o", candidate="gpt-4o-mini", today=TODAY)
    with Warehouse.read(db) as warehouse:
        document: ReportDocument = run_report(warehouse, question, CONFIG, Assumptions()).document
    found = {work["endpoint"]: work for work in document["workloads"]}
    assert {work["evidence"] for work in found.values()} == {"measured"}
    assert found["triage"]["verdict"] == "route"
    lost = found["triage"]["quality_loss"]
    assert lost is not None
    assert lost["point"] == pytest.approx(100 / (TICKETS - 1)), "the refused request is a loss, the busy one is not"
    assert found["dates"]["verdict"] == "keep"
    assert found["dates"]["pairs"] == DATES


def test_the_answers_themselves_are_not_in_the_database(replayed: tuple[Path, AddedAnswers]) -> None:
    db, _ = replayed
    content = db.read_bytes()
    assert b"I do not know" not in content
    assert b"it says refund" not in content


def test_what_is_stored_says_how_much_the_replay_cost(replayed: tuple[Path, AddedAnswers]) -> None:
    db, added = replayed
    with Warehouse.read(db) as warehouse:
        rows = stored_outcomes(warehouse)
    assert [(row["endpoint"], row["grader"], row["parse_failures"]) for row in rows] == [
        ("dates", "text", 0),
        ("triage", "json", 1),
    ]
    assert sum(float(str(row["replay_cost"])) for row in rows) == pytest.approx(added.replay_cost)
