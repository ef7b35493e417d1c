"""What a file is, is told from its content: container, compression, delimiter, damage."""

import gzip
import io
import json
from pathlib import Path

import duckdb
import pytest
import zstandard
from exports import spend_logs, write_csv, write_jsonl
from staging import judged, prepared

from audit.errors import InputError
from audit.intake.recognising import recognise_all
from audit.readers.export import WIDE, inspect
from audit.readers.finding import find
from audit.readers.reader import Context

CALL = {
    "request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]},
    "response": {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "gpt-4o-2024-08-06",
        "usage": {"prompt_tokens": 100, "completion_tokens": 10},
    },
    "started_at": "2026-03-01T10:00:00Z",
}
LINE = json.dumps(CALL).encode()
HEADER = "request_id,start_time,model,prompt_tokens,completion_tokens"
ROW = "r1,2026-03-01T10:00:00Z,gpt-4o,100,10"


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def tokens(path: Path) -> list[object]:
    return [row["usage_input_tokens"] if row["reject_reason"] is None else None for row in judged(path)]


@pytest.mark.parametrize("name", ["log.jsonl", "log.csv", "log.txt.gz", "log"])
def test_compression_and_container_are_told_by_content_and_not_by_the_name(tmp_path: Path, name: str) -> None:
    lines = LINE + b"\n" + LINE + b"\n"
    for packed in (lines, gzip.compress(lines), zstandard.ZstdCompressor().compress(lines)):
        assert tokens(write(tmp_path / name, packed)) == [100, 100]


def test_a_byte_order_mark_does_not_cost_the_first_csv_row_or_hide_the_first_column(tmp_path: Path) -> None:
    rows = judged(write(tmp_path / "a.csv", b"\xef\xbb\xbf" + f"{HEADER}\r\n{ROW}\r\n".encode()))
    assert [(row["request_id"], row["usage_input_tokens"]) for row in rows] == [("r1", 100)]


def test_a_byte_order_mark_does_not_cost_the_first_record_of_a_json_document(tmp_path: Path) -> None:
    assert tokens(write(tmp_path / "a.json", b"\xef\xbb\xbf" + json.dumps([CALL, CALL]).encode())) == [100, 100]


def test_crlf_line_ends_are_no_part_of_the_last_value(tmp_path: Path) -> None:
    assert tokens(write(tmp_path / "a.jsonl", LINE + b"\r\n\r\n" + LINE + b"\r\n")) == [100, 100]
    (row,) = judged(write(tmp_path / "a.csv", f"{HEADER}\r\n{ROW}\r\n"))
    assert row["usage_output_tokens"] == 10


