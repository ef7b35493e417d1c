"""Small versions of `make torture`, and what it is made of seen from close by."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from exports import spend_log, spend_logs, write_jsonl
from torture import full_disk, growing, kill, memory, second_audit, small_files

from audit.console.loads import FILES_SHOWN, folded
from audit.intake.loading import load
from audit.intake.recognising import hold_still, recognise_all
from audit.intake.rejects import listed
from audit.progress import shown
from audit.readers import unpacking
from audit.readers.reader import Context
from audit.warehouse import Warehouse

CONTEXT = Context(salt="")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"


def test_a_killed_load_leaves_the_database_as_before_or_as_after_whatever_the_format() -> None:
    assert kill.run(3, 2000, 1, (kill.jsonl, kill.csv, kill.many_small)).total() == 3


def test_full_and_read_only_disks_are_said_in_one_message() -> None:
    try:
        messages = full_disk.run(20_000)
    except PermissionError as error:
        pytest.skip(str(error))
    assert len(messages) == 4


def test_a_log_that_grows_while_it_is_loaded_loses_no_record() -> None:
    assert growing.run(3000, 1)["loads"] == 1


def test_two_commands_at_one_database_do_not_harm_each_other() -> None:
    assert set(second_audit.run(500, 1)) == {"refused", "both"}


def test_lines_and_documents_nested_deeper_than_any_parser_goes_cost_only_themselves(tmp_path: Path) -> None:
    assert memory.deep(tmp_path)["lines"] == 8


def test_a_line_of_20_megabytes_costs_no_other_line(tmp_path: Path) -> None:
    assert memory.endless_line(tmp_path, 20)["peak_mb"] < memory.MOST_MB


def test_a_folder_of_small_files_is_loaded_file_by_file_in_the_report() -> None:
    assert small_files.run(220)["files"] == 220


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_packed_file_that_unpacks_to_more_than_any_log_is_refused_unless_asked_for(
    tmp_path: Path, db: Path, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED", 1 << 20)
    bomb, document = tmp_path / "bomb.jsonl", tmp_path / "bomb.json"
    bomb.write_bytes(pack((json.dumps(spend_log(1)) + "\n").encode() * 20_000))
    document.write_bytes(pack(b"[" + json.dumps(spend_log(2)).encode() + b" " * 9_000_000 + b"]"))
    good = write_jsonl(tmp_path / "good.jsonl.gz", spend_logs(30))
    report = load([str(bomb), str(document), str(good)], db)
    assert report.total("loaded") == 30
    assert [message.split(":")[0] for message in report.refused] == [str(bomb), str(document)]
    assert all("--no-unpack-limit" in message for message in report.refused)
    assert load([str(bomb), str(document)], db, unpack_limit=False).refused == ()


def test_a_last_line_that_is_cut_off_is_rejected_as_such_and_loaded_when_it_is_whole(tmp_path: Path, db: Path) -> None:
    path = tmp_path / "live.jsonl"
    lines = [json.dumps(row) for row in spend_logs(3)]
    for end in (30, 150, len(lines[2]) - 1):
        path.write_text("\n".join([*lines[:2], lines[2][:end]]))
        load([str(path)], db)
    path.write_text("\n".join(lines) + "\n")
    with Warehouse.read(db) as warehouse:
        assert warehouse.count("select count(*) from rejects where starts_with(reason, 'cut off')") == 3
    report = load([str(path)], db)
    assert (report.total("loaded"), report.total("duplicate"), report.total("rejected")) == (1, 2, 0)


def test_a_file_that_changes_is_held_at_its_last_whole_line_and_a_shorter_one_refused(tmp_path: Path) -> None:
    grown = write_jsonl(tmp_path / "grown.jsonl", [*spend_logs(4), "x" * 50])
    os.truncate(grown, grown.stat().st_size - 20)
    cut, same = (write_jsonl(tmp_path / f"{name}.jsonl", spend_logs(4)) for name in ("cut", "same"))
    found = [(str(path), path) for path in (grown, cut, same)]
    pending = recognise_all(found, tmp_path, CONTEXT, None, None).pending
    with grown.open("a") as more:
        more.write("more\n")
    os.truncate(cut, 100)
    held, refused = hold_still(pending, tmp_path)
    assert [item.export.name for item in held] == [str(grown), str(same)]
    assert len(Path(str(held[0].export.path)).read_bytes().splitlines()) == 4
    assert held[1].export.path == same
    assert [message.split(":")[0] for message in refused] == [str(cut)]


def test_gathered_files_keep_their_places_rejects_duplicates_and_marks(tmp_path: Path, db: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(30):
        rows = ["\ufeff" + json.dumps(spend_log(number)), "", "oops", json.dumps(spend_log(number // 2))]
        write_jsonl(folder / f"{number:02}.jsonl", rows)
    found = recognise_all([(str(path), path) for path in folder.iterdir()], tmp_path, CONTEXT, None, None)
    assert all(item.gathered is not None for item in found.pending)
    (folder / "broken.jsonl.gz").write_bytes(gzip.compress(json.dumps(spend_log(1)).encode())[:-4])
    report = load([str(folder)], db)
    assert [file.read for file in report.files] == [3] * 30
    assert (report.total("loaded"), report.total("duplicate"), report.total("rejected")) == (30, 30, 30)
    assert len(report.refused) == 1
    with Warehouse.read(db) as warehouse:
        assert {(each.record_number, each.text) for each in listed(warehouse)} == {(2, "oops")}
        placed = warehouse.rows("select path, request_id from loaded_facts inner join files using (file_id)")
    assert {(Path(str(path)).stem, request) for path, request in placed} == {
        (f"{number:02}", f"chatcmpl-{number}") for number in range(30)
    }


def test_a_long_list_is_folded_and_a_short_one_is_not() -> None:
    assert folded(range(FILES_SHOWN + 1)) == (range(FILES_SHOWN + 1), 0)
    assert folded(range(100)) == (range(FILES_SHOWN), 100 - FILES_SHOWN)


def test_progress_elsewhere_than_on_a_terminal_is_lines_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with shown(quiet=False) as progress, progress("reading", 10) as advance:
        advance(5)
    assert capfd.readouterr() == ("", "reading ...\n")
