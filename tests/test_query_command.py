"""`audit query`: one SELECT in, its rows out as a table, CSV or JSON, about the traffic that a report counts."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import audit
from audit.cli import app
from audit.report.queries import asking, figures
from tests.mixed_traffic import mixed_database

USAGE = 2


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mixed_database(tmp_path_factory.mktemp("query"))


def asked(db: Path, *words: str, stdin: str | None = None) -> Result:
    settings = ("--db", str(db), "--config", str(db.with_name("audit.toml")), "--quiet")
    return CliRunner().invoke(app, ["query", *words, *settings], input=stdin)


def refused(db: Path, *words: str) -> str:
    error = asked(db, *words).exception
    assert isinstance(error, audit.AuditError)
    return str(error)


def test_rows_are_a_table_csv_and_json(db: Path) -> None:
    query = "select source_format, row_count, 0.0000001 as tiny, null as nothing from files"
    assert asked(db, query).stdout.split()[:4] == ["source_format", "row_count", "tiny", "nothing"]
    assert "1,080" in asked(db, query).stdout
    (row,) = csv.DictReader(io.StringIO(asked(db, query, "--csv").stdout))
    assert (row["row_count"], row["tiny"], row["nothing"]) == ("1080", "0.0000001", "")
    (document,) = json.loads(asked(db, query, "--json").stdout)
    assert document == {"source_format": "traffic_audit", "row_count": 1080, "tiny": 1e-07, "nothing": None}


def test_csv_keeps_every_digit_of_money(db: Path) -> None:
    (row,) = csv.DictReader(io.StringIO(asked(db, figures()["spend"].query, "--csv").stdout))
    exact = audit.open(db).sql("select sum(list_cost) as cost from spend_by_disposition")["cost"].item()
    assert Decimal(row["list_cost"]) == exact


def test_rows_too_wide_for_a_table_are_blocks_of_lines(db: Path) -> None:
    said = asked(db, figures()["workloads"].query).stdout.splitlines()
    assert said[0] == "row 1 of 4"
    assert max(map(len, said)) <= 80
    assert any(line.split() == ["verdict", "keep"] for line in said)


def test_no_rows_are_said_to_be_none(db: Path) -> None:
    assert asked(db, "select file_id, path from files where false").stdout == "no rows (file_id, path)\n"
    assert json.loads(asked(db, "select 1 as one where false", "--json").stdout) == []


def test_values_of_any_type_have_a_form_in_all_three(db: Path) -> None:
    query = (
        "select [1, 2] as list, {'a': 1.5} as object, map {'k': 'v'} as map, 'nan'::double as nan, "
        "time '10:00' as hour, date '2026-09-01' as day, 'x'::blob as bytes, 12::hugeint as huge, "
        "chr(27) || '[31m' || chr(8238) as escapes"
    )
    (row,) = json.loads(asked(db, query, "--json").stdout)
    assert (row["list"], row["object"], row["map"]) == ([1, 2], {"a": 1.5}, {"k": "v"})
    assert (row["nan"], row["hour"], row["day"], row["huge"]) == (None, "10:00:00", "2026-09-01", 12)
    shown = asked(db, query).stdout
    assert not {"\x1b", "\u202e"} & set(shown)
    (line,) = csv.DictReader(io.StringIO(asked(db, query, "--csv").stdout))
    assert json.loads(line["object"]) == {"a": 1.5}


def test_a_query_can_come_from_standard_input(db: Path) -> None:
    done = asked(db, "-", "--json", stdin=figures()["accounting"].query)
    assert sum(row["request_count"] for row in json.loads(done.stdout)) == 1080


def test_options_ask_about_what_a_report_with_them_counts(db: Path) -> None:
    words = ("--to", "gpt-4.1-nano", "--until", "2026-09-02", "--monthly-requests", "5000", "--source", "traffic_audit")
    config = ("--db", str(db), "--config", str(db.with_name("audit.toml")), "--quiet", "--json")
    report = json.loads(CliRunner().invoke(app, ["report", *words, *config]).stdout)
    (row,) = json.loads(asked(db, figures()["ceiling"].query, *words, "--json").stdout)
    assert row["saving"] == pytest.approx(report["savings"]["ceiling"]["window"]["point"], abs=0.005)
    assert row["monthly_saving"] == pytest.approx(report["savings"]["ceiling"]["monthly"]["point"], abs=0.005)
    (spend,) = json.loads(asked(db, figures()["spend"].query, *words, "--json").stdout)
    assert spend["request_count"] == report["requests"]["total"] < 1080
    told = "".join(asking(report).itertext())
    for each in ("--to gpt-4.1-nano", "--until 2026-09-02", "--monthly-requests 5000", "--source traffic_audit"):
        assert each in told
    assert "until=datetime.date(2026, 9, 2), monthly_requests=5000, sources=['traffic_audit']" in told


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("drop table files", "not one SELECT"),
        ("select 1 as a; select 2 as a", "not one SELECT"),
        ("", "not one SELECT"),
        ("select * from savings_by_levels", "savings_by_levels does not exist"),
        ("select interval '1 day' as i", "column 'i' is INTERVAL.* cast it to varchar"),
        ("select 1 as a, 2 as a", "two columns are called 'a'"),
    ],
)
def test_what_cannot_be_answered_is_said_with_the_query(db: Path, query: str, said: str) -> None:
    with pytest.raises(audit.AuditError, match=said):
        raise audit.AuditError(refused(db, query))


def test_two_forms_at_once_are_wrong_usage(db: Path) -> None:
    assert asked(db, "select 1 as one", "--csv", "--json").exit_code == USAGE


def test_every_relation_of_a_report_can_be_asked_and_its_definition_printed(db: Path) -> None:
    listed = audit.open(db).relations()["relation"].to_list()
    for name in ("savings_by_level", "report_workloads", "requests_by_bucket", "report_totals"):
        assert name in listed
        assert (
            CliRunner().invoke(app, ["sql", name]).stdout.startswith("with" if name != "report_workloads" else "select")
        )
