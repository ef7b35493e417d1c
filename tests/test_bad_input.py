"""Input as it comes: every file that cannot be used is named, every record that cannot be used is found again."""

import gzip
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
import zstandard
from exports import Row, generated_log, spend_log, spend_logs, write_csv, write_jsonl

from audit.intake.loading import LoadReport, load
from audit.intake.rejects import listed
from audit.warehouse import Warehouse

LINE_SEPARATOR = "\u2028"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"


def loaded(db: Path, *paths: Path) -> LoadReport:
    report = load([str(path) for path in paths], db)
    assert report.failed_checks == ()
    return report


def rejects(db: Path) -> list[tuple[int, str, str | None]]:
    """Record number, reason and text of every reject, the text read again from the export."""
    with Warehouse.read(db) as warehouse:
        return [(each.record_number, each.reason, each.text) for each in listed(warehouse)]


def value(db: Path, query: str) -> object:
    with Warehouse.read(db) as warehouse:
        return warehouse.value(query)


def reasons(db: Path, path: Path, bad: Sequence[Row | str | bytes]) -> list[str]:
    """Why each of `bad` cannot be loaded, one after another between good records, which all are."""
    good = [spend_log(1000 + n) for n in range(len(bad))]
    report = loaded(db, write_jsonl(path, [line for pair in zip(good, bad, strict=True) for line in pair]))
    assert (report.total("read"), report.total("loaded")) == (2 * len(bad), len(bad))
    raw = [
        row if isinstance(row, bytes) else (row if isinstance(row, str) else json.dumps(row)).encode() for row in bad
    ]
    expected = [(2 * n, line.decode("utf-8", "replace")) for n, line in enumerate(raw, 1)]
    found = rejects(db)
    assert [(number, text) for number, _, text in found] == expected
    return [reason for _, reason, _ in found]


def test_files_that_cannot_be_read_whole_are_refused_by_name_and_the_others_are_loaded(
    tmp_path: Path, db: Path
) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "picture.jsonl").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(500))
    (tmp_path / "columns.csv").write_text("when,who,how_much\n2026-03-01,me,12\n")
    (tmp_path / "blank.jsonl").write_text("\n\n  \n")
    whole = gzip.compress("".join(json.dumps(row) + "\n" for row in spend_logs(5000)).encode())
    (tmp_path / "cut.jsonl.gz").write_bytes(whole[: len(whole) * 3 // 4])
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"x,y\n" * 9000)[:40])
    (tmp_path / "cut.jsonl.zst").write_bytes(zstandard.compress(whole[:5000] + bytes(range(256)) * 90)[:4000])
    good = write_jsonl(tmp_path / "good.jsonl", spend_logs(12))
    report = loaded(db, *sorted(tmp_path.glob("*.*")))
    assert [(file.path, file.loaded) for file in report.files] == [(str(good), 12)]
    for name in (
        "empty.jsonl",
        "picture.jsonl",
        "columns.csv",
        "blank.jsonl",
        "cut.jsonl.gz",
        "cut.csv.gz",
        "cut.jsonl.zst",
    ):
        assert sum(message.startswith(str(tmp_path / name)) for message in report.refused) == 1, name
    assert value(db, "select count(*) from files") == 1


@pytest.mark.parametrize("pack", [partial(gzip.compress, compresslevel=1), zstandard.compress])
def test_a_file_cut_off_behind_its_head_is_refused_without_a_trace_of_it(
    tmp_path: Path, db: Path, pack: Callable[[bytes], bytes]
) -> None:
    lines = "".join(json.dumps(spend_log(n, end_user="".join(map(str, range(n % 900))))) + "\n" for n in range(6000))
    whole = pack(lines.encode())
    cut = tmp_path / "cut.jsonl.packed"
    cut.write_bytes(whole[: len(whole) - 1000])
    report = loaded(
        db, write_jsonl(tmp_path / "a.jsonl", spend_logs(3)), cut, write_jsonl(tmp_path / "b.jsonl", [spend_log(9)])
    )
    assert [file.loaded for file in report.files] == [3, 1]
    assert len(report.refused) == 1
    assert str(cut) in report.refused[0]
    assert value(db, "select count(*) from loaded_facts") == 4


NO_RECORDS: tuple[tuple[str | bytes, str], ...] = (
    ("no json at all", "not JSON"),
    ("[1, 2]", "an array"),
    ("12", "a number"),
    ('"twelve"', "a text"),
    ("null", "null"),
    ("{}", "not a readable record"),
    ('{"level": "info", "msg": "started"}', "not a readable record"),
    (json.dumps(spend_log(5))[:200], "not JSON"),
    (json.dumps(spend_log(5)) + " " + json.dumps(spend_log(6)), "not JSON"),
    (json.dumps(spend_log(5)).encode().replace(b"success", b"succ\xff\xfe"), "not UTF-8"),
    (json.dumps(spend_log(5)).encode().replace(b"success", b"succ\x00"), "not JSON"),
)


