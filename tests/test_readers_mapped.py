"""Tables read through a column map: the shipped ones, and the user's own."""

import json
from pathlib import Path

import duckdb
import pytest
from staging import Row, judged, prepared

from audit.errors import AuditError, ConfigError, UnknownNameError

DATA = Path(__file__).parent / "data"
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


def test_the_azure_traces_load_as_gpt_4o_with_the_service_as_endpoint(tmp_path: Path) -> None:
    path = tmp_path / "AzureLLMInferenceTrace_conv.csv"
    path.write_bytes((DATA / path.name).read_bytes())
    rows = judged(path)
    assert prepared(path)[0].format == "azure_llm_inference_2023"
    assert len(rows) == 19_366
    assert not any(row["reject_reason"] for row in rows)
    assert {(row["route"], row["request_model"]) for row in rows} == {("conv", "gpt-4o")}
    with duckdb.connect() as con:
        sums = con.execute("select sum(ContextTokens), sum(GeneratedTokens) from read_csv(?)", [str(path)]).fetchall()
    assert sums == [
        (sum(int(str(r["usage_input_tokens"])) for r in rows), sum(int(str(r["usage_output_tokens"])) for r in rows))
    ]
    assert str(rows[0]["start_time"]) == "2023-11-16 18:15:46.680590"


def test_the_documented_envoy_line_and_its_newer_names_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    old: Row = json.loads((DATA / "samples" / "gateways" / "envoy_ai_gateway_access_log.jsonl").read_text())
    names = {
        "genai_model_name": "gen_ai.request.model",
        "genai_tokens_input": "gen_ai.usage.input_tokens",
        "genai_tokens_output": "gen_ai.usage.output_tokens",
    }
    new: Row = {names.get(key, key): value for key, value in old.items()}
    for record in (old, new):
        (row,) = judged(jsonl(path, record))
        assert (row["usage_input_tokens"], row["usage_output_tokens"], row["request_model"]) == (15, 7, "gpt-4o-mini")
        assert (row["duration_ms"], str(row["start_time"])) == (1526, "2025-08-30 16:51:37.894000")
        assert row["provider_name"] is None, "the backend name is a cluster path and no provider"


def test_kong_logs_are_read_through_their_nesting_with_times_in_milliseconds(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 120, "completion_tokens": 30, "prompt_tokens_details": {"cached_tokens": 64}, "cost": 0.1}
    meta = {"request_model": "gpt-4o", "response_model": "gpt-4o-2024-08-06", "provider_name": "openai"}
    record: Row = {
        "started_at": 1772359200500,
        "latencies": {"request": 900},
        "route": {"name": "support"},
        "response": {"status": 200},
        "ai": {"proxy": {"usage": usage, "meta": meta}},
    }
    (row,) = judged(jsonl(tmp_path / "kong.log", record))
    assert (row["usage_input_tokens"], row["usage_cache_read_input_tokens"]) == (120, 64)
    assert (str(row["start_time"]), row["duration_ms"]) == ("2026-03-01 10:00:00.500000", 900)
    assert (row["route"], row["http_response_status_code"]) == ("support", 200)


def test_cloudflare_logs_mark_the_gateways_own_cache_and_unroll_their_page(tmp_path: Path) -> None:
    record: Row = {
        "id": "1",
        "created_at": "2026-03-01T10:00:00Z",
        "model": "gpt-4o",
        "provider": "openai",
        "path": "chat/completions",
        "success": True,
        "cached": True,
        "duration": 12,
        "tokens_in": 100,
        "tokens_out": 10,
        "cost": 0.0009,
    }
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"success": True, "result": [record, record | {"success": False, "cached": False}]}))
    hit, failed = judged(path)
    assert (hit["gateway_cache_hit"], hit["is_failed"], hit["usage_cache_read_input_tokens"]) == (True, False, 0)
    assert (failed["gateway_cache_hit"], failed["is_failed"]) == (False, True)


def test_portkey_units_are_tokens_its_missing_fields_are_null_and_its_cost_is_not_read(tmp_path: Path) -> None:
    record: Row = {
        "created_at": "2026-03-01T10:00:00Z",
        "ai_model": "gpt-4o",
        "req_units": 100,
        "res_units": 10,
        "cost": 4.2,
        "request": {"messages": [{"role": "user", "content": "secret"}]},
        "response": {"usage": {"prompt_tokens_details": {"cached_tokens": 64}}},
    }
    path = jsonl(tmp_path / "portkey.jsonl", record)
    (row,) = judged(path)
    assert prepared(path)[0].format == "portkey", "and no wrapper log, though it has request and response"
    assert (row["usage_input_tokens"], row["usage_cache_read_input_tokens"], row["message_count"]) == (100, 64, 1)
    assert (row["billed_cost"], row["request_id"], row["provider_name"]) == (None, None, None)
    assert not any("secret" in str(value) for value in row.values())


def test_a_long_apim_request_counts_once_where_its_tokens_stand(tmp_path: Path) -> None:
    path = tmp_path / "apim.csv"
    path.write_text(
        "TimeGenerated,CorrelationId,SequenceNumber,DeploymentName,ModelName,PromptTokens,CompletionTokens\n"
        "2026-03-01T10:00:00Z,c1,0,chat-pilot,gpt-4o,,\n"
        "2026-03-01T10:00:00Z,c1,1,chat-pilot,gpt-4o,9000,300\n"
        "2026-03-01T10:00:05Z,c2,0,chat-pilot,gpt-4o,50,5\n"
        "2026-03-01T10:00:06Z,c3,0,chat-pilot,gpt-4o,,\n"
    )
    rows = judged(path)
    assert [row["reject_reason"] is None for row in rows] == [False, True, True, True]
    assert "further part of a request" in str(rows[0]["reject_reason"])
    assert [row["usage_input_tokens"] for row in rows[1:]] == [9000, 50, None]
    assert rows[1]["request_model"] == "chat-pilot"


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
