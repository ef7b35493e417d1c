"""The column maps that come with the package: gateways, public traces and home-made tables, each with its sample."""

import json
from pathlib import Path

import duckdb
import pytest
from exports import write_csv
from staging import Row, judged, prepared

import audit
from audit.config import Config
from audit.intake.loading import LoadReport, load
from audit.readers.column_map import read_map
from audit.readers.mapped import MAPS, map_text
from audit.warehouse import Warehouse

DATA = Path(__file__).parent / "data"
SAMPLES = DATA / "samples"
ENVOY_OLD = "gateways/envoy_ai_gateway_access_log.jsonl"
ENVOY_NEW = "gateways/envoy_ai_gateway_newer_written_here.jsonl"
EXPECTED: dict[str, tuple[str, tuple[int, int, int, int]]] = {
    "azure_traces/azure_llm_inference_2023_written_here.csv": ("azure_llm_inference_2023", (2, 2, 0, 0)),
    "gateways/azure_apim_written_here.csv": ("azure_apim", (3, 2, 0, 1)),
    "gateways/cloudflare_written_here.json": ("cloudflare_ai_gateway", (4, 4, 0, 0)),
    ENVOY_OLD: ("envoy_ai_gateway", (1, 1, 0, 0)),
    ENVOY_NEW: ("envoy_ai_gateway", (2, 2, 0, 0)),
    "gateways/kong_ai_log_written_here.jsonl": ("kong_ai_log", (2, 2, 0, 0)),
    "gateways/portkey_written_here.jsonl": ("portkey", (3, 3, 0, 0)),
    "home_made/canonical_columns_written_here.csv": ("traffic_audit", (3, 2, 1, 0)),
    "home_made/flat_log_written_here.csv": ("flat_log", (5, 3, 1, 1)),
    "litellm/daily_spend_written_here.csv": ("litellm_daily_spend", (2, 1, 0, 1)),
}
"""Sample -> its map, and what becomes of it: read, loaded, duplicate, rejected."""


def jsonl(path: Path, *records: Row) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def sample(name: str) -> list[Row]:
    return [json.loads(line) for line in (SAMPLES / name).read_text().splitlines()]


def loaded(db: Path, *paths: Path, config: Config | None = None, map_file: Path | None = None) -> LoadReport:
    report = load([str(path) for path in paths], db, config=config, map_file=map_file)
    assert (report.refused, report.failed_checks) == ((), ())
    return report


def outcomes(db: Path) -> dict[str, int]:
    with Warehouse.read(db) as warehouse:
        rows = warehouse.rows("select outcome, sum(request_count) from traffic_cells group by outcome")
    return {str(name): int(str(count)) for name, count in rows}


def facts(db: Path) -> list[tuple[object, ...]]:
    with Warehouse.read(db) as warehouse:
        return warehouse.rows(
            "select * exclude (load_id, file_id, request_key, source_format) from request_facts order by rowid"
        )


def test_every_shipped_map_has_a_sample_here() -> None:
    assert {path.stem for path in MAPS.glob("*.toml")} == {name for name, _ in EXPECTED.values()}


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items())
def test_a_sample_loads_with_these_counts_and_the_same_through_its_map_as_printed(
    tmp_path: Path, name: str, expected: tuple[str, tuple[int, int, int, int]]
) -> None:
    shipped, printed = tmp_path / "shipped.duckdb", tmp_path / "printed.duckdb"
    (file,) = loaded(shipped, SAMPLES / name).files
    assert (file.format, (file.read, file.loaded, file.duplicate, file.rejected)) == expected
    chart = tmp_path / "my_map.toml"
    chart.write_text(map_text(expected[0]))
    (again,) = loaded(printed, SAMPLES / name, map_file=chart).files
    assert (again.read, again.loaded, again.duplicate, again.rejected) == expected[1]
    masked = [[value for value in row if not _is_salted(value)] for row in facts(shipped)]
    assert masked == [[value for value in row if not _is_salted(value)] for row in facts(printed)]


def _is_salted(value: object) -> bool:
    """Whether it is a hash of a prompt, which differs from database to database."""
    return isinstance(value, str) and len(value) in (12, 32) and not set(value) - set("0123456789abcdef")


def test_no_shipped_map_recognises_the_sample_of_another() -> None:
    for name, (wanted, _) in EXPECTED.items():
        assert prepared(SAMPLES / name)[0].format == wanted
    for path in MAPS.glob("*.toml"):
        column_map = read_map(path)
        assert column_map.recognise
        assert column_map.name == path.stem


@pytest.mark.trap("azure_llm_inference_2023")
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


