"""What `audit rejects` lists: all of it, in order, with texts, however many there are and in whatever file."""

import csv
import io
import json
from pathlib import Path

import pytest
from exports import Row, spend_log, spend_logs, write_csv, write_jsonl
from typer.testing import CliRunner

from audit.cli import app
from audit.console import terminal
from audit.intake import locate, rejects
from audit.intake.loading import load
from audit.intake.rejects import ListedReject, folded, listed
from audit.warehouse import Warehouse

FETCHED = "not a model call: call_type aget_responses bills a fetched object again"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"


def loaded(db: Path, *paths: Path, keep_raw: bool = False) -> None:
    report = load([str(path) for path in paths], db, keep_raw=keep_raw)
    assert (report.refused, report.failed_checks) == ((), ())


def found(db: Path) -> list[ListedReject]:
    with Warehouse.read(db) as warehouse:
        return list(listed(warehouse))


def fetched(number: int) -> Row:
    return spend_log(number, call_type="aget_responses")


def printed(db: Path, *options: str) -> str:
    done = CliRunner().invoke(app, ["rejects", "--db", str(db), *options])
    assert done.exit_code == 0
    return done.stdout


def test_records_that_are_no_calls_are_one_line_in_the_terminal_and_all_there_as_json_and_csv(
    tmp_path: Path, db: Path
) -> None:
    lines = ["oops", *(fetched(n) for n in range(1200)), spend_log(1), fetched(1)]
    path = write_jsonl(tmp_path / "a.jsonl", lines)
    loaded(db, path)
    shown = printed(db)
    assert "1 rejected record\n" in shown
    assert "oops" in shown
    assert f"{path}: 1,201 records: {FETCHED}" in shown
    documents = json.loads(printed(db, "--json"))
    assert [each["record_number"] for each in documents] == [1, *range(2, 1202), 1203]
    assert documents[-1]["text"] == json.dumps(fetched(1))
    assert {each["reason"] for each in documents[1:]} == {FETCHED}
    assert len(list(csv.reader(io.StringIO(printed(db, "--csv"))))) == 1 + 1202


def test_no_rejects_are_an_empty_list(tmp_path: Path, db: Path) -> None:
    loaded(db, write_jsonl(tmp_path / "a.jsonl", spend_logs(2)))
    assert json.loads(printed(db, "--json")) == []
    assert "0 rejected records" in printed(db)


@pytest.mark.parametrize("keep_raw", [False, True])
def test_places_and_texts_are_right_across_the_pages_in_which_they_are_read(
    tmp_path: Path, db: Path, monkeypatch: pytest.MonkeyPatch, keep_raw: bool
) -> None:
    for module in (locate, rejects):
        monkeypatch.setattr(module, "PAGE", 3)
    monkeypatch.setattr(terminal, "ROWS_PER_TABLE", 4)
    lines: list[Row | str] = [
        f"oops {n}" if n % 3 == 0 else fetched(n) if n % 3 == 1 else spend_log(n) for n in range(60)
    ]
    loaded(db, write_jsonl(tmp_path / "a.jsonl", lines), keep_raw=keep_raw)
    expected = [(n + 1, f"oops {n}" if n % 3 == 0 else json.dumps(fetched(n))) for n in range(60) if n % 3 < 2]
    assert [(each.record_number, each.text) for each in found(db)] == expected
    assert [f"oops {n}" in printed(db) for n in range(0, 60, 3)] == [True] * 20


def test_rejects_and_records_that_are_no_calls_are_found_again_in_a_csv_behind_rows_that_cannot_be_split(
    tmp_path: Path, db: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locate, "PAGE", 2)
    path = write_csv(tmp_path / "a.csv", [spend_log(0), fetched(1), spend_log(2, prompt_tokens="x"), fetched(3)])
    header, *records = path.read_text().splitlines()
    broken = [records[0], "too,few", records[1], "few,too", records[2], "again,too,few", records[3], records[0]]
    path.write_text("\n".join([header, *broken]) + "\n")
    loaded(db, path)
    assert [(each.record_number, each.text) for each in found(db)] == [(n, broken[n - 1]) for n in range(2, 8)]


def test_records_of_a_json_document_are_shown_as_its_reader_takes_it_apart(tmp_path: Path, db: Path) -> None:
    bad = spend_log(3, prompt_tokens=-4)
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"data": [spend_log(1), bad, fetched(2)]}, indent=1))
    loaded(db, path)
    assert [(each.record_number, json.loads(each.text or "")) for each in found(db)] == [(2, bad), (3, fetched(2))]


def test_texts_of_an_export_that_is_gone_or_changed_are_said_to_be_so(tmp_path: Path, db: Path) -> None:
    gone, changed = (write_jsonl(tmp_path / f"{name}.jsonl", ["oops", spend_log(n)]) for n, name in enumerate("ab"))
    loaded(db, gone, changed)
    gone.unlink()
    changed.write_text("something else\n")
    assert [each.unavailable for each in found(db)] == [
        "the export is no longer there",
        "the export has changed since it was loaded",
    ]


def test_counts_of_records_that_are_no_calls_are_kept_by_file_and_reason(tmp_path: Path, db: Path) -> None:
    one = write_jsonl(tmp_path / "a.jsonl", [fetched(1), spend_log(1), fetched(2)])
    two = write_jsonl(tmp_path / "b.jsonl", [spend_log(9, call_type="afile_content"), spend_log(3)])
    loaded(db, one, two)
    with Warehouse.read(db) as warehouse:
        assert folded(warehouse) == [
            (str(one), 2, FETCHED),
            (str(two), 1, FETCHED.replace("aget_responses", "afile_content")),
        ]


def test_a_reject_names_its_line_beside_its_number_among_the_records(tmp_path: Path, db: Path) -> None:
    lines = write_jsonl(tmp_path / "a.jsonl", [spend_log(1), "", "", "oops", spend_log(2), "", "oops again"])
    rows = [spend_log(n) | {"model": 'two\nlines, "quoted"'} for n in (3, 4)] + [spend_log(5, prompt_tokens="many")]
    loaded(db, lines, write_csv(tmp_path / "b.csv", rows))
    assert [(Path(each.path).name, each.record_number, each.line_number) for each in found(db)] == [
        ("a.jsonl", 2, 4),
        ("a.jsonl", 4, 7),
        ("b.csv", 3, 6),
    ]
