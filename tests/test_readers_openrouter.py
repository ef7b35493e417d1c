"""OpenRouter: three exports of the same traffic, told apart by their columns and priced like OpenAI's own."""

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from exports import write_csv, write_jsonl
from staging import Row, judged, prepared

from audit.config import Config
from audit.errors import ConfigError, InputError
from audit.intake.loading import LoadReport, load
from audit.scope import Question, settle
from audit.warehouse import Warehouse

SAMPLES = Path(__file__).parent / "data" / "samples" / "openrouter"
LOGS, ACTIVITY = SAMPLES / "activity_header_real__row_synthetic.csv", SAMPLES / "activity_written_here.csv"
GENERATION = SAMPLES / "generation_doc_example.json"
OWN_KEY = "paid with an own key: the billed cost is only OpenRouter's fee"
NORMALISED = "tokens as OpenRouter counts them for all models; this provider may bill others"
with LOGS.open(newline="") as _lines:
    CALL: Row = dict(next(csv.DictReader(_lines)))


def call(tmp_path: Path, **changes: object) -> Row:
    (row,) = judged(write_csv(tmp_path / "logs.csv", [CALL | changes]))
    return row


def loaded(db: Path, *paths: Path) -> LoadReport:
    report = load([str(path) for path in paths], db)
    assert (report.refused, report.failed_checks) == ((), ())
    return report


def costs(db: Path) -> dict[str, Decimal | None]:
    """Model -> list cost of all its traffic."""
    with Warehouse.read(db) as warehouse:
        settle(warehouse, Question(today=date(2026, 11, 22)), Config())
        rows = warehouse.rows("select model, sum(list_cost) from cell_costs group by model")
    return {str(model): Decimal(str(cost)) if cost is not None else None for model, cost in rows}


@pytest.mark.trap("openrouter_logs")
@pytest.mark.trap("openrouter_activity")
@pytest.mark.trap("openrouter_generations")
@pytest.mark.parametrize(
    ("path", "format", "expected"),
    [
        (LOGS, "openrouter_logs", (2, 2, 0, 0)),
        (ACTIVITY, "openrouter_activity", (4, 3, 0, 1)),
        (SAMPLES / "activity_api_doc_example.json", "openrouter_activity", (1, 1, 0, 0)),
        (GENERATION, "openrouter_generations", (1, 1, 0, 0)),
    ],
)
def test_the_files_are_told_apart_by_their_columns_and_load_with_these_counts(
    tmp_path: Path, path: Path, format: str, expected: tuple[int, int, int, int]
) -> None:
    (file,) = loaded(tmp_path / "usage.duckdb", path).files
    assert (file.format, (file.read, file.loaded, file.duplicate, file.rejected)) == (format, expected)
    (again,) = loaded(tmp_path / "usage.duckdb", path).files
    assert (again.loaded, again.duplicate, again.id_collisions) == (0, expected[1], 0)


@pytest.mark.trap("openrouter_logs")
def test_the_spend_per_model_is_refused_with_what_to_export_instead(tmp_path: Path) -> None:
    path = tmp_path / "spend.csv"
    path.write_text("Model,Spend\nopenai/gpt-4o,12.5\n")
    with pytest.raises(InputError, match=r"no requests, tokens or days. Open openrouter\.ai/logs"):
        prepared(path)


def test_a_logged_call_has_its_naive_time_in_utc_and_its_durations_in_milliseconds() -> None:
    plain, cached = judged(LOGS)
    # the second is the one inside the id, gen-1782618417
    assert str(plain["start_time"]) == "2026-06-28 03:46:57.713000"
    assert (plain["duration_ms"], plain["time_to_first_chunk_ms"], plain["stream"]) == (1250, 380, True)
    assert (plain["route"], plain["api_key_id"], plain["response_finish_reason"]) == ("my-app", "prod", "stop")
    assert (cached["usage_input_tokens"], cached["usage_cache_read_input_tokens"]) == (10389, 2560)
    assert (cached["usage_output_tokens"], cached["billed_cost"]) == (120, Decimal("0.0091"))
    assert (cached["usage_note"], cached["request_id"]) == (None, "gen-1782618420-billableBBB")


def test_what_openai_serves_is_priced_as_gpt_4o_with_its_cached_tokens(tmp_path: Path) -> None:
    loaded(tmp_path / "usage.duckdb", LOGS)
    # 10,389 and 7,829 uncached at 2.50, 2,560 cached at 1.25, 257 out at 10 dollars per million
    assert costs(tmp_path / "usage.duckdb") == {"gpt-4o-2024-08-06": Decimal("0.051315")}


def test_days_are_priced_too_also_where_azure_served(tmp_path: Path) -> None:
    loaded(tmp_path / "usage.duckdb", ACTIVITY)
    # 4,400 in at 2.50 and 275 out at 10; o4-mini: 1,000 in at 1.10 and 500 out at 4.40
    assert costs(tmp_path / "usage.duckdb") == {
        "gpt-4o-2024-08-06": Decimal("0.01375"),
        "o4-mini-2025-04-16": Decimal("0.0033"),
    }