@pytest.mark.trap("flat_log")
@pytest.mark.parametrize("name", ["status", "status_code", "http_status"])
def test_a_home_made_table_names_the_tier_that_is_paid_and_what_failed(name: str, tmp_path: Path) -> None:
    """A million tokens of gpt-4o cost $2.50, on Batch $1.25, with priority $4.25."""
    log = tmp_path / "log.csv"
    rows = ("1000000,0,200,batch", "1000000,0,200,priority", "1000000,0,200,", "0,0,500,")
    days = (f"2026-09-0{day},gpt-4o-2024-08-06,{row}\n" for day, row in enumerate(rows, 1))
    log.write_text(f"start_time,model,prompt_tokens,completion_tokens,{name},service_tier\n{''.join(days)}")
    loaded(tmp_path / "usage.duckdb", log)
    assert outcomes(tmp_path / "usage.duckdb") == {"billed": 3, "failed": 1}
    assert audit.open(tmp_path / "usage.duckdb").sql("select sum(list_cost) from spend_by_model").item() == 8


@pytest.mark.trap("flat_log")
@pytest.mark.parametrize("name", ["cached_input_tokens", "Cache_Read_Input_Tokens", "prompt_cached_tokens"])
def test_cached_tokens_of_a_home_made_table_cost_what_cached_tokens_cost(name: str, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    row = "2026-09-01,gpt-4o-2024-08-06,1000000,0,1000000"
    log.write_text(f"start_time,model,prompt_tokens,completion_tokens,{name}\n{row}\n")
    assert not loaded(tmp_path / "usage.duckdb", log).warnings
    assert audit.open(tmp_path / "usage.duckdb").sql("select sum(list_cost) from spend_by_model").item() == 1.25


@pytest.mark.trap("flat_log")
def test_a_column_that_counts_tokens_and_is_not_read_is_named(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    head = (
        "start_time,model,prompt_tokens,completion_tokens,total_tokens,tokens_per_second,audio_tokens,hit_tokens,token"
    )
    log.write_text(f"{head}\n2026-09-01,gpt-4o,1000,1,1001,40,0,900,abc\n")
    (said,) = loaded(tmp_path / "usage.duckdb", log).warnings
    assert said.startswith(f"{log}: columns that seem to count tokens, and that flat_log does not read: 'hit_tokens'. ")


@pytest.mark.trap("flat_log")
def test_a_home_made_table_tells_unknown_usage_from_failures_and_bad_counts(tmp_path: Path) -> None:
    loaded(tmp_path / "usage.duckdb", SAMPLES / "home_made" / "flat_log_written_here.csv")
    assert outcomes(tmp_path / "usage.duckdb") == {"billed": 1, "unknown_usage": 1, "failed": 1}
    rows = judged(SAMPLES / "home_made" / "flat_log_written_here.csv")
    assert rows[4]["reject_reason"] == "usage_input_tokens twelve is not a count"


@pytest.mark.trap("traffic_audit")
def test_a_call_inside_a_call_of_canonical_rows_counts_once(tmp_path: Path) -> None:
    report = loaded(tmp_path / "usage.duckdb", SAMPLES / "home_made" / "canonical_columns_written_here.csv")
    assert report.files[0].notes == {"repeats the calls inside of it": 1}
    assert outcomes(tmp_path / "usage.duckdb") == {"billed": 1, "unknown_usage": 1}


@pytest.mark.trap("litellm_daily_spend")
def test_a_day_of_litellm_is_a_bucket_of_a_day_and_loading_it_again_changes_nothing(tmp_path: Path) -> None:
    path, db = SAMPLES / "litellm" / "daily_spend_written_here.csv", tmp_path / "usage.duckdb"
    loaded(db, path)
    assert loaded(db, path).files[0].duplicate == 1
    assert outcomes(db) == {"billed": 10}


@pytest.mark.trap("azure_llm_inference_2023")
def test_an_azure_trace_under_another_name_loads_without_a_service(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "trace.csv", [{"TIMESTAMP": "2023-11-16 18:15:46.6", "ContextTokens": 3, "GeneratedTokens": 4}]
    )
    (row,) = judged(path)
    assert (row["route"], row["request_model"], row["usage_input_tokens"]) == (None, "gpt-4o", 3)


@pytest.mark.trap("litellm_daily_spend")
def test_daily_spend_tables_load_as_buckets_of_their_successful_calls(tmp_path: Path) -> None:
    path = tmp_path / "daily.csv"
    path.write_text(
        "id,user_id,date,api_key,model,model_group,custom_llm_provider,endpoint,prompt_tokens,completion_tokens,"
        "cache_read_input_tokens,cache_creation_input_tokens,spend,api_requests,successful_requests,failed_requests\n"
        "1,u1,2026-03-01,k1,gpt-4o,gpt-4o,openai,/v1/chat/completions,5000,700,1024,0,0.5,12,10,2\n"
        "2,u1,2026-03-02,k1,gpt-4o,gpt-4o,openai,/v1/chat/completions,0,0,0,0,0,3,0,3\n"
    )
    row, failed_only = judged(path)
    assert (row["request_grain"], row["request_count"], str(row["start_time"])) == ("bucket", 10, "2026-03-01 00:00:00")
    assert (row["usage_input_tokens"], row["usage_cache_read_input_tokens"]) == (5000, 1024)
    assert failed_only["reject_reason"] == "an empty bucket: no request was made in it"