def test_a_line_that_is_no_record_is_rejected_with_what_is_wrong_with_it(tmp_path: Path, db: Path) -> None:
    found = reasons(db, tmp_path / "a.jsonl", [line for line, _ in NO_RECORDS])
    for (_, said), reason in zip(NO_RECORDS, found, strict=True):
        assert said in reason


IMPOSSIBLE: tuple[tuple[Row, str], ...] = (
    ({"prompt_tokens": -5}, "usage_input_tokens -5 is not a count"),
    ({"prompt_tokens": 12.7}, "usage_input_tokens 12.7 is not a count"),
    ({"completion_tokens": "twelve"}, "usage_output_tokens twelve is not a count"),
    ({"completion_tokens": True}, "usage_output_tokens true is not a count"),
    ({"prompt_tokens": {"a": 1}}, "is not a count"),
    ({"prompt_tokens": 10**19}, "usage_input_tokens 10000000000000000000 is not a count"),
    ({"prompt_tokens": 10**9}, "more than any model reads"),
    ({"completion_tokens": 10**18}, "is not a count"),
    ({"completion_tokens": 10**17}, "more than any model writes"),
    ({"startTime": None}, "start_time is missing"),
    ({"startTime": "last Tuesday"}, "start_time last Tuesday is not a time"),
    ({"startTime": "infinity"}, "is not a time"),
    ({"startTime": 10**30}, "is not a time"),
    ({"startTime": 10**20 - 1}, "is not a time"),
    ({"startTime": 12}, "is not between 2015 and 2100"),
    ({"startTime": "2099-13-45 10:00:00"}, "is not a time"),
    ({"metadata": json.dumps({"batch_successful_requests": 0})}, "request_count 0 is not a positive count"),
    ({"metadata": json.dumps({"batch_successful_requests": 10**17})}, "more than any bucket holds"),
    (spend_log(5, tokens_out=10, reasoning=11), "usage_reasoning_output_tokens 11 exceed"),
    ({"call_type": "aget_responses"}, "bills a fetched object again"),
)


def test_a_record_that_cannot_be_true_is_rejected_with_its_value(tmp_path: Path, db: Path) -> None:
    found = reasons(db, tmp_path / "a.jsonl", [spend_log(5) | columns for columns, _ in IMPOSSIBLE])
    for (_, said), reason in zip(IMPOSSIBLE, found, strict=True):
        assert said in reason


def test_odd_values_beside_the_counts_never_stop_a_load(tmp_path: Path, db: Path) -> None:
    odd: list[Row] = [
        {"request_duration_ms": "nan"},
        {"request_duration_ms": 1e300},
        {"request_duration_ms": "inf"},
        {"endTime": 10**25},
        {"endTime": "infinity"},
        {"completionStartTime": "yesterday"},
        {"spend": "free"},
        {"spend": 1e40},
        {"prompt_tokens": "1000"},
        {"prompt_tokens": 1000.0},
        {"model": "no-such-model-9"},
        {"request_tags": "{not json"},
        {"metadata": "None"},
        {"surplus": {"deep": [1, {"er": None}]}},
    ]
    path = write_jsonl(tmp_path / "a.jsonl", [spend_log(n) | columns for n, columns in enumerate(odd)])
    assert loaded(db, path).total("loaded") == len(odd)
    assert value(db, "select cast(sum(usage_input_tokens) as bigint) from traffic_cells") == 1000 * len(odd)


def test_marks_line_ends_and_separators_inside_texts_lose_no_record(tmp_path: Path, db: Path) -> None:
    rows = [spend_log(n, end_user=f"a{LINE_SEPARATOR}b\u0085c{n}") for n in range(4)]
    texts = [json.dumps(row, ensure_ascii=False) for row in rows]
    marked = write_jsonl(tmp_path / "bom.jsonl", ["\ufeff" + texts[0], texts[1], "oops"])
    windows = write_jsonl(tmp_path / "crlf.jsonl", [texts[2], "", "   ", texts[3], "oops"], newline=b"\r\n")
    report = loaded(db, marked, windows)
    assert [(file.read, file.loaded, file.rejected) for file in report.files] == [(3, 2, 1), (3, 2, 1)]
    assert [(number, text) for number, _, text in rejects(db)] == [(3, "oops"), (3, "oops")]


def test_times_with_and_without_an_offset_are_all_utc(tmp_path: Path, db: Path) -> None:
    times = [
        "2026-03-01T12:00:00Z",
        "2026-03-01 12:00:00",
        "2026-03-01T14:00:00+02:00",
        "2026-03-01 07:00:00.000000-05:00",
    ]
    times += ["1772366400", "1772366400000", "1772366400.0"]
    rows = [spend_log(n, startTime=time, endTime=time) for n, time in enumerate(times)]
    loaded(db, write_jsonl(tmp_path / "a.jsonl", rows))
    assert value(db, "select list(distinct cast(start_time as varchar)) from loaded_facts") == ["2026-03-01 12:00:00"]


def test_a_line_of_40_megabytes_is_read(tmp_path: Path, db: Path) -> None:
    long = json.dumps(spend_log(7, messages="x" * 40_000_000))
    report = loaded(db, write_jsonl(tmp_path / "a.jsonl", [spend_log(1), long, "oops", spend_log(2)]))
    assert (report.total("loaded"), report.total("rejected")) == (3, 1)
    assert rejects(db)[0][0::2] == (3, "oops")


