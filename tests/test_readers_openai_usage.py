"""OpenAI's usage figures: dashboard CSV, usage API pages and the legacy family, all of them buckets."""

import json
from pathlib import Path

import pytest
from staging import Row, judged, prepared

from audit.errors import InputError
from audit.intake.loading import load

SAMPLES = Path(__file__).parent / "data" / "samples" / "openai"
# fmt: off
HEADER_2025 = [
    "start_time", "end_time", "start_time_iso", "end_time_iso", "project_id", "num_model_requests", "user_id",
    "api_key_id", "model", "batch", "service_tier", "input_tokens", "output_tokens", "input_cached_tokens",
    "input_uncached_tokens", "input_text_tokens", "output_text_tokens", "input_cached_text_tokens",
    "input_audio_tokens", "input_cached_audio_tokens", "output_audio_tokens", "input_image_tokens",
    "input_cached_image_tokens", "output_image_tokens",
]
# fmt: on
DAY = {
    "start_time": "1761523200",
    "end_time": "1761609600",
    "start_time_iso": "2025-10-27T00:00:00+00:00",
    "end_time_iso": "2025-10-28T00:00:00+00:00",
    "project_id": "proj_1",
    "num_model_requests": "10.0",
    "user_id": "user-1",
    "api_key_id": "key_1",
    "model": "gpt-4o-2024-08-06",
    "batch": "FALSE",
    "service_tier": "default",
    "input_tokens": "59200.0",
    "output_tokens": "1200.0",
    "input_cached_tokens": "19200.0",
    "input_uncached_tokens": "40000.0",
}
MINUTE = DAY | {"end_time": "1761523260", "end_time_iso": "2025-10-27T00:01:00+00:00"}
TIMES = ("start_time", "end_time", "start_time_iso", "end_time_iso")
EMPTY = {name: DAY[name] for name in TIMES}


def dashboard(path: Path, *rows: dict[str, str], header: list[str] = HEADER_2025) -> Path:
    lines = [header, *([row.get(name, "") for name in header] for row in rows)]
    path.write_text("".join(",".join(line) + "\n" for line in lines))
    return path


def pages(path: Path, *results: list[Row], has_more: bool = False, **bucket: object) -> Path:
    times: Row = {"object": "bucket", "start_time": 1761523200, "end_time": 1761523260}
    data = [times | bucket | {"results": found} for found in results]
    path.write_text(json.dumps({"object": "page", "data": data, "has_more": has_more, "next_page": None}))
    return path


def warning(path: Path) -> str:
    reader, export = prepared(path)
    return str(reader.warn and reader.warn(export))


@pytest.mark.trap("openai_usage")
def test_float_text_counts_are_read_exactly(tmp_path: Path) -> None:
    (row,) = judged(dashboard(tmp_path / "usage.csv", DAY))
    assert (row["request_count"], row["usage_input_tokens"], row["usage_cache_read_input_tokens"]) == (10, 59200, 19200)
    assert (row["usage_output_tokens"], row["request_grain"], row["bucket_seconds"]) == (1200, "bucket", 86400)
    assert (row["project_id"], row["user_id"], row["api_key_id"]) == ("proj_1", "user-1", "key_1")


@pytest.mark.trap("openai_usage")
def test_columns_are_read_by_name_and_never_by_position(tmp_path: Path) -> None:
    extra = ["project_name", "input_cache_write_tokens", *reversed(HEADER_2025)]
    (row,) = judged(dashboard(tmp_path / "usage.csv", DAY | {"input_cache_write_tokens": "200.0"}, header=extra))
    assert (row["usage_input_tokens"], row["usage_cache_creation_input_tokens"]) == (59200, 200)
    assert row["response_model"] == "gpt-4o-2024-08-06"


@pytest.mark.trap("openai_usage")
def test_a_minute_with_one_request_is_that_request_and_anything_fuller_or_longer_is_a_bucket(tmp_path: Path) -> None:
    rows = judged(
        dashboard(
            tmp_path / "usage.csv",
            MINUTE | {"num_model_requests": "1.0"},
            MINUTE | {"num_model_requests": "2.0"},
            DAY | {"num_model_requests": "1.0"},
        )
    )
    assert [row["request_grain"] for row in rows] == ["request", "bucket", "bucket"]
    assert rows[0]["duration_ms"] is None, "a bucket's length is no latency"


@pytest.mark.trap("openai_usage")
def test_an_empty_bucket_is_counted_and_rejected_with_that_reason(tmp_path: Path) -> None:
    rows = judged(dashboard(tmp_path / "usage.csv", DAY, EMPTY, DAY | {"num_model_requests": "0.0"}))
    assert [row["reject_reason"] for row in rows] == [None, *["an empty bucket: no request was made in it"] * 2]


@pytest.mark.trap("openai_usage")
def test_rows_of_one_bucket_and_even_of_one_group_are_all_kept(tmp_path: Path) -> None:
    rows = judged(
        dashboard(
            tmp_path / "usage.csv",
            DAY | {"num_model_requests": "8.0"},
            DAY | {"num_model_requests": "1.0"},
            DAY | {"api_key_id": "key_2"},
        )
    )
    assert [row["request_count"] for row in rows] == [8, 1, 10]
    assert not any(row["reject_reason"] for row in rows)


