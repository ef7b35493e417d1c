"""`audit reconcile` on the command line, and a report whose bill does not tie out."""

import csv
import io
import json
from importlib.resources import files
from pathlib import Path
from typing import cast

import jsonschema
import pytest
from planted_bills import CALLS_OF_A_WEEK, bill, charges, log
from typer.testing import CliRunner

import audit
from audit.cli import app
from audit.errors import InputError
from audit.report.bill import MARK

LINES = charges(CALLS_OF_A_WEEK)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two databases: one whose bill ties out, one whose bill is three times the log."""
    folder = tmp_path_factory.mktemp("bills")
    path = log(folder / "log.csv", CALLS_OF_A_WEEK)
    right = bill(folder / "right.csv", LINES)
    wrong = bill(folder / "wrong.csv", [line.times("3" if line.day.day % 2 else "1.5") for line in LINES])
    audit.load([path, right], db=folder / "right.duckdb")
    audit.load([path, wrong], db=folder / "wrong.duckdb")
    return folder


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*arguments, "--quiet"])
    return done.exit_code, done.stdout


def test_the_bill_in_the_database_or_in_a_file_gives_the_same_document(folder: Path) -> None:
    loaded = run("reconcile", "--db", str(folder / "wrong.duckdb"), "--json")
    given = run("reconcile", str(folder / "wrong.csv"), "--db", str(folder / "right.duckdb"), "--json")
    assert loaded == given
    assert loaded[0] == 0
    schema = json.loads(files("audit").joinpath("data/schemas/reconcile.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(loaded[1]), schema)
    assert json.loads(loaded[1]) == audit.open(folder / "wrong.duckdb").reconcile()


def test_only_strict_makes_a_bill_that_does_not_tie_out_exit_3(folder: Path) -> None:
    for name, code in (("right", 0), ("wrong", 3)):
        db = str(folder / f"{name}.duckdb")
        assert run("reconcile", "--db", db)[0] == 0
        assert run("reconcile", "--db", db, "--strict")[0] == code
        assert run("report", "--db", db, "--csv", "savings")[0] == 0
        assert run("report", "--db", db, "--csv", "savings", "--strict")[0] == code


def test_the_text_says_the_result_first_and_every_cause_with_its_figure(folder: Path) -> None:
    _, text = run("reconcile", "--db", str(folder / "wrong.duckdb"))
    assert "BILL DOES NOT TIE OUT" in text.replace("\n", " ")
    assert "files missing from the log (to be checked, explains nothing yet)" in text.replace("\n", " ")
    _, text = run("reconcile", "--db", str(folder / "right.duckdb"))
    assert "The bill ties out: 0% of the bill is unexplained" in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize("table", ["causes", "days", "models", "projects", "line_items"])
def test_every_table_comes_as_csv_with_the_figures_of_the_document(folder: Path, table: str) -> None:
    code, text = run("reconcile", "--db", str(folder / "wrong.duckdb"), "--csv", table)
    rows = [*csv.DictReader(io.StringIO(text, newline=""), strict=True)]
    document = cast("dict[str, list[dict[str, float]]]", audit.open(folder / "wrong.duckdb").reconcile())
    column = "amount" if table == "causes" else "billed"
    assert code == 0
    assert [float(row[column]) for row in rows] == [row[column] for row in document[table]]


def test_a_wrong_table_or_two_forms_at_once_are_a_mistake_of_usage(folder: Path) -> None:
    db = str(folder / "right.duckdb")
    assert run("reconcile", "--db", db, "--csv", "colours")[0] == 2
    assert run("reconcile", "--db", db, "--csv", "days", "--json")[0] == 2


def test_a_report_is_marked_everywhere_where_its_bill_does_not_tie_out(folder: Path) -> None:
    report = audit.open(folder / "wrong.duckdb").report(today="2026-11-22")
    schema = json.loads(files("audit").joinpath("data/schemas/report.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(json.dumps(report.document)), schema)
    assert report.document.get("reconciliation", {}).get("ties_out") is False
    assert all(check["ok"] for check in report.document["checks"])
    page = report.html(folder / "page.html").read_text(encoding="utf-8")
    for text in (report.text(), report.markdown(), page):
        assert MARK.lower() in text.lower()
    assert f"<strong>{MARK} </strong>" in page


def test_a_report_says_of_a_bill_that_ties_out_that_it_does(folder: Path) -> None:
    report = audit.open(folder / "right.duckdb").report(today="2026-11-22")
    page = report.html(folder / "page.html").read_text(encoding="utf-8")
    for text in (report.text(width=200), page):
        assert "The bill ties out" in text
        assert MARK.lower() not in text.lower()


def test_a_report_of_other_days_than_the_bill_says_nothing_of_it(folder: Path) -> None:
    report = audit.open(folder / "right.duckdb").report(today="2026-11-22", until="2026-03-01")
    assert "reconciliation" not in report.document


def test_lines_of_a_bill_that_cannot_be_read_are_counted_and_the_first_is_quoted(folder: Path, tmp_path: Path) -> None:
    db, torn = folder / "right.duckdb", tmp_path / "torn.csv"
    header, lost = "day;billed_cost;line_item", f"{LINES[0].day};3,50;gpt-4o"
    torn.write_text("\n".join([header, lost, f"{LINES[0].day};3.50;gpt-4o", "Total;7.00;"]))
    (note,) = audit.open(db).reconcile([torn])["notes"]
    said = f"2 of 3 lines of the bill are left out, first record 1 of {torn}: amount 3,50 is not an amount"
    assert note.startswith(said)
    assert "are left out, first record 1" in run("reconcile", str(torn), "--db", str(db))[1].replace("\n", " ")
    torn.write_text(f"{header}\n{lost}")
    with pytest.raises(
        InputError,
        match=r"holds no cost that can be read: 1 of 1 line of the bill is left out.* amount 3,50 is not an amount",
    ):
        audit.open(db).reconcile([torn])


def test_a_bill_that_nobody_knows_is_told_how_bills_are_mapped_and_nothing_of_logs(
    folder: Path, tmp_path: Path
) -> None:
    unknown = tmp_path / "bill.csv"
    unknown.write_text("day,price\n2026-09-01,3\n")
    with pytest.raises(InputError) as raised:
        audit.open(folder / "right.duckdb").reconcile([unknown])
    assert str(raised.value) == (
        f"{unknown}: not an export that this version knows; it has the fields 'day', 'price'. No format resembles it. "
        "For a table of your own, say which column is what: `audit formats --map flat_bill > map.toml`, put the names "
        "of your columns into it, and give --map map.toml"
    )
