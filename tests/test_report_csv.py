"""`audit report --csv TABLE`: RFC 4180, documented columns, the document's own values, and no formula from a name."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest

from audit.commands.report import TABLES as NAMES
from audit.errors import UnknownNameError
from audit.report.csv_tables import TABLES, csv_table
from audit.report.spreadsheet import csv_text
from tests.report_document import example_document

AUDIT = str(Path(sys.executable).with_name("audit"))
FORMULAS = ["=cmd|'/c calc'!A1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n-1"]


def rows_of(text: str) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(text, newline=""), strict=True)]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_name_never_becomes_a_formula(formula: str) -> None:
    document = example_document()
    document["workloads"][0]["name"] = document["workloads"][0]["endpoint"] = formula
    document["assumptions"][0]["source"] = formula
    document["accounting"] = [{"bucket": formula, "requests": 1, "list_cost": -1.5}]
    for name in TABLES:
        for row in rows_of(csv_table(document, name)):
            for cell in row.values():
                is_number = cell.lstrip("-").replace(".", "").replace("e", "").replace("-", "").isdigit()
                assert is_number or not cell.lstrip().startswith(("=", "+", "-", "@")), (name, cell)
    assert any(row["endpoint"] == f"'{formula}" for row in rows_of(csv_table(document, "workloads")))


def test_a_negative_number_stays_a_number() -> None:
    document = example_document()
    document["workloads"][0]["savings"] = {"low": -2.5, "point": -1, "high": 0.25}
    found = {row["id"]: row for row in rows_of(csv_table(document, "workloads"))}[document["workloads"][0]["id"]]
    assert (found["savings_low"], found["savings_point"], found["savings_high"]) == ("-2.5", "-1", "0.25")


def test_quotes_commas_and_line_ends_come_back_as_they_were() -> None:
    values = ['say "hi"', "a,b", "two\r\nlines", "größe 請求書", ""]
    text = csv_text(["a", "b", "c", "d", "e"], [values])
    assert text.count("\r\n") == 3
    assert [*csv.reader(io.StringIO(text, newline=""), strict=True)][1] == values


def test_every_workload_is_there_with_its_numbers_unrounded() -> None:
    document = example_document()
    found = {row["id"]: row for row in rows_of(csv_table(document, "workloads"))}
    assert len(found) == len(document["workloads"])
    for each in document["workloads"]:
        row, loss = found[each["id"]], each["quality_loss"]
        assert float(row["cost"]) == float(each["cost"])
        assert int(row["tokens_input_p95"]) == each["tokens"]["input"]["p95"]
        assert row["quality_loss_point"] == ("" if loss is None else repr(loss["point"]))
        assert row["reasons"].split() == each["reasons"]


def test_the_tables_agree_with_each_other() -> None:
    document = example_document()
    levels = {row["level"]: row for row in rows_of(csv_table(document, "savings"))}
    assert float(levels["measured"]["saving_monthly_point"]) == pytest.approx(2149.56, abs=0.01)
    total = sum(int(row["requests"]) for row in rows_of(csv_table(document, "accounting")))
    assert total == document["requests"]["total"]
    assert len(rows_of(csv_table(document, "daily"))) == 60
    assert len(rows_of(csv_table(document, "reasons"))) == sum(len(each["reasons"]) for each in document["workloads"])


def test_every_column_of_every_table_is_explained() -> None:
    explained = {(row["table"], row["column"]) for row in rows_of(csv_table(example_document(), "columns"))}
    for name in TABLES:
        header = next(csv.reader([csv_table(example_document(), name).split("\r\n")[0]]))
        assert {(name, column) for column in header} <= explained
    assert all(row["meaning"] for row in rows_of(csv_table(example_document(), "columns")))


def test_a_document_without_the_optional_parts_gives_their_headers() -> None:
    document = example_document()
    for key in ("daily", "models", "files", "retirements", "shape_map", "accounting"):
        document.pop(key, None)
    assert rows_of(csv_table(document, "daily")) == []
    assert csv_table(document, "daily").startswith("date,model,requests,list_cost,unpriced_requests,")


def test_the_names_of_the_command_line_are_those_of_the_tables() -> None:
    assert tuple(TABLES) == NAMES
    with pytest.raises(UnknownNameError, match="workloads, savings"):
        csv_table(example_document(), "workload")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--csv",), "workloads, savings, blended"),
        (("--csv", "nonsense"), "'nonsense' is no table; the tables are workloads, savings"),
        (("--csv", "workloads", "--json"), "--json and --csv exclude each other"),
        (("--markdown", "--json"), "--json and --markdown exclude each other"),
        (("--csv", "daily", "--compare", "x.json"), "--csv and --compare exclude each other"),
    ],
)
def test_wrong_forms_are_wrong_usage(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = subprocess.run([AUDIT, "report", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in " ".join(done.stderr.split())
