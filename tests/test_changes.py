"""`audit report --compare`: what differs from an earlier report or another database, and nothing else."""

import json
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
from exports import spend_log, write_jsonl

import audit
from audit.changes.reports import changes
from audit.errors import ConfigError
from audit.report.change_document import CAUSES, Changes
from audit.report.document import ReportDocument
from audit.report.html import render_html
from tests.report_document import example_document

AUDIT = str(Path(sys.executable).with_name("audit"))
MARCH, APRIL = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 4, 6, tzinfo=UTC)
BIG, MINI = "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"
PER_DAY = 40
NUMBER = r"[-+]?\$?\d[\d,.]*\d%?|\b\d%?"
TODAY = date(2026, 5, 1)

Traffic = dict[str, tuple[str, int, int]]
"""Endpoint -> model, input and output tokens of each request."""


def database(folder: Path, name: str, start: datetime, days: int, traffic: Traffic) -> Path:
    """PER_DAY requests a day and endpoint."""
    rows = [
        spend_log(
            1_000_000 * place + each,
            tag=endpoint,
            model=model,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            start=start + timedelta(days=each / PER_DAY),
        )
        for place, (endpoint, (model, tokens_in, tokens_out)) in enumerate(traffic.items())
        for each in range(PER_DAY * days)
    ]
    audit.load(write_jsonl(folder / f"{name}.jsonl", rows), db=folder / f"{name}.duckdb")
    return folder / f"{name}.duckdb"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A week of March, and ten days of April: triage is on mini, one endpoint ended, one began."""
    path = tmp_path_factory.mktemp("months")
    before: Traffic = {"chat": (BIG, 1_000, 100), "triage": (BIG, 500, 20), "old": (BIG, 200, 20)}
    now: Traffic = {"chat": (BIG, 2_000, 100), "triage": (MINI, 500, 20), "new": (BIG, 300, 30)}
    march = database(path, "march", MARCH, 7, before)
    database(path, "april", APRIL, 10, now)
    document = audit.open(march).report(today=TODAY).document
    (path / "march.json").write_text(json.dumps(document, default=float))
    return path


def run(folder: Path, *arguments: str, columns: int = 80) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [AUDIT, "report", "--quiet", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": str(columns), "PATH": "/usr/bin:/bin"},
    )


def between(folder: Path) -> Changes:
    return audit.open(folder / "april.duckdb").report(today=TODAY).changes(folder / "march.json")


def monthly_requests(days: int) -> float:
    """Requests of one endpoint in a twelfth of a year of 365.25 days; the log ends with the start of its last one."""
    return days * PER_DAY * (365.25 / 12) / (days - 1 / PER_DAY)


def cost(usd_per_token: tuple[float, float], tokens_in: int, tokens_out: int) -> float:
    """USD of one request."""
    return usd_per_token[0] * tokens_in + usd_per_token[1] * tokens_out


def test_the_causes_of_two_months_are_those_that_were_made(folder: Path) -> None:
    spend = between(folder)["spend"]
    causes = spend["causes"]
    assert causes is not None
    before, now = (monthly_requests(days) for days in (7, 10))
    big, mini = (2.5e-6, 10e-6), (0.15e-6, 0.6e-6)
    was = cost(big, 1_000, 100), cost(big, 500, 20), cost(big, 200, 20)
    is_now = cost(big, 2_000, 100), cost(mini, 500, 20), cost(big, 300, 30)
    expected = {
        "volume": (now - before) * sum(was),
        "mix": now * (is_now[2] - was[2]),
        "model": now * (is_now[1] - was[1]),
        "length": now * (is_now[0] - was[0]),
        "price": 0.0,
    }
    assert {name: float(amount) for name, amount in causes.items()} == pytest.approx(expected, abs=1e-6)
    assert float(spend["before"]) == pytest.approx(before * sum(was), abs=1e-6)
    assert float(spend["now"]) == pytest.approx(now * sum(is_now), abs=1e-6)
    assert sum(map(float, causes.values())) == pytest.approx(float(spend["change"]), abs=1e-8)


def test_what_was_paid_for_adds_up_to_the_list_cost(folder: Path) -> None:
    for name in ("march", "april"):
        document = audit.open(folder / f"{name}.duckdb").report(today=TODAY).document
        rows = document.get("traffic", [])
        spent = sum(float(used["list_cost"]) for row in rows for used in row["usage"].values())
        assert spent == pytest.approx(float(document["spend"]["list_cost"]), rel=1e-12)
        assert sum(row["requests"] for row in rows) == document["requests"]["total"]


def test_endpoints_that_began_and_ended_are_named(folder: Path) -> None:
    found = {each["endpoint"]: each["status"] for each in between(folder)["endpoints"]}
    assert found == {"chat": "kept", "triage": "kept", "old": "gone", "new": "new"}


def test_a_database_and_its_report_say_the_same(folder: Path) -> None:
    by_report, by_database = (
        json.loads(run(folder, "--db", "april.duckdb", "--compare", name, "--json").stdout)
        for name in ("march.json", "march.duckdb")
    )
    for key in ("spend", "endpoints", "prices", "counts", "before", "now"):
        assert by_report[key] == by_database[key]


def test_the_json_follows_its_schema(folder: Path) -> None:
    done = run(folder, "--db", "april.duckdb", "--compare", "march.json", "--json")
    schema = json.loads(files("audit").joinpath("data/schemas/changes.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(done.stdout), schema, jsonschema.Draft202012Validator)
    assert set(schema["required"]) == set(Changes.__annotations__)
    assert done.returncode == 0


@pytest.mark.parametrize("form", [(), ("--markdown",)])
def test_against_itself_nothing_changed(folder: Path, form: tuple[str, ...]) -> None:
    done = run(folder, "--db", "march.duckdb", "--compare", "march.duckdb", *form)
    assert "Nothing changed: both reports say the same." in done.stdout
    assert changes(example_document(), example_document())["changed"] is False
    assert "|" not in done.stdout


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_the_text_fits_and_never_breaks_a_number(folder: Path, columns: int) -> None:
    done = run(folder, "--db", "april.duckdb", "--compare", "march.json", columns=columns)
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= columns
    assert "\x1b" not in done.stdout
    said = " ".join(done.stdout.split())
    for cause in CAUSES:
        assert f" {cause} " in said
    wide = run(folder, "--db", "april.duckdb", "--compare", "march.json", columns=500).stdout
    assert set(re.findall(NUMBER, done.stdout)) <= set(re.findall(NUMBER, wide))


def test_the_page_has_a_section_of_what_changed(folder: Path) -> None:
    done = run(folder, "--db", "april.duckdb", "--compare", "march.json", "--html", "page.html")
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert done.stdout.endswith("page.html\n")
    assert 'href="#changes"' in page
    assert "Why list cost changed, a month" in page


def test_a_name_from_a_log_is_only_text_in_the_section() -> None:
    before, now = example_document(), example_document()
    now["workloads"][0]["id"] = "w-other"
    now["workloads"][0]["endpoint"] = now["workloads"][0]["name"] = "<script>alert(1)</script>"
    assert "<script>alert(1)" not in render_html(now, changes(before, now))


def moved(**facts: object) -> Changes:
    """The first workload, now routed, was a pilot with other facts."""
    before, now = example_document(), example_document()
    before["workloads"][0].update({"verdict": "pilot", **facts})  # pyright: ignore[reportCallIssue, reportArgumentType]
    return changes(before, now)


@pytest.mark.parametrize(
    ("facts", "code", "said"),
    [
        ({"pairs": 12}, "pairs", "2,400 pairs, 12 before"),
        ({"quality_loss": None}, "loss", "no loss known before"),
        ({"reasons": ["long_input"]}, "long_input", "no longer: Inputs beyond 50,000 tokens"),
        ({"reasons": []}, "within_margin", "now: Quality loss stays within the margin"),
    ],
)
def test_a_moved_verdict_says_why(facts: dict[str, object], code: str, said: str) -> None:
    (change,) = moved(**facts)["workloads"]
    assert (change["status"], change["verdict_before"], change["verdict_now"]) == ("moved", "pilot", "route")
    assert said in {each["code"]: each["text"] for each in change["why"]}[code]


def test_drift_margins_and_other_workloads_are_told_apart() -> None:
    before, now = example_document(), example_document()
    now["workloads"][2]["verdict"] = "route"
    loss = now["workloads"][2]["quality_loss"]
    assert loss is not None
    loss["margin"], loss["adjusted_p"] = 5.0, 0.001
    now["workloads"][2]["tokens"]["input"]["p50"] = 10_000
    (change,) = changes(before, now)["workloads"]
    assert [each["code"] for each in change["why"]] == ["multiplicity", "margin", "drift"]


def test_new_and_ended_workloads_and_other_rules_are_told_apart() -> None:
    before, now = example_document(), example_document()
    rows = now["workloads"]
    rows[0]["id"] = "w-1"  # the only one of its endpoint: the same under another rule
    rows[2]["id"], rows[3]["id"] = "w-2", "w-3"  # both of one endpoint
    rows[5]["id"], rows[5]["endpoint"], rows[5]["name"] = "w-4", "begun", "begun"
    found = [(each["name"], each["status"]) for each in changes(before, now)["workloads"]]
    assert found == [("support-bot", "divided"), ("begun", "new"), ("summarize-ticket", "gone")]


def test_what_is_left_out_and_what_is_assumed_are_compared() -> None:
    before, now = example_document(), example_document()
    now["requests"]["unpriced"] += 100
    now["rows"]["rejected"] += 1
    now["assumptions"][2]["value"] = 5.0
    found = changes(before, now)
    assert {each["name"]: each["now"] - each["before"] for each in found["counts"]} == {"unpriced": 100, "rejected": 1}
    assert found["assumptions"] == [{"name": "margin_normal", "before": 2.0, "now": 5.0}]
    assert found["changed"] is True


def test_an_older_report_without_what_was_paid_for_has_no_causes(folder: Path) -> None:
    old = json.loads((folder / "march.json").read_text())
    del old["traffic"]
    (folder / "old.json").write_text(json.dumps(old))
    found = audit.open(folder / "april.duckdb").report(today=TODAY).changes(folder / "old.json")
    assert found["spend"]["causes"] is None
    assert float(found["spend"]["change"]) == pytest.approx(float(between(folder)["spend"]["change"]), abs=1e-8)
    assert any("older version" in note for note in found["notes"])


def test_overlapping_windows_are_said() -> None:
    before, now = example_document(), example_document()
    now["window"]["start"] = "2026-09-15T00:00:00Z"
    now["window"]["end"] = "2026-10-15T00:00:00Z"
    assert any("--since 2026-10-01" in note for note in changes(before, now)["notes"])


def test_a_window_that_lies_before_the_earlier_one_does_not_overlap_it() -> None:
    before, now = example_document(), example_document()
    now["window"]["start"] = "2026-06-01T00:00:00Z"
    now["window"]["end"] = before["window"]["start"]
    assert not any("overlap" in note for note in changes(before, now)["notes"])


def test_windows_of_less_than_a_day_are_not_scaled_and_it_is_said() -> None:
    before, now = short(0.25), short(0.5)
    found = changes(before, now)
    assert found["basis"] == "window"
    assert "0.25 and 0.50 days" in found["notes"][0]


def short(days: float) -> ReportDocument:
    document = example_document()
    document["window"]["days"] = days
    document["spend"]["monthly_list_cost"] = None
    for saved in document["savings"].values():
        saved["monthly"] = None
    return document


def test_another_pair_is_refused(folder: Path) -> None:
    other = example_document()
    other["pair"] = {"incumbent": "gpt-4o", "candidate": "gpt-4.1-nano"}
    with pytest.raises(ConfigError, match=r"another pair: gpt-4o to gpt-4\.1-nano, this one gpt-4o to gpt-4o-mini"):
        changes(other, example_document())
    done = run(folder, "--db", "april.duckdb", "--to", "gpt-4.1-nano", "--compare", "march.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert "another pair" in done.stderr
