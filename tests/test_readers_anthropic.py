"""Anthropic's replies, message batches and usage figures: everything whose input excludes what the cache held."""

import csv
import json
from pathlib import Path

import pytest
from loads import counts, jsonl, loaded, query
from staging import CONTEXT, Row, judged, prepared

from audit.catalog.facts import length_bands
from audit.catalog.prices import price_rows, unit_prices
from audit.errors import InputError
from audit.intake.loading import load

SAMPLES = Path(__file__).parent / "data" / "samples" / "anthropic"
USAGE: Row = {
    "input_tokens": 20,
    "cache_creation_input_tokens": 300,
    "cache_read_input_tokens": 2000,
    "output_tokens": 50,
}
REPLY: Row = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [],
    "stop_reason": "end_turn",
    "usage": USAGE,
}
ASKED: Row = {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "secret words"}]}
CALL: Row = {"request": ASKED, "response": REPLY, "started_at": "2026-03-02T09:00:00Z", "latency_ms": 800}
BUCKET: Row = {
    "uncached_input_tokens": 1000,
    "cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 0},
    "cache_read_input_tokens": 400,
    "output_tokens": 60,
    "model": "claude-sonnet-4-5-20250929",
    "service_tier": "standard",
    "context_window": "0-200k",
}
FEWEST = "no count of requests; the fewest that its context window allows"


def call(tmp_path: Path, **changes: object) -> Row:
    (row,) = judged(jsonl(tmp_path / "calls.jsonl", CALL | changes))
    return row


def page(path: Path, *results: Row, **changes: object) -> Path:
    times: Row = {"starting_at": "2026-03-02T00:00:00Z", "ending_at": "2026-03-03T00:00:00Z"}
    path.write_text(json.dumps({"data": [times | {"results": results}], "has_more": False} | changes, indent=1))
    return path


def bucket(tmp_path: Path, **changes: object) -> Row:
    (row,) = judged(page(tmp_path / "page.json", BUCKET | changes))
    return row


def test_every_row_of_the_samples_is_loaded_or_told_why_not(tmp_path: Path) -> None:
    assert counts(loaded(tmp_path / "audit.duckdb", SAMPLES)) == {
        "batch_object_written_here.json": (1, 0, 0, 1),
        "batch_results_written_here.jsonl": (5, 5, 0, 0),
        "claude_api_tokens_written_here.csv": (3, 3, 0, 0),
        "messages_written_here.jsonl": (3, 3, 0, 0),
        "usage_report_written_here.json": (4, 3, 0, 1),
    }


@pytest.mark.trap("anthropic_messages")
def test_input_of_a_reply_excludes_cache_reads_and_writes_so_all_three_are_added(tmp_path: Path) -> None:
    row = call(tmp_path)
    assert (row["usage_input_tokens"], row["usage_output_tokens"]) == (2320, 50)
    assert (row["usage_cache_read_input_tokens"], row["usage_cache_creation_input_tokens"]) == (2000, 300)
    assert (row["request_model"], row["response_model"]) == ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929")
    assert (row["request_id"], row["duration_ms"], row["response_finish_reason"]) == ("msg_1", 800, "end_turn")


@pytest.mark.trap("anthropic_messages")
def test_a_log_with_replies_of_both_vendors_reads_each_by_its_own_way_of_counting(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 64}}
    other: Row = {"id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o", "choices": [], "usage": usage}
    ours, theirs = judged(jsonl(tmp_path / "calls.jsonl", CALL, CALL | {"response": other}))
    assert (ours["usage_input_tokens"], theirs["usage_input_tokens"]) == (2320, 100)
    # and when the first records are all OpenAI's
    many: list[Row] = [CALL | {"response": other}] * 60
    last = judged(jsonl(tmp_path / "more.jsonl", *many, CALL))[-1]
    assert last["usage_input_tokens"] == 2320


def test_thinking_is_a_part_of_output_and_writes_for_an_hour_of_all_writes(tmp_path: Path) -> None:
    usage = USAGE | {"output_tokens_details": {"thinking_tokens": 30}, "cache_creation": {}}
    assert call(tmp_path, response=REPLY | {"usage": usage})["usage_reasoning_output_tokens"] == 30
    usage["cache_creation"] = {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200}
    row = call(tmp_path, response=REPLY | {"usage": usage | {"speed": "fast"}})
    assert (row["usage_cache_creation_input_tokens"], row["usage_cache_creation_1h_input_tokens"]) == (300, 200)
    assert row["service_tier"] == "fast"


