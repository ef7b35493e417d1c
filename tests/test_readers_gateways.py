"""Gateways that are read through a column map: Kong, Envoy, Cloudflare, Portkey and Azure API Management."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from staging import Row, judged, prepared

from audit.config import Config
from audit.intake.loading import load
from audit.scope import Question, settle
from audit.warehouse import Warehouse

SAMPLES = Path(__file__).parent / "data" / "samples" / "gateways"
ENVOY_OLD, ENVOY_NEW = (
    SAMPLES / name for name in ("envoy_ai_gateway_access_log.jsonl", "envoy_ai_gateway_newer_written_here.jsonl")
)


def jsonl(path: Path, *records: Row) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def lines(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def loaded(db: Path, path: Path, config: Config | None = None) -> None:
    report = load([str(path)], db, config=config)
    assert (report.refused, report.failed_checks) == ((), ())


def outcomes(db: Path) -> dict[str, int]:
    with Warehouse.read(db) as warehouse:
        rows = warehouse.rows("select outcome, sum(request_count) from traffic_cells group by outcome")
    return {str(name): int(str(count)) for name, count in rows}


@pytest.mark.trap("envoy_ai_gateway")
def test_the_documented_envoy_line_and_its_newer_names_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    old: Row = json.loads(ENVOY_OLD.read_text())
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


@pytest.mark.trap("kong_ai_log")
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


@pytest.mark.trap("cloudflare_ai_gateway")
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


@pytest.mark.trap("portkey")
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


@pytest.mark.trap("azure_apim")
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


@pytest.mark.trap("kong_ai_log")
def test_the_older_layout_of_kong_that_is_keyed_by_plugin_reads_alike(tmp_path: Path) -> None:
    new, old = judged(SAMPLES / "kong_ai_log_written_here.jsonl")
    same = ("usage_input_tokens", "usage_output_tokens", "request_model", "response_model", "route", "duration_ms")
    assert [new[name] for name in same] == [old[name] for name in same] == [
        1500, 120, "gpt-4o", "gpt-4o-2024-08-06", "support", 900
    ]  # fmt: skip
    alone = jsonl(tmp_path / "kong.log", lines(SAMPLES / "kong_ai_log_written_here.jsonl")[1])
    assert prepared(alone)[0].format == "kong_ai_log"
    assert judged(alone) == [old]
    assert (new["stream"], new["time_to_first_chunk_ms"], new["api_key_id"]) == (True, 310, "shop")
    assert (new["billed_cost"], old["billed_cost"]) == (Decimal("0.00367"), Decimal("0.00495"))


@pytest.mark.trap("kong_ai_log")
@pytest.mark.trap("envoy_ai_gateway")
def test_other_requests_of_the_same_log_are_no_model_calls_and_a_broken_line_is_a_reject(tmp_path: Path) -> None:
    kong, _ = lines(SAMPLES / "kong_ai_log_written_here.jsonl")
    (envoy,) = lines(ENVOY_OLD)
    health = {name: "-" if name.startswith("genai_") else value for name, value in envoy.items()}
    for call, other in ((kong, {name: value for name, value in kong.items() if name != "ai"}), (envoy, health)):
        path = jsonl(tmp_path / "access.log", call, other)
        path.write_text(path.read_text() + "{broken\n")
        assert [row["reject_reason"] for row in judged(path)] == [
            None,
            "not a model call: another request of the gateway",
            "not a readable record of this format",
        ]


@pytest.mark.trap("envoy_ai_gateway")
def test_a_dash_of_an_access_log_is_no_count_and_nothing_wrong(tmp_path: Path) -> None:
    (envoy,) = lines(ENVOY_OLD)
    (row,) = judged(jsonl(tmp_path / "access.log", envoy | {"genai_tokens_input": "-", "genai_tokens_output": "-"}))
    assert (row["reject_reason"], row["usage_known"]) == (None, False)


@pytest.mark.trap("envoy_ai_gateway")
def test_cached_tokens_of_envoy_are_read_where_the_operator_logs_them(tmp_path: Path) -> None:
    row, limited = judged(ENVOY_NEW)
    assert (row["usage_cache_read_input_tokens"], row["provider_name"]) == (1024, "openai")
    assert (row["response_model"], limited["is_failed"]) == ("gpt-4o-2024-08-06", True)
    (old,) = lines(ENVOY_OLD)
    more = {"genai_tokens_cached_input": 8, "genai_tokens_reasoning": 3, "genai_tokens_cache_creation_input": 2}
    (own,) = judged(jsonl(tmp_path / "access.log", old | more))
    assert (own["usage_cache_read_input_tokens"], own["usage_reasoning_output_tokens"]) == (8, 3)
    assert own["usage_cache_creation_input_tokens"] == 2


@pytest.mark.trap("cloudflare_ai_gateway")
def test_zero_tokens_of_a_success_are_unknown_and_cloudflares_cost_decides_nothing(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    loaded(db, SAMPLES / "cloudflare_written_here.json")
    assert outcomes(db) == {"billed": 1, "gateway_cache_hit": 1, "unknown_usage": 1, "failed": 1}
    with Warehouse.read(db) as warehouse:
        settle(warehouse, Question(today=date(2026, 11, 22)), Config())
        costs = warehouse.rows("select list_cost, billed_cost from cell_costs where outcome = 'billed'")
        names = warehouse.rows("select distinct endpoint from traffic_cells where outcome <> 'unknown_usage'")
    # 1,500 in at 2.50 and 120 out at 10 dollars per million, whatever the export says it cost
    assert costs == [(Decimal("0.00495"), Decimal("0.00495"))]
    assert names == [("support",)]
    page = json.loads((SAMPLES / "cloudflare_written_here.json").read_text())
    page["result"] = [page["result"][0] | {"cost": 99}]
    other = tmp_path / "page.json"
    other.write_text(json.dumps(page))
    loaded(tmp_path / "other.duckdb", other)
    with Warehouse.read(tmp_path / "other.duckdb") as warehouse:
        settle(warehouse, Question(today=date(2026, 11, 22)), Config())
        assert warehouse.rows("select list_cost, billed_cost from cell_costs") == [(Decimal("0.00495"), Decimal(99))]


@pytest.mark.trap("portkey")
def test_a_portkey_file_with_only_the_fields_that_a_user_chose_loads() -> None:
    full, failed, few = judged(SAMPLES / "portkey_written_here.jsonl")
    assert (full["usage_input_tokens"], full["usage_cache_read_input_tokens"], full["billed_cost"]) == (
        1500,
        1024,
        None,
    )
    assert (full["prompt_name"], full["response_model"]) == ("support-answer", "gpt-4o-2024-08-06")
    assert (failed["is_failed"], failed["usage_known"]) == (True, False)
    assert (few["usage_input_tokens"], few["duration_ms"], few["reject_reason"]) == (1500, None, None)


@pytest.mark.trap("azure_apim")
def test_a_deployment_is_priced_by_the_model_that_audit_toml_names_for_it(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    config = Config(models={"chat-pilot": "gpt-4o-2024-08-06"})
    loaded(db, SAMPLES / "azure_apim_written_here.csv", config=config)
    with Warehouse.read(db) as warehouse:
        models = warehouse.rows(
            "select model, sum(request_count), sum(usage_input_tokens) from traffic_cells group by 1"
        )
    assert models == [("gpt-4o-2024-08-06", 2, 10_500)]