def test_packed_files_are_read_to_their_end_and_their_rejects_again(tmp_path: Path, db: Path) -> None:
    first, second = ("".join(json.dumps(row) + "\n" for row in spend_logs(n)) for n in (30, 40))
    (tmp_path / "members.jsonl.gz").write_bytes(
        gzip.compress((first + "oops 1\n").encode()) + gzip.compress(second.encode())
    )
    frames = [zstandard.compress(text.encode()) for text in (first + "oops 2\n", second + "oops 3\n")]
    (tmp_path / "one.jsonl.zst").write_bytes(frames[0])
    (tmp_path / "frames.jsonl.zst").write_bytes(b"".join(frames))
    report = loaded(db, *sorted(tmp_path.glob("*.jsonl.*")))
    assert [(file.read, file.rejected) for file in report.files] == [(72, 2), (71, 1), (31, 1)]
    assert [(number, text) for number, _, text in rejects(db)] == [
        (31, "oops 2"),
        (72, "oops 3"),
        (31, "oops 1"),
        (31, "oops 2"),
    ]


def test_rejects_of_a_csv_are_found_again_behind_quoted_line_breaks_blank_lines_and_broken_rows(
    tmp_path: Path, db: Path
) -> None:
    rows = [spend_log(n, end_user=user) for n, user in enumerate(["plain", 'two\nlines, "quoted"', "", "a\rb", "last"])]
    lines = write_csv(tmp_path / "good.csv", rows).read_bytes().split(b"\n")
    header, first, two, three, empty, stray, last = (line.replace(b"a\rb", b'"a\rb"') for line in lines[:7])
    twelve = empty.replace(b",1000,", b",twelve,")
    records = [
        first,
        b"short,row",
        two + b"\n" + three,
        b"",
        twelve,
        stray,
        last + b",surplus,surplus",
        b"",
        twelve,
        last,
    ]
    path = tmp_path / "mixed.csv"
    for mark, ending in ((b"", b"\n"), (b"\xef\xbb\xbf", b"\n"), (b"", b"\r\n")):
        path.write_bytes(mark + header + ending + ending.join(records) + ending)
        db.unlink(missing_ok=True)
        report = loaded(db, path)
        assert (report.total("read"), report.total("loaded"), report.total("rejected")) == (8, 4, 4)
        texts = [record.decode() for record in (b"short,row", twelve, last + b",surplus,surplus", twelve)]
        assert [(number, text) for number, _, text in rejects(db)] == list(zip((2, 4, 6, 7), texts, strict=True))


@pytest.mark.parametrize("name", ["litellm.jsonl", "litellm.jsonl.gz", "openai.jsonl", "csv.csv", "csv.csv.gz"])
def test_every_bad_line_of_a_generated_log_is_rejected_at_its_place_and_no_other(
    tmp_path: Path, db: Path, name: str
) -> None:
    path = tmp_path / name
    kinds = generated_log(path, name.split(".")[0], rows=1500, bad=60)["lines"]
    blank = set(kinds.pop("blank"))
    report = loaded(db, path)
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    bad = {line for lines in kinds.values() for line in lines}
    expected: list[tuple[int, str]] = []
    offsets: list[tuple[int, int]] = []
    record, offset = (-1 if name.startswith("csv") else 0), 0
    for number, line in enumerate(content.split(b"\n"), 1):
        record += number not in blank
        if number in bad:
            expected.append((record, line.decode("utf-8", "replace")))
            offsets.append((offset, len(line) + 1))
        offset += len(line) + 1
    assert [(number, text) for number, _, text in rejects(db)] == expected
    with Warehouse.read(db) as warehouse:
        assert warehouse.rows("select byte_offset, byte_length from rejects order by record_number") == offsets
    assert (report.total("read"), report.total("rejected")) == (1560, 60)


def test_a_quote_that_never_closes_refuses_its_file_and_names_the_line(tmp_path: Path, db: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [spend_log(n, end_user="xyz") for n in range(9)])
    path.write_bytes(path.read_bytes().replace(b"xyz", b'"xyz', 1))
    report = load([str(path)], db)
    assert report.files == ()
    assert "the quote that opens in line 2 is never closed" in report.refused[0]


def test_a_file_of_which_nothing_can_be_loaded_says_so_with_the_commonest_reason(tmp_path: Path, db: Path) -> None:
    rows = [spend_log(n) | {"startTime": "09/31/2026 10:00"} for n in range(3)]
    (warning,) = load([str(write_jsonl(tmp_path / "a.jsonl", rows))], db).warnings
    assert "none of its 3 records could be loaded; of 3: start_time 09/31/2026 10:00 is not a time" in warning


def test_the_database_in_a_folder_of_exports_is_none_of_them(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [spend_log(1)])
    db = tmp_path / "usage.duckdb"
    assert load([str(tmp_path)], db).refused == ()
    assert load([str(tmp_path)], db).refused == ()