def test_an_error_reply_is_a_failed_call_of_unknown_usage(tmp_path: Path) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "secret words"}}
    calls = jsonl(tmp_path / "calls.jsonl", CALL, CALL | {"response": error, "status_code": 529})
    row = judged(calls)[1]
    assert (row["is_failed"], row["error_type"], row["usage_known"]) == (True, "overloaded_error", False)
    assert not any("secret" in str(value) for value in row.values())


def test_system_prompts_tell_templates_apart_and_are_never_kept(tmp_path: Path) -> None:
    asked = [ASKED | {"system": text} for text in ("Sort ticket 17.", "Sort ticket 4711.", "Summarise.")]
    rows = judged(jsonl(tmp_path / "calls.jsonl", *(CALL | {"request": request} for request in asked)))
    assert rows[0]["template_hash"] == rows[1]["template_hash"] != rows[2]["template_hash"]
    assert not any("ticket" in str(value) or "secret" in str(value) for value in rows[0].values())


def test_replies_alone_say_no_time_and_are_refused_unless_the_log_adds_one(tmp_path: Path) -> None:
    reader, export = prepared(jsonl(tmp_path / "replies.jsonl", REPLY))
    assert reader.format == "anthropic_messages"
    with pytest.raises(InputError, match="which say no time; log"):
        reader.relation(export, CONTEXT)
    (row,) = judged(jsonl(tmp_path / "timed.jsonl", REPLY | {"timestamp": "2026-03-02T09:00:00Z"}))
    assert (row["reject_reason"], row["usage_input_tokens"]) == (None, 2320)


@pytest.mark.trap("anthropic_batch")
def test_batch_results_take_their_time_from_the_batch_object_and_half_the_price(tmp_path: Path) -> None:
    results, batch = SAMPLES / "batch_results_written_here.jsonl", SAMPLES / "batch_object_written_here.json"
    rows = judged(_copy(tmp_path, results), siblings=[batch])
    assert [row["reject_reason"] for row in rows] == [None] * 5
    assert {str(row["start_time"]) for row in rows} == {"2026-03-03 12:00:00.100000"}
    assert {row["service_tier"] for row in rows} == {"batch"}
    assert [(row["usage_input_tokens"], row["usage_cache_read_input_tokens"]) for row in rows[:2]] == [
        (500, 100),
        (380, 0),
    ]
    assert [(row["request_id"], row["is_failed"], row["error_type"], row["usage_known"]) for row in rows[2:]] == [
        ("msgbatch_0001/ticket-3", True, "invalid_request_error", False),
        ("msgbatch_0001/ticket-4", True, "canceled", False),
        ("msgbatch_0001/ticket-5", True, "expired", False),
    ]


def test_writes_for_an_hour_of_a_batch_are_a_part_of_all_writes(tmp_path: Path) -> None:
    results = [json.loads(line) for line in (SAMPLES / "batch_results_written_here.jsonl").read_text().splitlines()]
    written = {"cache_creation_input_tokens": 70, "cache_creation": {"ephemeral_1h_input_tokens": 40}}
    results[0]["result"]["message"]["usage"] |= written
    row = judged(jsonl(tmp_path / "log.jsonl", *results), siblings=[SAMPLES / "batch_object_written_here.json"])[0]
    assert (row["usage_cache_creation_input_tokens"], row["usage_cache_creation_1h_input_tokens"]) == (70, 40)


def test_batch_results_without_a_batch_object_are_refused_with_what_to_fetch(tmp_path: Path) -> None:
    report = load([str(SAMPLES / "batch_results_written_here.jsonl")], tmp_path / "audit.duckdb")
    assert "GET /v1/messages/batches/{id}" in report.refused[0]
    other = json.loads((SAMPLES / "batch_object_written_here.json").read_text())
    other["request_counts"]["succeeded"] = 99
    path = tmp_path / "other.json"
    path.write_text(json.dumps(other))
    rows = judged(_copy(tmp_path, SAMPLES / "batch_results_written_here.jsonl"), siblings=[path])
    assert {str(row["reject_reason"])[:46] for row in rows} == {"no batch object among the files has these coun"}


@pytest.mark.trap("anthropic_usage")
def test_a_bucket_counts_the_fewest_requests_of_its_context_window_and_says_so(tmp_path: Path) -> None:
    small, long = bucket(tmp_path), bucket(tmp_path, uncached_input_tokens=3_000_000, context_window="200k-1M")
    assert (small["usage_input_tokens"], small["request_count"], small["bucket_seconds"]) == (1430, 1, 86_400)
    assert (small["request_grain"], small["usage_known"], small["usage_note"]) == ("bucket", True, FEWEST)
    assert (long["usage_input_tokens"], long["request_count"]) == (3_000_430, 4)
    busy = bucket(tmp_path, uncached_input_tokens=12_000_000_000)
    assert (busy["reject_reason"], busy["request_count"]) == (None, 60_001)


