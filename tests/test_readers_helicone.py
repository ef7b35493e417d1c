"""Helicone: its own counts leave out what was cached, and its files come in several states of undress."""

import json
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from exports import write_csv, write_jsonl
from staging import Row, judged, prepared

from audit.intake.loading import LoadReport, load
from audit.warehouse import Warehouse

SAMPLES = Path(__file__).parent / "data" / "samples" / "helicone"
LINES = [cast("Row", json.loads(line)) for line in (SAMPLES / "requests_written_here.jsonl").read_text().splitlines()]
CALL = LINES[3]
"""A plain call: 512 in, 120 out, nothing cached, placeholders for bodies."""
NANO = "cost is a whole number above any price; read as nano-dollars"
CACHED = "cached tokens read as beside the input, as Helicone counts now; rows of old versions include them"


def call(tmp_path: Path, **changes: object) -> Row:
    (row,) = judged(write_jsonl(tmp_path / "calls.jsonl", [CALL | changes]))
    return row


def tokens(row: Row) -> tuple[object, ...]:
    names = ("input", "cache_read_input", "cache_creation_input", "output")
    return tuple(row[f"usage_{name}_tokens"] for name in names)


def loaded(db: Path, *paths: Path) -> LoadReport:
    report = load([str(path) for path in paths], db)
    assert (report.refused, report.failed_checks) == ((), ())
    for file in report.files:
        assert file.read == file.loaded + file.duplicate + file.rejected
    return report


@pytest.mark.trap("helicone")
def test_the_sample_loads_with_the_row_that_paging_repeated_as_a_duplicate(tmp_path: Path) -> None:
    (file,) = loaded(tmp_path / "usage.duckdb", SAMPLES / "requests_written_here.jsonl").files
    assert (file.format, file.read, file.loaded, file.duplicate, file.rejected) == ("helicone", 8, 7, 1, 0)
    assert file.notes == {CACHED: 3}
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        outcomes = warehouse.rows("select outcome, sum(request_count) from traffic_cells group by 1 order by 1")
        unpriced = warehouse.rows(
            "select model from traffic_cells where outcome = 'billed' and (provider_name, model) not in "
            "(select provider_name, model from prices)"
        )
    assert outcomes == [("billed", 5), ("failed", 1), ("gateway_cache_hit", 1)]
    assert unpriced == []


@pytest.mark.trap("helicone_csv")
def test_the_sample_of_the_csv_loads_and_says_what_it_lacks(tmp_path: Path) -> None:
    report = loaded(tmp_path / "usage.duckdb", SAMPLES / "export_tool_written_here.csv")
    (file,) = report.files
    assert (file.format, file.read, file.loaded, file.duplicate, file.rejected) == ("helicone_csv", 2, 2, 0, 0)
    assert file.notes == {"no cached tokens in this CSV; input may be higher": 2}
    assert "no cached tokens; its latency is empty; export again with --format jsonl" in report.warnings[0]


@pytest.mark.trap("helicone_csv")
def test_objects_that_the_csv_escapes_twice_are_read_and_an_empty_model_is_found_in_them(tmp_path: Path) -> None:
    first, second = judged(SAMPLES / "export_tool_written_here.csv")
    assert (first["request_model"], first["response_model"], first["duration_ms"]) == ("gpt-4o", None, None)
    assert (first["route"], first["message_count"], first["tool_count"]) == ("support", 2, 1)
    assert (second["response_model"], second["output_type"]) == ("gpt-4o-2024-08-06", "text")
    assert tokens(first) == (512, 0, 0, 120)
    # the older header says cost_usd, and nothing else is different
    older = tmp_path / "older.csv"
    older.write_text(
        (SAMPLES / "export_tool_written_here.csv").read_text().replace("latency,cost\n", "latency,cost_usd\n")
    )
    assert [row["billed_cost"] for row in judged(older)] == [Decimal("0.00248")] * 2


@pytest.mark.trap("helicone")
def test_cached_and_written_tokens_stand_beside_the_prompt_tokens(tmp_path: Path) -> None:
    cached, anthropic, *_ = judged(SAMPLES / "requests_written_here.jsonl")
    assert (tokens(cached), cached["usage_note"]) == ((1536, 1024, 0, 120), CACHED)
    assert tokens(anthropic) == (2540, 500, 2000, 60)
    assert tokens(call(tmp_path, prompt_audio_tokens=30, completion_audio_tokens=7)) == (542, 0, 0, 127)


@pytest.mark.trap("helicone")
def test_usage_in_the_body_is_trusted_before_the_columns(tmp_path: Path) -> None:
    # a row from before Helicone took cached tokens out: 1,536 in the column and in the body
    old = judged(SAMPLES / "requests_written_here.jsonl")[5]
    assert (tokens(old), old["usage_note"]) == ((1536, 1024, 0, 120), None)
    usage: Row = {
        "input_tokens": 10,
        "output_tokens": 5,
        "cache_read_input_tokens": 90,
        "cache_creation_input_tokens": 3,
    }
    usage["cache_creation"] = {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 2}
    row = call(tmp_path, response_body={"usage": usage})
    assert (tokens(row), row["usage_cache_creation_1h_input_tokens"]) == ((103, 90, 3, 5), 2)
    responses = {"input_tokens": 100, "output_tokens": 5, "input_tokens_details": {"cached_tokens": 90}}
    body = {"object": "response", "usage": responses}
    assert tokens(call(tmp_path, response_body=body, request_path="/v1/responses")) == (100, 90, 0, 5)