def test_a_line_separator_inside_a_string_does_not_split_the_record(tmp_path: Path) -> None:
    call = CALL | {"request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "a\u2028b"}]}}
    line = json.dumps(call, ensure_ascii=False)
    assert "\u2028" in line
    assert tokens(write(tmp_path / "a.jsonl", f"{line}\n{line}\n")) == [100, 100]


def test_an_array_of_records_is_read_on_one_line_or_on_many(tmp_path: Path) -> None:
    one_line = json.dumps([CALL, CALL])
    indented = json.dumps([CALL, CALL], indent=2)
    one_per_line = f"[\n{json.dumps(CALL)},\n{json.dumps(CALL)}\n]\n"
    for text in (one_line, indented, one_per_line):
        assert tokens(write(tmp_path / "a.json", text)) == [100, 100]


def test_an_array_with_a_record_per_line_is_told_apart_though_its_last_line_is_a_whole_object(tmp_path: Path) -> None:
    many = ",\n".join([json.dumps(CALL)] * 20_000)
    path = write(tmp_path / "big.json", f"[\n{many}\n]")
    assert path.stat().st_size > 4_000_000, "the head must not hold the whole file"
    assert inspect("big.json", path).container == "json"
    assert len(tokens(path)) == 20_000


def test_pages_are_unrolled_whether_one_to_a_line_or_written_one_after_another(tmp_path: Path) -> None:
    page = {"object": "list", "data": [CALL["response"]], "has_more": False}
    for text in (json.dumps(page), f"{json.dumps(page)}\n{json.dumps(page)}\n", json.dumps(page, indent=1) * 2):
        path = write(tmp_path / "pages.json", text)
        assert inspect("pages.json", path).container == "json"
        assert len(judged(path)) == text.count('"list"')


def test_one_indented_record_is_a_document_and_one_record_on_a_line_is_a_log(tmp_path: Path) -> None:
    assert tokens(write(tmp_path / "a.json", json.dumps(CALL, indent=2))) == [100]
    assert inspect("b", write(tmp_path / "b", json.dumps(CALL))).container == "jsonl"


@pytest.mark.parametrize(
    "broken", [b"#### not json", b'{"request": {"mod', b"[1, 2]", b"null", b'{"a": "\xff\xfe"}', b'{"a": "\x00"}']
)
def test_a_broken_first_line_is_one_reject_and_does_not_hide_the_format(tmp_path: Path, broken: bytes) -> None:
    assert tokens(write(tmp_path / "a.jsonl", broken + b"\n" + LINE + b"\n" + LINE)) == [None, 100, 100]


def test_a_log_that_starts_with_many_broken_lines_is_still_recognised(tmp_path: Path) -> None:
    found = tokens(write(tmp_path / "a.jsonl", b"oops\n" * 60 + b"\n".join([LINE] * 70)))
    assert found == [None] * 60 + [100] * 70


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_of_a_csv_is_detected(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path / "a.csv", f"{HEADER}\n{ROW}\n".replace(",", delimiter))
    assert inspect("a.csv", path).delimiter == delimiter
    assert tokens(path) == [100]


def test_quoted_line_breaks_and_delimiters_in_a_csv_are_part_of_the_value(tmp_path: Path) -> None:
    text = f'{HEADER},route\nr1,2026-03-01T10:00:00Z,gpt-4o,100,10,"mail,\ndraft"\n{ROW},chat\n'
    for ending in ("\n", "\r\n"):
        rows = judged(write(tmp_path / "a.csv", text.replace("\n", ending)))
        assert [row["usage_input_tokens"] for row in rows] == [100, 100]
        assert [str(row["route"]).replace("\r", "") for row in rows] == ["mail,\ndraft", "chat"]


def test_a_csv_value_longer_than_the_csv_module_allows_by_default_is_read(tmp_path: Path) -> None:
    long = "x" * 200_000
    assert tokens(write(tmp_path / "a.csv", f'{HEADER},route\n{ROW},"{long}"\n')) == [100]


def test_of_two_csv_columns_of_one_name_the_first_counts_and_the_file_still_loads(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", f"{HEADER},Model,\n{ROW},other,x\n")
    assert inspect("a.csv", path).fields[-2:] == ("Model_6", "column_7")
    assert [row["request_model"] for row in judged(path)] == ["gpt-4o"]


def test_short_long_and_unquoted_csv_rows_are_set_aside_and_the_good_ones_stay(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", f'{HEADER}\n{ROW}\nr2,2026\n{ROW},surplus\nr3,"x"y,a,b,c\n{ROW}\n')
    assert tokens(path) == [100, 100]


def test_a_csv_of_only_a_header_has_no_records_and_is_no_error(tmp_path: Path) -> None:
    assert judged(write(tmp_path / "a.csv", HEADER)) == []


def test_native_parquet_types_arrive_as_the_same_text_as_from_csv(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with duckdb.connect() as con:
        con.execute("set timezone = 'Asia/Tokyo'")
        con.execute(
            f"""copy (select 'r1' as request_id, timestamptz '2026-03-01 19:00:00+09' as start_time,
                'gpt-4o' as model, 100::double as usage_input_tokens, 10::hugeint as usage_output_tokens,
                0.012500::decimal(12, 6) as billed_cost, true as is_json, ['chat', 'eu'] as tags) to '{path}'"""
        )
    (row,) = judged(path)
    assert row["reject_reason"] is None
    assert str(row["start_time"]) == "2026-03-01 10:00:00"
    assert (row["usage_input_tokens"], row["usage_output_tokens"], str(row["billed_cost"])) == (
        100,
        10,
        "0.0125000000",
    )
    assert (row["output_type"], row["tags"]) == ("json", ["chat", "eu"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "holds no data"),
        (b"PK\x03\x04rest", "zip archive or an Excel workbook"),
        (b"SQLite format 3\x00", "SQLite database"),
        ("a,b".encode("utf-16"), "UTF-16"),
        ("a,b".encode("utf-32"), "UTF-32"),
        *(
            (LINE.decode().encode(name), rf"text in {name}; .* iconv -f {name} -t UTF-8 x.jsonl > utf8-x")
            for name in WIDE
        ),
        (bytes(range(256)) * 9, "expected JSON, CSV with a header, or Parquet"),
        ("größe,model\n1,a".encode("latin-1"), "save it again as UTF-8"),
        (b"\x01\x00\x02\x00" * 300, "binary file"),
        (b"\x00\x00", "binary file"),
        (b"\x7fELF\x02\x01" + bytes(500), "binary file"),
        (b"just one column\nand text\n", "expected JSON, CSV with a header, or Parquet"),
        (b'{"a": 1\n{"b": 2\n', "is the file damaged"),
        (b"PAR1 cut off", "not a readable Parquet file"),
    ],
)
def test_a_file_that_is_no_export_is_refused_with_its_name_and_the_reason(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = write(tmp_path / "x.jsonl", content)
    with pytest.raises(InputError, match=said) as raised:
        inspect("x.jsonl", path)
    assert str(raised.value).startswith("x.jsonl: ")


def test_a_cut_off_archive_or_document_is_refused_as_damaged(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="damaged or cut off"):
        inspect("a.gz", write(tmp_path / "a.gz", gzip.compress(LINE * 9)[:60]))
    with pytest.raises(InputError, match="damaged or cut off"):
        prepared(write(tmp_path / "a.json", json.dumps([CALL] * 3, indent=1)[:-40]))


def test_folders_globs_and_standard_input_are_found_and_hidden_files_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b.jsonl", "a.jsonl", ".DS_Store", "_SUCCESS"):
        write(tmp_path / name, LINE)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(LINE)))
    found = find([str(tmp_path), str(tmp_path / "*.jsonl"), "-"], tmp_path)
    assert [Path(name).name for name, _ in found] == ["a.jsonl", "b.jsonl", "stdin"]
    assert Path(str(found[-1][1])).read_bytes() == LINE
    with pytest.raises(InputError, match="no file matches"):
        find([str(tmp_path / "*.parquet")], tmp_path)


def test_a_dump_in_sql_is_sent_back_to_a_database(tmp_path: Path) -> None:
    path = tmp_path / "dump.sql"
    path.write_text('--\n-- PostgreSQL database dump\n--\nCREATE TABLE "LiteLLM_SpendLogs" (a text, b text);\n')
    with pytest.raises(InputError, match="a dump in SQL: restore it into a database"):
        inspect("dump.sql", path)


def test_notes_that_lie_beside_exports_are_left_alone(tmp_path: Path) -> None:
    for name in ("INDEX.md", "LICENSE.upstream", "log.jsonl"):
        (tmp_path / name).write_text("{}")
    assert [Path(name).name for name, _ in find([str(tmp_path)], tmp_path)] == ["log.jsonl"]


def test_the_records_that_files_were_recognised_by_are_not_kept_while_others_are_looked_into(tmp_path: Path) -> None:
    paths = [write_jsonl(tmp_path / f"{number}.jsonl", spend_logs(400)) for number in range(3)]
    pages = tmp_path / "pages.json"
    pages.write_text(json.dumps([{"model": "gpt-4o", "usage": {"prompt_tokens": 1}, "object": "chat.completion"}]))
    found = recognise_all([(str(path), path) for path in (*paths, pages)], tmp_path, Context(salt="pepper"), None, None)
    assert found.refused == []
    assert [(item.export.records, item.source.records) for item in found.pending] == [((), ())] * 4


@pytest.mark.parametrize("container", ["csv", "jsonl"])
def test_text_in_latin_1_is_refused_once_and_not_line_by_line(tmp_path: Path, container: str) -> None:
    rows = [row | {"end_user": name} for row, name in zip(spend_logs(9), ("Zoë", "Müller", *"abcdefg"), strict=True)]
    path = (write_csv if container == "csv" else write_jsonl)(tmp_path / f"log.{container}", rows)
    text = (
        path.read_text() if container == "csv" else "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    )
    path.write_bytes(text.encode("cp1252"))
    with pytest.raises(
        InputError, match=r"text in Latin-1 \(Windows-1252\), as 2 of its first .* iconv -f WINDOWS-1252"
    ):
        inspect("log", path)


def test_damaged_lines_and_texts_of_other_encodings_are_not_taken_for_latin_1(tmp_path: Path) -> None:
    good = [json.dumps(row | {"end_user": "Zoë"}, ensure_ascii=False).encode() for row in spend_logs(3)]
    once = [good[0].replace("ë".encode(), b"\xeb"), *(json.dumps(row) for row in spend_logs(2))]
    mixed = [good[0], *(line.replace("ë".encode(), b"\xeb") for line in good[1:])]
    bytes_at_random = [*once[1:], *(line.replace("ë".encode(), b"\xff\xfe") for line in good)]
    for lines in (once, mixed, bytes_at_random, good):
        assert inspect("log", write_jsonl(tmp_path / "log.jsonl", lines)).container == "jsonl"