def test_the_time_in_seconds_is_trusted_before_a_naive_text(tmp_path: Path) -> None:
    (row,) = judged(dashboard(tmp_path / "usage.csv", DAY | {"start_time_iso": "2025-10-27T09:00:00"}))
    assert str(row["start_time"]) == "2025-10-27 00:00:00"
    (row,) = judged(dashboard(tmp_path / "usage.csv", DAY | {"start_time": "", "end_time": ""}))
    assert str(row["start_time"]) == "2025-10-27 00:00:00"


def test_batch_rows_are_at_batch_prices_whatever_their_tier_says(tmp_path: Path) -> None:
    rows = judged(
        dashboard(tmp_path / "usage.csv", DAY | {"batch": "TRUE"}, DAY | {"service_tier": "flex"}, DAY | {"batch": ""})
    )
    assert [row["service_tier"] for row in rows] == ["batch", "flex", "default"]


@pytest.mark.trap("openai_usage")
def test_images_and_audio_in_a_bucket_are_seen_also_where_all_of_it_was_cached(tmp_path: Path) -> None:
    rows = judged(
        dashboard(
            tmp_path / "usage.csv",
            DAY | {"input_image_tokens": "0.0", "input_cached_image_tokens": "850.0"},
            DAY | {"input_audio_tokens": "0.0", "input_cached_audio_tokens": "30.0"},
            DAY | {"input_image_tokens": "0.0", "input_audio_tokens": "0.0", "input_cached_audio_tokens": "0.0"},
        )
    )
    assert [row["image_count"] for row in rows] == [1, 0, 0]
    assert [row["usage_audio_input_tokens"] for row in rows] == [0, 30, 0]


@pytest.mark.trap("openai_usage")
def test_a_file_of_four_time_columns_is_refused_with_what_to_click(tmp_path: Path) -> None:
    path = dashboard(tmp_path / "usage.csv", EMPTY, header=list(TIMES))
    with pytest.raises(
        InputError, match=r"choose the activity view \(not cost\) and a range with traffic, then Export"
    ):
        prepared(path)


def test_exports_of_embeddings_have_no_output_and_known_usage(tmp_path: Path) -> None:
    header = [name for name in HEADER_2025 if not name.startswith("output_")]
    (row,) = judged(dashboard(tmp_path / "emb.csv", DAY | {"model": "text-embedding-3-small"}, header=header))
    assert (row["operation_name"], row["usage_known"], row["usage_output_tokens"]) == ("embeddings", True, 0)


@pytest.mark.trap("openai_usage")
def test_exports_of_images_and_speech_are_rejected_for_want_of_tokens(tmp_path: Path) -> None:
    header = [*TIMES, "num_model_requests", "images", "model"]
    (row,) = judged(dashboard(tmp_path / "img.csv", DAY | {"images": "3.0", "model": "dall-e-3"}, header=header))
    assert "not billed by token" in str(row["reject_reason"])


