"""Any relation as a file: whole, exact, never over a file that nobody gave up, never with a formula in it."""

import csv
import json
from decimal import Decimal
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import cast

import jsonschema
import polars as pl
import pytest
from typer.testing import CliRunner, Result

import audit
from audit.cli import app
from audit.errors import ConfigError, UnknownNameError
from audit.ledger.export import FORMS, Form, select, write
from audit.library.relations import CHECKS, grain_of, listing
from audit.pipeline import run_report
from audit.scope import Question
from audit.warehouse import Warehouse
from tests.customers import ASSUMPTIONS, CONFIG, FORMULA, customers_database
from tests.logged import TODAY

MADE_BY_THE_LIBRARY = "savings"
"""A frame of the report, which is a relation only when it is asked for."""


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return customers_database(tmp_path_factory.mktemp("export"))


def test_every_relation_can_be_written_in_every_form(db: Path, tmp_path: Path) -> None:
    names = [row["relation"] for row in listing() if row["relation"] not in ("focus", MADE_BY_THE_LIBRARY)]
    with Warehouse.read(db) as warehouse:
        run_report(warehouse, Question(today=TODAY), CONFIG, ASSUMPTIONS)
        warehouse.add_views(CHECKS)
        for name in names:
            rows = warehouse.count(f'select count(*) from "{name}"')
            for form in FORMS:
                path = tmp_path / f"{name}.{form}"
                write(warehouse, select(warehouse, name, grain_of(name)), path, form)
                if form == "parquet":
                    assert pl.read_parquet(path).height == rows, name
                    continue
                with path.open(encoding="utf-8", newline="") as lines:
                    assert sum(1 for _ in csv.reader(lines)) == rows + 1, name


def test_a_relation_that_only_the_report_makes_is_written_too(db: Path, tmp_path: Path) -> None:
    path = audit.open(db).export(MADE_BY_THE_LIBRARY, tmp_path / "savings.csv", today=TODAY)
    assert pl.read_csv(path)["level"].to_list() == ["ceiling", "expected", "measured"]


def test_money_keeps_every_digit(db: Path, tmp_path: Path) -> None:
    traffic = audit.open(db)
    traffic.export("customer_costs", tmp_path / "costs.csv", today=TODAY)
    with (tmp_path / "costs.csv").open(encoding="utf-8", newline="") as lines:
        total = sum(Decimal(row["list_cost"] or 0) for row in csv.DictReader(lines))
    assert total == traffic.sql("select list_cost from report_totals", today=TODAY)["list_cost"].item()


def test_the_same_database_gives_the_same_file(db: Path, tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        audit.open(db).export("requests", tmp_path / name)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_the_id_of_a_customer_is_no_formula_in_a_spreadsheet(db: Path, tmp_path: Path) -> None:
    traffic = audit.open(db)
    shown_in: dict[Form, str] = {"csv": FORMULA, "excel": f"'{FORMULA}"}
    for form, shown in shown_in.items():
        path = traffic.export("customer_costs", tmp_path / form, form=form, today=TODAY)
        with path.open(encoding="utf-8", newline="") as lines:
            assert shown in {row["customer_id"] for row in csv.DictReader(lines)}


def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(db: Path, tmp_path: Path) -> None:
    """As the tables of the report do it, for every text of up to three of these, and after a byte order mark too."""
    alphabet = ["=", "+", "-", "@", "\t", "\r", "\n", " ", "a", "1", '"', "'", ",", "\u00a0", "\ufeff"]
    texts = ["".join(each) for size in (1, 2, 3) for each in product(alphabet, repeat=size)]
    path = tmp_path / "cells.csv"
    with Warehouse.read(db) as warehouse:
        warehouse.temporary("cells", pl.DataFrame({"text": texts, "number": range(-len(texts), 0)}))
        write(warehouse, "select * from cells order by number", path, "excel")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["number"] for row in rows] == [str(number) for number in range(-len(texts), 0)]
    for text, row in zip(texts, rows, strict=True):
        is_formula = text.replace("\ufeff", " ").lstrip()[:1] in {"=", "+", "-", "@"} or text[0] in "\t\r\n"
        assert row["text"] == (f"'{text}" if is_formula else text)


def test_no_file_is_replaced_without_force_and_none_is_left_half_written(db: Path, tmp_path: Path) -> None:
    traffic, path = audit.open(db), tmp_path / 'it\'s; a "file".csv'
    path.write_text("mine")
    with pytest.raises(ConfigError, match="exists already; name another file, or replace it with --force"):
        traffic.export("files", path)
    assert path.read_text() == "mine"
    with pytest.raises(UnknownNameError, match="unknown relation 'file'; nearest: files"):
        traffic.export("file", path, force=True)
    assert path.read_text() == "mine"
    assert traffic.export("files", path, force=True) == path
    assert path.read_text().startswith("file_id,")
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("out", "form", "said"),
    [
        ("missing/a.csv", None, "no file can be written there"),
        (".", "csv", "no file can be written there"),
        ("a.xlsx", None, "the ending '.xlsx' is none of csv, excel, parquet"),
        ("a.csv", "ods", "format 'ods' is none of csv, excel, parquet"),
    ],
)
def test_a_path_or_form_that_cannot_be_is_refused(
    db: Path, tmp_path: Path, out: str, form: str | None, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        audit.open(db).export("files", tmp_path / out, form=cast("Form | None", form))


def test_without_a_file_the_rows_are_on_standard_output(db: Path) -> None:
    done = run("files", "--db", str(db), "--quiet")
    assert (done.exit_code, done.stderr) == (0, "")
    audit.open(db).export("files", db.with_name("files.csv"))
    assert done.stdout_bytes == db.with_name("files.csv").read_bytes()
    assert run("files", "--db", str(db), "--format", "parquet").exit_code == 2
    assert run("files", "--db", str(db), "--json").exit_code == 2


def test_without_a_relation_they_are_listed(db: Path) -> None:
    listed = json.loads(run("--json").stdout)
    schema = json.loads(files("audit").joinpath("data/schemas/relations.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(listed, schema)
    names = [row["relation"] for row in listed["relations"]]
    assert names[0] == "focus"
    assert set(audit.open(db).relations()["relation"]) == set(names[1:])


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["export", *arguments])