@pytest.mark.trap("helicone")
def test_rows_of_the_responses_api_keep_the_cached_tokens_inside_the_input(tmp_path: Path) -> None:
    row = judged(SAMPLES / "requests_written_here.jsonl")[6]
    assert (tokens(row), row["operation_name"]) == ((900, 0, 0, 50), "responses")
    path = "https://api.openai.com/v1/responses"
    assert tokens(call(tmp_path, request_path=path, prompt_cache_read_tokens=100)) == (512, 100, 0, 120)


@pytest.mark.trap("helicone")
def test_a_hit_in_helicones_cache_costs_nothing_and_the_nil_uuid_is_no_hit(tmp_path: Path) -> None:
    rows = judged(SAMPLES / "requests_written_here.jsonl")
    assert [row["gateway_cache_hit"] for row in rows] == [False, False, True, *[False] * 5]
    assert call(tmp_path, cache_reference_id=None)["gateway_cache_hit"] is False


@pytest.mark.trap("helicone")
@pytest.mark.parametrize(
    "body", [{"helicone_message": "fetching body from signed_url..."}, "", None, "<html>", [1, 2], 7, {"usage": "n/a"}]
)
def test_a_placeholder_or_strange_body_leaves_the_columns_to_speak(tmp_path: Path, body: object) -> None:
    row = call(tmp_path, request_body=body, response_body=body)
    assert (row["reject_reason"], tokens(row), row["message_count"]) == (None, (512, 0, 0, 120), None)


@pytest.mark.trap("helicone")
def test_whole_numbers_beyond_any_price_are_nano_dollars_and_noted(tmp_path: Path) -> None:
    nano = call(tmp_path, cost=2_480_000)
    assert (nano["billed_cost"], nano["usage_note"]) == (Decimal("0.00248"), NANO)
    assert call(tmp_path, cost=2)["billed_cost"] == Decimal("0.000000002")
    for cost in (0.00248, 0, 1, 12.5):
        row = call(tmp_path, cost=cost)
        assert (row["billed_cost"], row["usage_note"]) == (Decimal(str(cost)), None)


@pytest.mark.trap("helicone")
def test_a_stream_without_counts_is_unknown_usage_and_a_failure_is_failed(tmp_path: Path) -> None:
    row = call(tmp_path, prompt_tokens=0, completion_tokens=0, request_body={"stream": True})
    assert (row["usage_known"], row["stream"], row["is_failed"]) == (False, True, False)
    assert call(tmp_path, prompt_tokens=None, completion_tokens=None)["usage_known"] is False
    assert judged(SAMPLES / "requests_written_here.jsonl")[7]["is_failed"] is True
    pending = call(tmp_path, response_status=-2)
    assert (pending["http_response_status_code"], pending["is_failed"]) == (None, False)


def test_times_models_and_labels_are_found_and_no_text_is_kept(tmp_path: Path) -> None:
    row = judged(SAMPLES / "requests_written_here.jsonl")[5]
    assert (str(row["start_time"]), row["duration_ms"], row["time_to_first_chunk_ms"]) == (
        "2026-11-02 10:06:00",
        2500,
        300,
    )
    assert (row["request_model"], row["response_model"], row["provider_name"]) == (
        "gpt-4o",
        "gpt-4o-2024-08-06",
        "openai",
    )
    assert (row["route"], row["user_id"], row["conversation_id"]) == ("support", "customer-7", "s-1")
    assert (row["output_type"], row["tool_count"], row["message_count"]) == ("json", 1, 2)
    assert not any("question" in str(value) or "Answer as" in str(value) for value in row.values())
    rated = call(tmp_path, feedback_rating=False, request_properties='{"release": "r1", "feature": "mail"}')
    assert (rated["feedback_score"], rated["route"]) == (0.0, "mail")
    assert json.loads(str(rated["metadata"])) == {"feature": "mail", "release": "r1"}


def test_a_page_a_list_with_a_comma_too_many_and_a_dump_are_the_same_calls(tmp_path: Path) -> None:
    page, listed = tmp_path / "page.json", tmp_path / "list.json"
    page.write_text(json.dumps({"data": LINES, "error": None}))
    listed.write_text("[\n" + "".join(json.dumps(row, indent=2) + ",\n" for row in LINES) + "]\n")
    expected = judged(SAMPLES / "requests_written_here.jsonl")
    assert judged(page) == judged(listed) == expected
    names = ("request_id", "request_created_at", "status", "model", "provider", "prompt_tokens", "completion_tokens")
    dump = write_csv(tmp_path / "dump.csv", [{**{name: CALL.get(name, 200) for name in names}, "cost": 2_480_000}])
    assert prepared(dump)[0].format == "helicone"
    (row,) = judged(dump)
    assert (tokens(row), row["http_response_status_code"], row["billed_cost"]) == (
        (512, 0, 0, 120),
        200,
        Decimal("0.00248"),
    )
