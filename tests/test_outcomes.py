"""Outcome files: what is read, and how a value that cannot be used is named."""

import hashlib
import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from audit.errors import ConfigError, InputError
from audit.evidence.outcomes import SCHEMA, Outcomes, parse_scale, read_outcomes

HEADER = "endpoint,incumbent_model,candidate_model,incumbent_score,candidate_score"


def written(folder: Path, text: str, name: str = "outcomes.csv") -> Path:
    """The path of a file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, *rows: str, header: str = HEADER, scale: str = "1") -> Outcomes:
    """A CSV file of these rows, read."""
    return read_outcomes(written(folder, "\n".join([header, *rows]) + "\n"), scale=scale)


def test_a_csv_of_pairs_becomes_typed_rows(tmp_path: Path) -> None:
    result = read(tmp_path, "/chat,gpt-4o,gpt-4o-mini,1,0", "/chat,gpt-4o,gpt-4o-mini,0.5,0.75")
    assert result.frame.schema == pl.Schema(SCHEMA)
    assert result.frame["incumbent_score"].to_list() == [1.0, 0.5]
    assert result.frame["record_number"].to_list() == [2, 3]
    assert result.frame["scope"].to_list() == ["endpoint", "endpoint"]
    assert result.frame["weight"].to_list() == [1.0, 1.0]
    assert result.frame["parse_failed"].to_list() == [False, False]
    assert result.frame["grader"].to_list() == [None, None]


def test_the_file_is_known_by_the_hash_of_its_bytes(tmp_path: Path) -> None:
    result = read(tmp_path, "/chat,gpt-4o,gpt-4o-mini,1,0")
    assert result.file_hash == hashlib.sha256(result.path.read_bytes()).hexdigest()


def test_csv_json_lines_and_parquet_say_the_same(tmp_path: Path) -> None:
    record = {
        "request_id": "r-1",
        "incumbent_model": "gpt-4o",
        "candidate_model": "gpt-4o-mini",
        "incumbent_score": 0.9,
        "candidate_score": 0.8,
        "candidate_output_tokens": 120,
        "incumbent_output_tokens": 100,
        "grader": "judge",
        "weight": 2.5,
        "observed_on": "2026-03-05",
        "workload": "w-1",
        "prompt": "not kept",
    }
    header, values = ",".join(record), ",".join(str(value) for value in record.values())
    csv = read_outcomes(written(tmp_path, f"\ufeff{header}\r\n{values}\r\n"))
    lines = read_outcomes(written(tmp_path, "\n" + json.dumps(record) + "\n", "outcomes.jsonl"))
    pl.DataFrame([record]).with_columns(pl.col("observed_on").str.to_date()).write_parquet(tmp_path / "o.parquet")
    parquet = read_outcomes(tmp_path / "o.parquet")
    frames = [each.frame.drop("record_number") for each in (csv, lines, parquet)]
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])
    row = csv.frame.row(0, named=True)
    assert (row["scope"], row["request_id"], row["workload"]) == ("request", "r-1", "w-1")
    assert (row["observed_on"], row["weight"], row["candidate_output_tokens"]) == (date(2026, 3, 5), 2.5, 120)
    assert "prompt" not in csv.frame.columns


def test_identical_pairs_are_kept(tmp_path: Path) -> None:
    row = "/chat,gpt-4o,gpt-4o-mini,1,1"
    assert read(tmp_path, row, row, row).frame.height == 3


def test_columns_may_come_in_any_order(tmp_path: Path) -> None:
    header = "candidate_score,incumbent_score,candidate_model,incumbent_model,endpoint"
    row = read(tmp_path, "0,1,gpt-4o-mini,gpt-4o,/chat", header=header).frame.row(0, named=True)
    assert (row["incumbent_score"], row["candidate_score"], row["endpoint"]) == (1.0, 0.0, "/chat")


@pytest.mark.parametrize(
    ("text", "ends"),
    [("1", (0, 1)), ("100", (0, 100)), ("1-5", (1, 5)), ("1..5", (1, 5)), ("-10..10", (-10, 10)), ("0.5", (0, 0.5))],
)
def test_a_scale_is_its_highest_score_or_both_ends(text: str, ends: tuple[float, float]) -> None:
    assert parse_scale(text) == ends


@pytest.mark.parametrize("text", ["", "five", "5..1", "0", "1-2-3", "nan"])
def test_a_scale_that_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a range of scores"):
        parse_scale(text)


def test_scores_are_brought_to_zero_to_one(tmp_path: Path) -> None:
    frame = read(tmp_path, "/chat,gpt-4o,gpt-4o-mini,5,2", scale="1..5").frame
    assert (frame["incumbent_score"][0], frame["candidate_score"][0]) == (1.0, 0.25)


def test_true_and_false_are_scores(tmp_path: Path) -> None:
    record = {"endpoint": "a", "incumbent_model": "m", "candidate_model": "n"}
    text = json.dumps(record | {"incumbent_score": True, "candidate_score": False})
    frame = read_outcomes(written(tmp_path, text, "o.jsonl")).frame
    assert (frame["incumbent_score"][0], frame["candidate_score"][0]) == (1.0, 0.0)
    assert read(tmp_path, "/chat,m,n,true,False").frame["incumbent_score"][0] == 1.0


def test_an_unparsed_answer_needs_no_score(tmp_path: Path) -> None:
    frame = read(tmp_path, "/chat,m,n,1,,true", header=HEADER + ",parse_failed").frame
    assert frame["parse_failed"].to_list() == [True]
    assert frame["candidate_score"].to_list() == [None]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("/chat,m,n,87,80", r"column incumbent_score, line 2: '87' is outside 0\.\.1; say with --scale"),
        ("/chat,m,n,0.9,good", r"column candidate_score, line 2: 'good' is not a number"),
        ("/chat,m,n,nan,1", r"column incumbent_score, line 2: 'nan' is not a finite number"),
        ("/chat,m,n,-0.1,1", r"column incumbent_score, line 2: '-0.1' is outside"),
        ("/chat,m,n,1,", r"column candidate_score, line 2: empty; give a score, or parse_failed"),
        (",m,n,1,1", r"column endpoint, line 2: empty, and no request_id either"),
        ("/chat,,n,1,1", r"column incumbent_model, line 2: empty; name the exact model"),
    ],
)
def test_a_bad_value_is_named_with_column_line_and_text(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, row)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("weight", "0", "column weight, line 2: '0' is not above 0"),
        ("weight", "-1", "column weight, line 2: '-1' is not above 0"),
        ("candidate_output_tokens", "1.5", "line 2: '1.5' is not a count of tokens"),
        ("candidate_output_tokens", "-3", "line 2: '-3' is not a count of tokens"),
        ("observed_on", "05.03.2026", r"line 2: '05\.03\.2026' is not a date"),
        ("parse_failed", "maybe", "line 2: 'maybe' is not true or false"),
    ],
)
def test_a_bad_optional_value_is_named(tmp_path: Path, column: str, value: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, f"/chat,m,n,1,1,{value}", header=f"{HEADER},{column}")


def test_many_bad_values_are_counted_and_five_are_quoted(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, *["/chat,m,n,2,2"] * 4)
    message = str(caught.value)
    assert "8 values cannot be used; nothing was added" in message
    assert message.count("column ") == 5
    assert message.endswith("and 3 more")


def test_lines_are_counted_in_the_file_not_in_records(tmp_path: Path) -> None:
    header = f"{HEADER},note"
    with pytest.raises(InputError, match="column candidate_score, line 5"):
        read(tmp_path, '/chat,m,n,1,1,"two', 'lines"', "", "/chat,m,n,1,7,x", header=header)


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("", "o.csv", "the file is empty"),
        (HEADER + "\n", "o.csv", "no pairs, only column names"),
        (
            "a,b\n1,2\n",
            "o.csv",
            "missing column incumbent_model, candidate_model, .*endpoint or request_id; found a, b",
        ),
        (f"{HEADER}\n/chat,m\n", "o.csv", "line 2: 2 values for 5 columns"),
        (f'{HEADER}\n"/chat,m,n,1,1\n', "o.csv", "line 2: not CSV"),
        (f"{HEADER},weigth\n/chat,m,n,1,1,2\n", "o.csv", "'weigth' looks like 'weight': rename it"),
        (f"{HEADER},endpoint\n/chat,m,n,1,1,x\n", "o.csv", "column endpoint appears twice"),
        ("{", "o.jsonl", "line 1: not JSON"),
        ("[1]", "o.jsonl", r"line 1: '\[1\]' is not an object"),
        ("x", "o.parquet", "not a readable Parquet file"),
        ("x", "o.xlsx", "unknown file type '.xlsx'"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(
    tmp_path: Path, text: str, name: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_outcomes(written(tmp_path, text, name))


def test_columns_of_the_users_own_are_left_alone(tmp_path: Path) -> None:
    assert read(tmp_path, "/chat,m,n,1,1,A", header=f"{HEADER},grade").frame.height == 1


def test_a_missing_file_and_a_wrong_encoding_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv: cannot be read"):
        read_outcomes(tmp_path / "nowhere.csv")
    (tmp_path / "latin.csv").write_bytes(HEADER.encode() + b"\n/caf\xe9,m,n,1,1\n")
    with pytest.raises(InputError, match="byte 77 is not UTF-8"):
        read_outcomes(tmp_path / "latin.csv")


def test_long_prompts_beside_the_scores_are_no_obstacle(tmp_path: Path) -> None:
    frame = read(tmp_path, f'/chat,m,n,1,1,"{"x" * 200_000}"', header=f"{HEADER},prompt").frame
    assert frame.height == 1
