"""Tables read through a column map: the shipped ones, and the user's own."""

import json
from pathlib import Path

import duckdb
import pytest
from staging import Row, judged, prepared

from audit.errors import AuditError, ConfigError, UnknownNameError

MAP = """
[source]
name = "billing_table"

[columns]
start_time = "when"
model = "llm"
usage_input_tokens = "tokens.in"
usage_output_tokens = "tokens.out"
"""
RECORD: Row = {"when": "2026-03-01T10:00:00Z", "llm": "gpt-4o", "tokens": {"in": 100, "out": 10}, "feature": "mail"}


def jsonl(path: Path, *records: Row) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def column_map(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "map.toml"
    path.write_text(text)
    return path


def mapped(tmp_path: Path, more: str, **changes: object) -> Row:
    """The record with `changes`, through the map with the lines `more` under [columns]."""
    path = jsonl(tmp_path / "log.jsonl", RECORD | changes)
    (row,) = judged(path, map_file=column_map(tmp_path, MAP + more))
    return row


@pytest.mark.trap("traffic_audit")
def test_rows_in_canonical_names_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "synthetic.csv"
    path.write_text(
        "request_id,start_time,endpoint,operation_name,model,usage_input_tokens,usage_cache_read_input_tokens,"
        "usage_output_tokens,usage_reasoning_output_tokens,has_tools,is_json,true_task,true_workload\n"
        "r1,2026-03-01 10:00:00,agent,chat,gpt-4o,100,64,10,4,true,false,chat,w1\n"
        "r2,2026-03-01 10:00:00,agent,embeddings,text-embedding-3-small,100,0,0,0,false,true,embed,w2\n"
    )
    first, second = judged(path)
    assert prepared(path)[0].format == "traffic_audit"
    assert (first["route"], first["tool_count"], first["output_type"]) == ("agent", 1, "text")
    assert (second["operation_name"], second["tool_count"], second["output_type"]) == ("embeddings", 0, "json")
    assert (first["usage_cache_read_input_tokens"], first["usage_reasoning_output_tokens"]) == (64, 4)


def test_dotted_paths_reach_into_json_lines_into_json_text_of_a_csv_and_into_parquet_structs(tmp_path: Path) -> None:
    chart = column_map(tmp_path, MAP)
    lines = jsonl(tmp_path / "log.jsonl", RECORD)
    table = tmp_path / "log.csv"
    table.write_text('WHEN,llm,tokens\n2026-03-01T10:00:00Z,gpt-4o,"{""in"": 100, ""out"": 10}"\n')
    packed = tmp_path / "log.parquet"
    with duckdb.connect() as con:
        con.execute(f"copy (from read_json('{lines}')) to '{packed}'")
    for path in (lines, table, packed):
        (row,) = judged(path, map_file=chart)
        assert (row["usage_input_tokens"], row["usage_output_tokens"], row["request_model"]) == (100, 10, "gpt-4o")


def test_constants_units_flags_and_lists_of_columns_work(tmp_path: Path) -> None:
    row = mapped(
        tmp_path,
        'provider_name = { constant = "openai" }\n'
        'duration_ms = { column = "seconds", unit = "s" }\n'
        'end_time = { column = "ended", unit = "us" }\n'
        'is_failed = { column = "state", equals = ["FAILED", "timeout"] }\n'
        'route = ["screen", "feature"]\n'
        'tags = "labels"\n',
        seconds="1.5",
        ended=1772359200000000,
        state="failed",
        labels="a,b",
    )
    assert (row["provider_name"], row["duration_ms"], row["is_failed"]) == ("openai", 1500, True)
    assert (row["route"], row["tags"]) == ("mail", ["a", "b"])
    assert json.loads(str(row["metadata"])) == {"feature": "mail"}


def test_a_duration_that_is_no_number_stays_visible_and_harmless(tmp_path: Path) -> None:
    row = mapped(tmp_path, 'duration_ms = { column = "seconds", unit = "s" }\n', seconds="fast")
    assert (row["duration_ms"], row["reject_reason"]) == (None, None)


@pytest.mark.parametrize("cost", ["$0.02", "1e9"])
def test_a_billed_cost_that_cannot_be_read_is_left_out_and_said(tmp_path: Path, cost: str) -> None:
    row = mapped(tmp_path, 'billed_cost = "cost"\n', cost=cost)
    assert (row["reject_reason"], row["billed_cost"]) == (None, None)
    assert row["usage_note"] == "billed cost is no number of dollars; left out"
    assert mapped(tmp_path, 'billed_cost = "cost"\n', cost=0.02)["usage_note"] is None


def test_counts_that_exclude_cache_or_reasoning_are_made_inclusive(tmp_path: Path) -> None:
    text = MAP.replace("[columns]", "input_excludes_cache = true\noutput_excludes_reasoning = true\n\n[columns]") + (
        'usage_cache_read_input_tokens = "hit"\nusage_cache_creation_input_tokens = "miss"\n'
        'usage_reasoning_output_tokens = "thought"\n'
    )
    path = jsonl(
        tmp_path / "log.jsonl",
        RECORD | {"hit": 900, "miss": 50, "thought": 7},
        RECORD | {"hit": None, "miss": 0, "thought": 0},
        RECORD | {"hit": 900, "miss": 50, "thought": 7, "tokens": {"in": "twelve", "out": 1}},
    )
    rows = judged(path, map_file=column_map(tmp_path, text))
    assert [(row["usage_input_tokens"], row["usage_output_tokens"]) for row in rows[:2]] == [(1050, 17), (100, 10)]
    assert rows[2]["reject_reason"] == "usage_input_tokens twelve is not a count"


def test_a_line_that_is_no_record_is_rejected_though_the_map_has_constants(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "log.jsonl", RECORD)
    path.write_text(path.read_text() + "#### not json\n")
    chart = column_map(tmp_path, MAP + 'provider_name = { constant = "openai" }\n')
    assert [row["reject_reason"] for row in judged(path, map_file=chart)] == [
        None,
        "not a readable record of this format",
    ]


@pytest.mark.parametrize(
    ("old", "new", "error", "said"),
    [
        ("usage_input_tokens", "usage_input_tokns", UnknownNameError, "nearest: usage_input_tokens"),
        ('name = "billing_table"', 'nme = "x"', UnknownNameError, "nearest: name"),
        ('name = "billing_table"', 'name = "Billing Table"', ConfigError, "lower-case letters"),
        ('name = "billing_table"', "recognise = 3", ConfigError, "is not a list"),
        ("[columns]", "[colums]", UnknownNameError, "nearest: columns"),
        ('start_time = "when"', "", ConfigError, "at least start_time and usage_input_tokens"),
        ('"when"', "7", ConfigError, "give a column"),
        ('"when"', '{ column = "when", unit = "weeks" }', ConfigError, "s, ms, us or ns"),
        ('"llm"', '{ column = "llm", unit = "s" }', ConfigError, "others no unit"),
        ('"llm"', '{ constant = "a", column = "b" }', ConfigError, "exactly one of"),
        ('"llm"', '{ colum = "b" }', UnknownNameError, "nearest: column"),
        ('"llm"', '{ file_name = "a(b" }', ConfigError, "no regular expression"),
        ('"llm"', '{ file_name = "ab" }', ConfigError, "exactly one group"),
        ('"llm"', '"tokens"', ConfigError, "both whole and in parts"),
        (
            '"llm"',
            '"lln"',
            ConfigError,
            "no column 'lln', which the map billing_table reads as request_model; nearest: llm",
        ),
        ("[source]", "[source", ConfigError, "not TOML"),
    ],
)
def test_a_map_that_cannot_be_used_says_what_is_wrong_and_what_is_near(
    tmp_path: Path, old: str, new: str, error: type[AuditError], said: str
) -> None:
    path, chart = jsonl(tmp_path / "log.jsonl", RECORD), column_map(tmp_path, MAP.replace(old, new))
    with pytest.raises(error, match=said):
        judged(path, map_file=chart)


def test_a_column_that_may_be_missing_can_be_marked_optional(tmp_path: Path) -> None:
    assert mapped(tmp_path, 'team_id = { column = "team", optional = true }\n')["team_id"] is None
    with pytest.raises(ConfigError, match="optional = true"):
        mapped(tmp_path, 'team_id = "team"\n')
