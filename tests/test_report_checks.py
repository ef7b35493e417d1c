"""Checks and judges in the report: told in text, page and JSON, and only where they change the advice."""

import io
import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, cast

import jsonschema
import pytest
from exports import spend_log, write_jsonl
from rich.console import Console

from audit.assumptions import Assumptions
from audit.config import read_config
from audit.evidence.outcome_log import add_outcomes
from audit.intake.loading import load
from audit.pipeline import run_report
from audit.report.html import render_html
from audit.report.text import render_text
from audit.scope import Question
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.report.document import ReportDocument

TODAY = date(2026, 9, 30)
SCHEMA = Path(__file__).parent.parent / "audit" / "data" / "schemas" / "report.schema.json"
PAIR = "gpt-4o-2024-08-06,gpt-4o-mini-2024-07-18"
LOSING, TIED = "1,0", "1,1"


def outcome_lines() -> list[str]:
    """`sort` loses one answer in ten by exact match; `talk` is judged, 40 of its 400 pairs labelled, 4 differently."""
    lines = [f"sort,{PAIR},{LOSING if number % 10 == 0 else TIED},exact,," for number in range(2000)]
    for number in range(400):
        label = "," if number >= 40 else LOSING if number < 4 else TIED
        lines.append(f"talk,{PAIR},{TIED},judge:gpt-4.1/abc,{label}")
    return lines


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checks")
    rows = [
        spend_log(number, model="gpt-4o-2024-08-06", request_tags=json.dumps(["sort" if number % 2 else "talk"]))
        for number in range(400)
    ]
    db = folder / "usage.duckdb"
    load([str(write_jsonl(folder / "log.jsonl", rows))], db)
    header = "endpoint,incumbent_model,candidate_model,incumbent_score,candidate_score,grader"
    header += ",incumbent_human_score,candidate_human_score"
    (folder / "o.csv").write_text("\n".join([header, *outcome_lines()]), encoding="utf-8")
    add_outcomes(db, folder / "o.csv", today=TODAY)
    return db


def report(db: Path, settings: str) -> "ReportDocument":
    config = db.with_name("audit.toml")
    config.write_text(settings, encoding="utf-8")
    with Warehouse.read(db) as warehouse:
        return run_report(warehouse, Question(today=TODAY), read_config(config), Assumptions()).document


def text_of(document: "ReportDocument") -> str:
    out = io.StringIO()
    render_text(document, Console(file=out, width=80, color_system=None))
    return " ".join(out.getvalue().split())


@pytest.fixture(scope="module")
def checked(database: Path) -> "ReportDocument":
    return report(database, "[check]\nsensitivity = 0.95\nfalse_alarm_rate = { hits = 2, of = 100 }\n")


def test_the_document_is_what_the_schema_says(checked: "ReportDocument") -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(cast("object", checked), default=float)), schema)


def test_text_and_page_tell_what_a_check_would_let_move_and_that_it_is_assumed(checked: "ReportDocument") -> None:
    cascade = next(work.get("cascade") for work in checked["workloads"] if work["endpoint"] == "sort")
    assert cascade is not None
    assert cascade["beats_direct"]
    assert cascade["escalation_rate"]["point"] == pytest.approx(0.1 * 0.95 + 0.9 * 0.02)
    text, page = text_of(checked), render_html(checked)
    for shown in (text, page):
        assert "What a check would let move" in shown
        assert "Flags 95.0% of bad and 2.0% of good answers (assumed by you)." in shown


def test_a_cascade_is_in_no_total(database: Path, checked: "ReportDocument") -> None:
    plain = report(database, "")
    assert checked["savings"] == plain["savings"]
    assert [work["verdict"] for work in checked["workloads"]] == [work["verdict"] for work in plain["workloads"]]


def test_without_a_declared_check_nothing_is_said_of_one(database: Path) -> None:
    plain = report(database, "")
    assert all(work.get("cascade") is None for work in plain["workloads"])
    assert "What a check would let move" not in text_of(plain)
    assert 'id="cascades"' not in render_html(plain)


def test_the_assumptions_name_the_check_and_what_was_counted(checked: "ReportDocument") -> None:
    told = {row["name"]: (row["value"], row["source"]) for row in checked["assumptions"]}
    assert told["check: sensitivity"] == (0.95, "assumed by you (audit.toml)")
    assert told["check: false_alarm_rate_point"] == (0.02, "measured by you: counts in audit.toml")


def test_agreement_with_people_is_always_printed(checked: "ReportDocument") -> None:
    (judge,) = checked.get("judges", [])
    assert (judge["grader"], judge["pairs"], judge["labels"]) == ("judge:gpt-4.1/abc", 400, 40)
    assert judge["agreement"] is not None
    assert judge["agreement"]["point"] == pytest.approx(0.9)
    said = "People agree with judge:gpt-4.1/abc on talk on 90.0% of 40 labelled pairs"
    assert said in text_of(checked)
    assert said in render_html(checked)