def test_models_of_other_makers_are_priced_at_openrouter(tmp_path: Path) -> None:
    rows = [CALL | {"generation_id": f"gen-{slug}", "model_permaslug": slug, "provider_name": "x"} for slug in (
        "anthropic/claude-3.5-sonnet", "google/gemini-2.5-pro", "meta-llama/llama-3.3-70b-instruct"
    )]  # fmt: skip
    loaded(tmp_path / "usage.duckdb", write_csv(tmp_path / "logs.csv", rows))
    found = costs(tmp_path / "usage.duckdb")
    assert set(found) == {"claude-3.5-sonnet", "gemini-2.5-pro", "meta-llama/llama-3.3-70b-instruct"}
    assert all(cost is not None and cost > 0 for cost in found.values())


@pytest.mark.trap("openrouter_activity")
def test_an_activity_row_is_a_day_of_its_requests_and_no_request() -> None:
    many, _, thinking, empty = judged(ACTIVITY)
    assert (many["request_grain"], many["request_count"], many["bucket_seconds"]) == ("bucket", 10, 86_400)
    assert (many["usage_input_tokens"], many["usage_output_tokens"], many["duration_ms"]) == (4000, 250, None)
    assert (many["request_model"], many["response_model"]) == ("openai/gpt-4o", "openai/gpt-4o-2024-08-06")
    assert (thinking["usage_output_tokens"], thinking["usage_reasoning_output_tokens"]) == (500, 320)
    assert (thinking["usage_note"], thinking["billed_cost"]) == (OWN_KEY, Decimal("0.0001"))
    assert empty["reject_reason"] == "an empty bucket: no request was made in it"


@pytest.mark.trap("openrouter_generations")
def test_a_generation_counts_the_native_tokens_that_are_billed(tmp_path: Path) -> None:
    (row,) = judged(GENERATION)
    assert (row["usage_input_tokens"], row["usage_cache_read_input_tokens"]) == (10, 3)
    assert (row["usage_output_tokens"], row["usage_reasoning_output_tokens"]) == (25, 5)
    assert (row["duration_ms"], row["service_tier"], row["user_id"]) == (1250, "priority", "user-123")
    data = json.loads(GENERATION.read_text())["data"] | {"native_tokens_prompt": 14, "is_byok": True}
    lines = write_jsonl(tmp_path / "generations.jsonl", [{"data": data}, "{", {"data": data | {"id": "gen-2"}}])
    native, broken, _ = judged(lines)
    assert (native["usage_input_tokens"], native["usage_note"]) == (14, OWN_KEY)
    assert broken["reject_reason"] == "not a readable record of this format"
    assert [row["usage_input_tokens"] for row in judged(write_jsonl(tmp_path / "bare.jsonl", [data]))] == [14]


@pytest.mark.trap("openrouter_logs")
def test_counts_of_other_models_are_noted_as_perhaps_not_those_that_are_billed(tmp_path: Path) -> None:
    row = call(tmp_path, model_permaslug="anthropic/claude-3.5-sonnet", tokens_prompt="100", tokens_cached="900")
    assert (row["usage_note"], row["reject_reason"], row["usage_input_tokens"]) == (NORMALISED, None, 1000)
    assert call(tmp_path)["usage_note"] is None


@pytest.mark.trap("openrouter_logs")
def test_calls_with_an_own_key_keep_the_fee_as_their_billed_cost_and_are_noted(tmp_path: Path) -> None:
    row = call(tmp_path, byok_usage_inference="0.0246", cost_total="0.00123")
    assert (row["usage_note"], row["billed_cost"]) == (OWN_KEY, Decimal("0.00123"))
    other = call(tmp_path, byok_usage_inference="0.1", model_permaslug="mistralai/mistral-large")
    assert other["usage_note"] == f"{OWN_KEY}; {NORMALISED}"


def test_cancelled_calls_and_errors_are_told_from_the_rest(tmp_path: Path) -> None:
    cancelled = call(tmp_path, cancelled="true", tokens_prompt="0", tokens_completion="0")
    assert (cancelled["response_finish_reason"], cancelled["usage_known"]) == ("cancelled", False)
    assert call(tmp_path, finish_reason_normalized="error")["is_failed"] is True
    older = {name: value for name, value in CALL.items() if name != "tokens_cached"}
    (row,) = judged(write_csv(tmp_path / "older.csv", [older]))
    assert (row["usage_cache_read_input_tokens"], row["usage_known"]) == (0, True)


def test_a_variant_with_a_price_of_its_own_is_part_of_the_model(tmp_path: Path) -> None:
    assert call(tmp_path, variant="extended")["response_model"] == "openai/gpt-4o:extended"
    assert call(tmp_path, variant="nitro")["response_model"] == "openai/gpt-4o"
    slug = "deepseek/deepseek-r1:free"
    assert call(tmp_path, variant="free", model_permaslug=slug)["response_model"] == slug


@pytest.mark.trap("openrouter_activity")
def test_logs_and_activity_of_the_same_days_are_never_added_up(tmp_path: Path) -> None:
    loaded(tmp_path / "usage.duckdb", LOGS, ACTIVITY)
    with pytest.raises(ConfigError, match="openrouter_logs and openrouter_activity overlap in time"):
        costs(tmp_path / "usage.duckdb")