@pytest.mark.trap("anthropic_usage")
def test_a_bucket_of_fast_mode_is_on_a_tier_of_its_own_but_on_batch(tmp_path: Path) -> None:
    asked = [("standard", "fast"), ("batch", "fast"), ("standard", "standard"), ("standard", None)]
    tiers = [bucket(tmp_path, service_tier=tier, speed=speed)["service_tier"] for tier, speed in asked]
    assert tiers == ["fast", "batch", "default", "default"]


@pytest.mark.trap("anthropic_usage")
def test_a_busy_day_is_priced_by_its_context_window_and_not_as_one_long_request(tmp_path: Path) -> None:
    db = tmp_path / "audit.duckdb"
    loaded(db, SAMPLES / "usage_report_written_here.json")
    model = "claude-sonnet-4-5-20250929"
    bands = query(
        db, "select length_band, usage_input_tokens from traffic_cells where model like '%sonnet%' order by 1"
    )
    (short, _), (long, _) = bands
    assert int(str(short)) < 200_000 <= int(str(long))
    assert int(str(short)) in length_bands()
    prices = price_rows([("anthropic", model)])
    day = query(db, "select cast(min(start_time) as date) from request_facts")[0][0]
    plain, dear = (unit_prices(prices, "anthropic", model, day, input_tokens=n) for n in (1000, 200_001))  # pyright: ignore[reportArgumentType]
    assert plain["input"] < dear["input"], "the band decides about the price of this model"
    at_band = unit_prices(prices, "anthropic", model, day, input_tokens=int(str(short)) + 1)  # pyright: ignore[reportArgumentType]
    assert at_band == plain


def test_cache_writes_of_both_lengths_are_added_and_a_count_that_is_none_is_rejected(tmp_path: Path) -> None:
    row = bucket(tmp_path, cache_creation={"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 70})
    assert (row["usage_cache_creation_input_tokens"], row["usage_input_tokens"]) == (100, 1500)
    assert row["usage_cache_creation_1h_input_tokens"] == 70
    broken = bucket(tmp_path, cache_creation={"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": "many"})
    assert broken["reject_reason"] == "usage_cache_creation_input_tokens 30 and many is not a count"


def test_an_empty_bucket_is_rejected_costs_are_a_bill_and_a_page_of_more_is_warned_about(tmp_path: Path) -> None:
    (row,) = judged(page(tmp_path / "empty.json"))
    assert row["reject_reason"] == "an empty bucket: no usage in it"
    cost = page(tmp_path / "cost.json", {"currency": "USD", "amount": "123.45", "description": "tokens"})
    assert prepared(cost)[0].format == "anthropic_costs"
    reader, export = prepared(page(tmp_path / "page.json", BUCKET | {"model": None}, has_more=True))
    warning = str(reader.warn and reader.warn(export))
    assert "has_more is true" in warning
    assert "not grouped by model" in warning


@pytest.mark.trap("anthropic_usage")
def test_the_consoles_csv_has_hours_or_days_a_byte_order_mark_and_signs_beyond_ascii(tmp_path: Path) -> None:
    hour, long, batch = judged(_copy(tmp_path, SAMPLES / "claude_api_tokens_written_here.csv"))
    assert (str(hour["start_time"]), hour["bucket_seconds"], hour["api_key_id"]) == (
        "2026-03-31 02:00:00",
        3600,
        "support key",
    )
    assert (hour["usage_input_tokens"], hour["usage_cache_read_input_tokens"], hour["request_count"]) == (6200, 5000, 1)
    assert (long["usage_input_tokens"], long["request_count"]) == (1_500_000, 2)
    assert (batch["service_tier"], batch["usage_cache_creation_input_tokens"]) == ("batch", 100)
    assert [row["usage_cache_creation_1h_input_tokens"] for row in (hour, long, batch)] == [0, 0, 100]
    with (SAMPLES / "claude_api_tokens_written_here.csv").open(encoding="utf-8-sig", newline="") as file:
        first = next(csv.DictReader(file))
    daily = tmp_path / "daily.csv"
    daily.write_text(",".join(first) + "\n" + ",".join((first | {"usage_date_utc": "2026-08-05"}).values()) + "\n")
    (row,) = judged(daily)
    assert (str(row["start_time"]), row["bucket_seconds"]) == ("2026-08-05 00:00:00", 86_400)


def _copy(folder: Path, sample: Path) -> Path:
    copy = folder / sample.name
    copy.write_bytes(sample.read_bytes())
    return copy
