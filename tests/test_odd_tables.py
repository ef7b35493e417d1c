"""Tables as spreadsheets write them, and tables that are not what somebody meant: columns of one name, no rows."""

from collections.abc import Callable
from pathlib import Path

import pytest

from audit.catalog.price_file import read_price_overrides
from audit.config import Config
from audit.errors import InputError
from audit.evidence.labels import read_labels
from audit.evidence.outcomes import read_outcomes
from audit.grading.harness_files import records_of
from audit.intake.loading import load
from audit.intake.resolve import unload
from audit.ledger.revenue import read_lines
from audit.warehouse import Warehouse

HEADER = "start_time,model,prompt_tokens,completion_tokens,endpoint"
ROW = "2026-10-01T00:00:00Z,gpt-4o,100,10,a"


def test_a_csv_with_columns_of_one_name_says_which_and_that_the_first_counts(tmp_path: Path) -> None:
    exports = {
        "twice": f"{HEADER},model,Endpoint,note,note\n{ROW},gpt-4o-mini,b,,\n",
        "nameless": f"{HEADER},,\n{ROW},1,2\n",
    }
    for name, text in exports.items():
        (tmp_path / f"{name}.csv").write_text(text)
    (tmp_path / "header.csv").write_text(f"{HEADER},endpoint\n")
    report = load([str(tmp_path)], db := tmp_path / "usage.duckdb")
    assert (report.total("read"), report.total("rejected"), report.refused) == (2, 0, ())
    said = [warning.partition("; ")[0].removeprefix(f"{tmp_path}/") for warning in report.warnings]
    assert said == [
        "header.csv: several columns are called 'endpoint'",
        "twice.csv: several columns are called 'model', 'Endpoint', 'note'",
        "header.csv: holds no records",
    ]
    with Warehouse.read(db) as warehouse:
        assert set(warehouse.rows("select request_model, route from request_facts")) == {("gpt-4o", "a")}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_an_export_of_no_records_is_named_and_no_error(tmp_path: Path, suffix: str) -> None:
    export = tmp_path / f"quiet.{suffix}"
    if suffix == "csv":
        export.write_text(f"{HEADER}\n")
    else:
        import polars as pl

        pl.DataFrame(schema=dict.fromkeys(HEADER.split(","), pl.String)).write_parquet(export)
    report = load([str(export)], tmp_path / "usage.duckdb")
    assert (report.total("read"), report.refused, report.failed_checks) == (0, (), ())
    assert report.warnings == (f"{export}: holds no records; if there was traffic, export it again",)


PAIRS = (
    "endpoint,incumbent_model,candidate_model,incumbent_score,candidate_score,remark\n"
    'chat,gpt-4o,gpt-4o-mini,1,0.5,"a;b,c"\n'
)
REVENUE = 'customer_id,revenue,plan\nacme,1250.50,"a;b,c"\n'
PRICES = "model,token_class,usd_per_million,source\ngpt-4o,input,2.10,contract\n"
LABELS = "request_id,candidate_model,incumbent_human_score,candidate_human_score\nr1,gpt-4o-mini,1,0.5\n"
TABLES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "outcomes": (PAIRS, lambda path: read_outcomes(path).frame.to_dicts()),
    "revenue": (REVENUE, read_lines),
    "prices": (PRICES, read_price_overrides),
    "labels": (LABELS, read_labels),
    "harness": (REVENUE, records_of),
}


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_a_table_reads_alike_whatever_stands_between_its_columns(tmp_path: Path, kind: str, sign: str) -> None:
    text, read = TABLES[kind]
    path = tmp_path / "table.csv"
    path.write_text(text)
    expected = read(path)
    quoted = text.replace('"a;b,c"', "QUOTED").replace(",", sign).replace("QUOTED", '"a;b,c"')
    path.write_bytes(b"\xef\xbb\xbf" + quoted.replace("\n", "\r\n").encode())
    assert read(path) == expected


@pytest.mark.parametrize("kind", ["outcomes", "revenue", "prices"])
def test_a_number_with_a_decimal_comma_and_a_column_named_twice_are_refused_in_words(tmp_path: Path, kind: str) -> None:
    text, read = TABLES[kind]
    path = tmp_path / "table.csv"
    path.write_text(text.replace('"a;b,c"', "x").replace(",", ";").replace(".", ","))
    with pytest.raises(InputError, match=r"(0,5|1250,50|2,10)' is not .*(decimals after a point|1250\.00|as 2\.50)"):
        read(path)
    header, rows = text.replace('"a;b,c"', "x").split("\n", 1)
    names = header.split(",")
    path.write_text(f"{header},{names[1]}\n{rows.strip()},9\n")
    with pytest.raises(InputError, match=f"column '?{names[1]}'? appears twice; keep one"):
        read(path)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("pairs.csv", PAIRS, "paired outcomes, which hold no calls; `audit outcomes add` takes them"),
        ("revenue.csv", REVENUE, "revenue of customers, which holds no calls; `audit margin` takes it"),
        ("prices.csv", PRICES, "prices, which are no calls"),
        ("plan.json", '{"schema": "traffic-audit/plan/1", "stages": []}', "what traffic-audit wrote itself, not a log"),
        ("excel.csv", f"sep=;\r\n{HEADER.replace(',', ';')}\r\n", "its first line, 'sep=;', is a hint for Excel"),
    ],
)
def test_a_file_that_belongs_to_another_command_is_told_where_it_goes(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text)
    (refused,) = load([str(tmp_path / name)], tmp_path / "usage.duckdb").refused
    assert refused.startswith(f"{tmp_path / name}: {said}")


def test_calls_without_an_id_that_are_the_same_in_a_file_are_said_to_be_taken_for_duplicates(tmp_path: Path) -> None:
    log, db = tmp_path / "log.csv", tmp_path / "usage.duckdb"
    log.write_text(f"{HEADER}\n" + f"{ROW}\n" * 3)
    (first,) = load([str(log)], db).files
    ((note, count),) = first.notes.items()
    assert (first.loaded, first.duplicate, count) == (1, 2, 2)
    assert note.startswith(
        "without an id and the same as another of the file: duplicates. Where each is a call of its own"
    )
    (again,) = load([str(log)], db).files
    assert (again.duplicate, again.notes) == (3, {})


def test_a_note_of_calls_without_an_id_is_counted_once_after_another_file_went(tmp_path: Path) -> None:
    log, other, db = tmp_path / "log.csv", tmp_path / "other.csv", tmp_path / "usage.duckdb"
    log.write_text(f"{HEADER}\n" + f"{ROW}\n" * 3)
    other.write_text(f"{HEADER}\n{ROW}\n")
    load([str(other)], db)
    load([str(log)], db)
    unload(db, str(other), Config())
    with Warehouse.read(db) as warehouse:
        assert warehouse.rows("select record_count from file_notes where starts_with(note, 'without an id')") == [(2,)]
