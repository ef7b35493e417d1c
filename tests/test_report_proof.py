"""Text and page say what a verdict rests on: both p-values, pairs that count less, parts that disagree."""

import json
from datetime import date
from pathlib import Path
from typing import cast

import jsonschema
import pytest

from audit import Report
from audit.report import advice, proof
from audit.report.document import ReportDocument, Workload
from audit.report.evidence import Strata
from audit.report.html import render_html
from tests.exports import Row
from tests.loads import jsonl, loaded
from tests.logged import calls, document, outcomes_file, workload_named

SCHEMA = Path(__file__).parent.parent / "audit" / "data" / "schemas" / "report.schema.json"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> ReportDocument:
    """Endpoint `tag` with old pairs and a changed prompt, endpoint `ticket` with strata that disagree."""
    folder = tmp_path_factory.mktemp("proof")
    db = folder / "usage.duckdb"
    old = calls("tag", 60, day=date(2026, 8, 1), template_hash="before")
    tag, ticket = calls("tag", 300, template_hash="now"), calls("ticket", 360)
    loaded(db, jsonl(folder / "log.jsonl", *old, *tag, *ticket))
    known = {"observed_on": "2026-05-01"}
    outcomes_file(db, [(request(call), 1, 1) for call in (*old, *tag)], **known)
    outcomes_file(db, [(request(call), 1, 1) for call in ticket[:300]], endpoint="ticket", stratum="cheap")
    dear = [(request(call), 1, int(number % 5 > 0)) for number, call in enumerate(ticket[300:])]
    outcomes_file(db, dear, endpoint="ticket", stratum="dear <i>")
    return document(db, since=date(2026, 8, 20), endpoints=("tag", "ticket"))


def request(call: Row) -> str:
    return str(call["request_id"])


def lines(report: ReportDocument) -> str:
    return " ".join(Report(document=report).text(width=110).split())


def test_refused_and_discounted_pairs_are_counted_in_words(report: ReportDocument) -> None:
    shown = proof.weighing(workload_named(report, "tag"))
    assert shown == ["300 pairs count for 149", "300 older pairs discounted", "60 pairs refused (other template)"]
    text, page = lines(report), render_html(report)
    for line in shown:
        assert line in text
        assert line in page


def test_both_p_values_stand_beside_the_raw_interval(report: ReportDocument) -> None:
    tag = workload_named(report, "tag")
    assert str(proof.tests(tag)) in lines(report)
    assert tag.get("p_value") is not None
    assert tag["quality_loss"] is not None
    assert float(tag["quality_loss"]["adjusted_p"] or 0) > float(tag.get("p_value") or 0)
    assert "Adjusted p" in render_html(report)
    assert "p: the chance of pairs this good" in lines(report)


def test_parts_that_disagree_are_named_with_their_intervals_and_no_more_pairs_are_asked_for(
    report: ReportDocument,
) -> None:
    ticket = workload_named(report, "ticket")
    assert (ticket["verdict"], ticket["reasons"][0], ticket["pairs_needed"]) == ("pilot", "strata_disagree", None)
    text, page = lines(report), render_html(report)
    assert "strata of the sample disagree: dear <i> 11.8 to 31.8 above the margin, cheap" in text
    assert "a router cannot tell them apart beforehand" in text
    assert "Workloads whose parts disagree" in page
    assert "dear &lt;i&gt;" in page
    assert "dear <i>" not in page
    steps = {step.command: step.why for step in advice.next_steps(report)}
    assert "its parts disagree" in steps["audit report --html FILE"]
    assert not any(command.startswith(("audit outcomes add", "audit sample")) for command in steps)


def test_a_cut_is_told_as_what_a_router_can_see() -> None:
    strata = cast("Strata", {"cut_side": "below", "cut_tokens": 1433})
    assert proof.cut(strata) == "a router could send only inputs below 1,433 tokens; measure that part by itself first"


def test_of_many_parts_the_worst_and_best_are_named_in_a_line() -> None:
    parts = [
        {"name": f"p{n}", "pairs": 50, "low": n, "point": n, "high": n, "adjusted_p": 1.0, "reading": "open"}
        for n in range(57)
    ]
    strata = {"kind": "stratum", "disagree": True, "cut_side": None, "cut_tokens": None, "parts": parts}
    line = proof.disagreement(cast("Workload", {"strata": strata}))[0]
    assert "(51 more between)" in line
    assert "p56" in line
    assert "p0 " in line
    assert "p30" not in line


def test_a_document_without_the_new_keys_is_still_shown(report: ReportDocument) -> None:
    """Documents written by an earlier version have none of them."""
    new = ("p_value", "pairs_effective", "pairs_discounted", "pairs_refused", "strata")
    plain = [{key: value for key, value in workload.items() if key not in new} for workload in report["workloads"]]
    older = cast("ReportDocument", {**report, "workloads": plain})
    older.pop("observational", None)
    assert "older pairs" not in lines(older)
    assert "observational" not in render_html(older)


def test_the_document_is_what_the_schema_says(report: ReportDocument) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    plain = json.loads(json.dumps(cast("object", report), default=float))
    jsonschema.validate(plain, schema)
    assert any(workload["strata"] for workload in plain["workloads"])
    plain["workloads"][0]["pairs_refused"] = {"other_template": 1}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain, schema)
