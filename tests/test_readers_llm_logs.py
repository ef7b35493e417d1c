"""The logs.db of the command line tool llm: both generations of its tables, and what the tables around them know."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from exports import Row, write_csv
from load_counts import counts
from staging import judged

from audit.intake.load_report import LoadReport
from audit.intake.loading import load
from audit.warehouse import Warehouse

SAMPLES = Path(__file__).parent / "data" / "samples" / "llm_sqlite"
RESPONSE: Row = {
    "id": "01old",
    "model": "4o",
    "system": "You classify",
    "response_json": '{"model": "gpt-4o-2024-08-06", "usage": {"$": "r:1"}}',
    "conversation_id": "c1",
    "duration_ms": 900,
    "datetime_utc": "2025-06-01T10:00:00+00:00",
    "input_tokens": 1500,
    "output_tokens": 40,
    "token_details": '{"prompt_tokens_details": {"cached_tokens": 1024}}',
    "schema_id": "s1",
}
pytestmark = pytest.mark.trap("llm_logs")


def database(tmp_path: Path, *responses: Row, extra: str = "") -> Path:
    """A logs.db with the turn of the sample, and calls of older releases."""
    path = tmp_path / "logs.db"
    with closing(sqlite3.connect(path)) as con, con:
        con.executescript((SAMPLES / "schema.sql").read_text() + (SAMPLES / "one_turn.sql").read_text())
        for row in responses:
            con.execute(
                f"insert into responses ({', '.join(row)}) values ({', '.join('?' * len(row))})", list(row.values())
            )
        con.executescript(extra)
    return path


def loaded(path: Path, tmp_path: Path) -> tuple[LoadReport, dict[str, Row]]:
    report = load([str(path)], tmp_path / "usage.duckdb")
    assert (report.refused, report.failed_checks) == ((), ())
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        rows = warehouse.frame("select * from loaded_facts").to_dicts()
    return report, {str(row["request_id"]): row for row in rows}


def response(tmp_path: Path, **changes: object) -> Row:
    (row,) = judged(write_csv(tmp_path / "responses.csv", [RESPONSE | changes]))
    return row


def test_calls_of_both_generations_are_read_each_table_as_a_file_of_its_own(tmp_path: Path) -> None:
    path = database(tmp_path, RESPONSE)
    report, rows = loaded(path, tmp_path)
    assert [(file.path, file.format, file.read, file.loaded) for file in report.files] == [
        (f"{path}:responses", "llm_logs", 1, 1),
        (f"{path}:turns", "llm_logs", 1, 1),
    ]
    assert rows.keys() == {"01old", "01m82egfmepc8vs368rfr96fg4"}


def test_a_database_without_older_calls_has_one_table_of_them(tmp_path: Path) -> None:
    report, _ = loaded(database(tmp_path), tmp_path)
    assert (report.total("read"), report.total("loaded"), len(report.files)) == (1, 1, 1)


def test_the_alias_is_what_was_asked_for_and_the_reply_names_the_model(tmp_path: Path) -> None:
    _, rows = loaded(database(tmp_path, RESPONSE), tmp_path)
    turn = rows["01m82egfmepc8vs368rfr96fg4"]
    assert (turn["request_model"], turn["response_model"]) == ("mock-gpt-4o", "gpt-4o-2024-08-06")
    assert response(tmp_path, resolved_model="gpt-4o-2024-11-20")["response_model"] == "gpt-4o-2024-11-20"
    assert response(tmp_path, response_json='{"modelVersion": "gemini-2.5"}')["response_model"] == "gemini-2.5"


def test_the_time_of_a_call_is_its_start(tmp_path: Path) -> None:
    _, rows = loaded(database(tmp_path), tmp_path)
    (turn,) = rows.values()
    assert (str(turn["start_time"]), turn["duration_ms"]) == ("2026-11-22 20:17:38.958814", 1225)


def test_tokens_come_from_the_columns_because_the_reply_is_condensed(tmp_path: Path) -> None:
    row = response(tmp_path)
    assert (row["usage_input_tokens"], row["usage_cache_read_input_tokens"], row["usage_output_tokens"]) == (
        1500,
        1024,
        40,
    )
    unknown = response(tmp_path, input_tokens="", output_tokens="", token_details="")
    assert (unknown["reject_reason"], unknown["usage_known"]) == (None, False)


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ('{"completion_tokens_details": {"reasoning_tokens": 30}}', (1500, 40, 30)),
        ('{"cache_read_input_tokens": 2000, "cache_creation_input_tokens": 100}', (3600, 40, 0)),
        ('{"candidatesTokenCount": 10, "thoughtsTokenCount": 30, "cachedContentTokenCount": 1000}', (1500, 40, 30)),
        ('{"thoughtsTokenCount": 98}', (1500, 138, 98)),
        ('{"thoughtsTokenCount": 30}', (1500, 70, 30)),
        ('{"thoughtsTokenCount": 40}', (1500, 40, 40)),
    ],
    ids=["openai", "anthropic", "gemini", "gemini until May 2025", "gemini with a long answer", "no answer"],
)
def test_details_are_counted_as_the_plugin_of_the_provider_left_them(
    tmp_path: Path, details: str, expected: tuple[int, ...]
) -> None:
    row = response(tmp_path, token_details=details)
    found = ("usage_input_tokens", "usage_output_tokens", "usage_reasoning_output_tokens")
    assert tuple(row[name] for name in found) == expected


def test_cache_writes_for_an_hour_are_counted(tmp_path: Path) -> None:
    parts = '{"cache_creation_input_tokens": 100, "cache_creation": {"ephemeral_1h_input_tokens": 60}}'
    row = response(tmp_path, token_details=parts)
    assert (row["usage_cache_creation_input_tokens"], row["usage_cache_creation_1h_input_tokens"]) == (100, 60)
    assert response(tmp_path)["usage_cache_creation_1h_input_tokens"] is None


def test_a_schema_means_json_and_the_tools_are_counted_in_the_table_beside(tmp_path: Path) -> None:
    tools = "insert into tool_responses values (1, '01old'), (2, '01old');"
    tools += "insert into turn_tools (turn_id, tool_id) values ('01m82egfmepc8vs368rfr96fg4', 1);"
    _, rows = loaded(database(tmp_path, RESPONSE, extra=tools), tmp_path)
    turn, old = rows["01m82egfmepc8vs368rfr96fg4"], rows["01old"]
    assert (old["output_type"], old["tool_count"]) == ("json", 2)
    assert (turn["output_type"], turn["tool_count"]) == ("text", 1)


def test_the_system_prompt_of_a_turn_is_the_root_of_its_thread_and_is_only_hashed(tmp_path: Path) -> None:
    _, rows = loaded(database(tmp_path, RESPONSE), tmp_path)
    turn, old = rows["01m82egfmepc8vs368rfr96fg4"], rows["01old"]
    assert turn["template_hash"] == old["template_hash"] is not None
    assert not any("classify" in str(value) for row in rows.values() for value in row.values())


def test_turns_of_a_long_thread_find_their_system_prompt_and_are_read_once(tmp_path: Path) -> None:
    more = """
    insert into messages values ('m4', 'b2:bae1cb67591bd6a42656060bc90f0033', 'user', null);
    insert into turns (id, thread_id, parent_message_hash, model, datetime_utc, input_tokens, output_tokens)
        values ('second', '01m82egfmcsk2cy8hxhxv8vwe6', 'm4', 'mock-gpt-4o', '2026-11-22T20:18:00', 60, 5);
    """
    report, rows = loaded(database(tmp_path, extra=more), tmp_path)
    assert report.total("read") == 2
    assert len({row["template_hash"] for row in rows.values()}) == 1
    assert len({row["conversation_id"] for row in rows.values()}) == 1


def test_a_table_exported_as_csv_is_read_too_and_nothing_is_lost(tmp_path: Path) -> None:
    assert counts(SAMPLES / "responses_written_here.csv", tmp_path) == ("llm_logs", 3, 3, 0, 0, 0)