def test_the_documented_page_of_the_usage_api_reads_with_cache_writes(tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_bytes((SAMPLES / "openapi_example_organization_usage_completions.json").read_bytes())
    (row,) = judged(path)
    assert (row["usage_input_tokens"], row["usage_output_tokens"], row["request_count"]) == (1000, 500, 5)
    assert (row["usage_cache_read_input_tokens"], row["usage_cache_creation_input_tokens"]) == (400, 100)
    assert str(row["start_time"]) == "2024-11-01 00:00:00"


@pytest.mark.trap("openai_usage")
def test_a_page_with_more_behind_it_warns(tmp_path: Path) -> None:
    result: Row = {"num_model_requests": 5, "model": "gpt-4o", "input_tokens": 10, "output_tokens": 2}
    assert "has_more is true" in warning(pages(tmp_path / "a.json", [result], has_more=True))
    assert warning(pages(tmp_path / "b.json", [result])) == "None"


@pytest.mark.trap("openai_usage")
def test_a_null_model_means_not_grouped_and_warns(tmp_path: Path) -> None:
    result: Row = {"num_model_requests": 5, "model": None, "input_tokens": 10, "output_tokens": 2}
    path = pages(tmp_path / "a.json", [result])
    (row,) = judged(path)
    assert (row["request_model"], row["response_model"], row["reject_reason"]) == (None, None, None)
    assert "not grouped by model" in warning(path)


def test_buckets_of_a_day_warn_that_they_show_mean_sizes_only(tmp_path: Path) -> None:
    assert "mean sizes only" in warning(dashboard(tmp_path / "day.csv", DAY))
    assert warning(dashboard(tmp_path / "minute.csv", MINUTE)) == "None"


def test_every_result_of_a_bucket_is_a_row_with_the_times_of_the_bucket(tmp_path: Path) -> None:
    result: Row = {"num_model_requests": 1, "model": "gpt-4o", "input_tokens": 10, "output_tokens": 2, "batch": True}
    rows = judged(pages(tmp_path / "a.json", [result, result | {"num_model_requests": 3}], []))
    assert [(row["request_grain"], row["request_count"]) for row in rows[:2]] == [("request", 1), ("bucket", 3)]
    assert {str(row["start_time"]) for row in rows} == {"2025-10-27 00:00:00"}
    assert rows[0]["service_tier"] == "batch"
    assert rows[2]["reject_reason"] == "an empty bucket: no request was made in it"


def test_pages_saved_one_to_a_line_are_all_read(tmp_path: Path) -> None:
    result: Row = {"num_model_requests": 5, "model": "gpt-4o", "input_tokens": 10, "output_tokens": 2}
    one = pages(tmp_path / "one.json", [result, result], has_more=True).read_text()
    last = pages(tmp_path / "last.json", [result]).read_text()
    (tmp_path / "all.jsonl").write_text(f"{one}\n{last}\n")
    assert len(judged(tmp_path / "all.jsonl")) == 3
    assert warning(tmp_path / "all.jsonl") == "None", "the last page says that it is the last"


def test_a_result_without_its_bucket_has_no_time_and_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes((SAMPLES / "openapi_example_UsageCompletionsResult.json").read_bytes())
    assert [row["reject_reason"] for row in judged(path)] == ["start_time is missing"]


def test_the_legacy_usage_family_is_read_with_cached_tokens_and_fine_tuned_models(tmp_path: Path) -> None:
    call: Row = {
        "aggregation_timestamp": 1730419260,
        "n_requests": 4,
        "operation": "completion",
        "snapshot_id": "ft:gpt-4o-2024-08-06:acme::abc",
        "n_context_tokens_total": 900,
        "n_generated_tokens_total": 90,
        "n_cached_context_tokens_total": 128,
        "email": "someone@example.org",
        "api_key_id": None,
        "project_id": None,
    }
    image: Row = {"timestamp": 1730419260, "num_images": 2, "num_requests": 1, "model_id": "dall-e-3"}
    path = tmp_path / "usage.json"
    path.write_text(json.dumps({"object": "list", "data": [call, call | {"n_requests": 1}], "dalle_api_data": [image]}))
    many, one, drawn = judged(path)
    assert (many["request_count"], many["usage_input_tokens"], many["usage_cache_read_input_tokens"]) == (4, 900, 128)
    assert (many["response_model"], many["usage_output_tokens"]) == ("ft:gpt-4o-2024-08-06:acme::abc", 90)
    assert (many["request_grain"], one["request_grain"]) == ("bucket", "request")
    assert "not billed by token" in str(drawn["reject_reason"]), "a list beside data is counted and not lost"


def test_the_legacy_family_that_counts_uncached_tokens_gives_cached_ones_by_difference(tmp_path: Path) -> None:
    row_in: Row = {
        "aggregation_timestamp": 1730419260,
        "num_requests": 2,
        "model": "llama-3",
        "n_context_tokens_total": 900,
        "n_non_cached_context_tokens_total": 700,
        "n_generated_tokens_total": 90,
        "cost": 0.25,
    }
    path = tmp_path / "usage.json"
    path.write_text(json.dumps({"data": [row_in]}))
    (row,) = judged(path)
    assert (row["usage_input_tokens"], row["usage_cache_read_input_tokens"], row["request_count"]) == (900, 200, 2)


@pytest.mark.trap("openai_usage")
def test_a_row_whose_parts_do_not_add_up_to_its_input_is_loaded_and_noted(tmp_path: Path) -> None:
    written = DAY | {"input_cache_write_tokens": "200.0", "input_uncached_tokens": "39800.0"}
    header = [*HEADER_2025, "input_cache_write_tokens"]
    rows = judged(dashboard(tmp_path / "a.csv", DAY, written, DAY | {"input_tokens": "99.0E3"}, header=header))
    assert [row["usage_note"] for row in rows[:2]] == [None, None]
    odd = DAY | {"input_uncached_tokens": "40001.0"}
    assert judged(dashboard(tmp_path / "b.csv", odd))[0]["usage_note"] == (
        "input is not the sum of its cached, written and uncached tokens"
    )


@pytest.mark.trap("openai_usage")
def test_tokens_of_text_and_audio_that_leave_out_cached_ones_never_stand_for_the_input(tmp_path: Path) -> None:
    more = {"input_text_tokens": "39000.0", "input_audio_tokens": "1000.0", "input_cached_audio_tokens": "200.0"}
    (row,) = judged(dashboard(tmp_path / "usage.csv", DAY | more))
    assert (row["usage_input_tokens"], row["usage_audio_input_tokens"]) == (59200, 1000)


@pytest.mark.trap("openai_usage")
def test_completions_and_embeddings_of_one_day_are_two_files_that_add_up(tmp_path: Path) -> None:
    embedded = DAY | {"model": "text-embedding-3-small", "output_tokens": ""}
    paths = [dashboard(tmp_path / "a.csv", DAY), dashboard(tmp_path / "b.csv", embedded)]
    report = load([str(path) for path in paths], tmp_path / "usage.duckdb")
    assert (report.total("loaded"), report.total("duplicate")) == (2, 0)
