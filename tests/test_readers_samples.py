"""What becomes of the samples of OpenAI and LiteLLM, whole files from end to end, and of their incomplete relatives."""

import json
from pathlib import Path

import pytest
from staging import judged, prepared

from audit.errors import InputError
from audit.intake.loading import load
from audit.warehouse import Warehouse

SAMPLES = Path(__file__).parent / "data" / "samples"


@pytest.mark.trap("openai_usage")
@pytest.mark.trap("openai_requests")
@pytest.mark.trap("litellm_spend_logs")
@pytest.mark.trap("litellm_payload")
@pytest.mark.parametrize(
    ("name", "wanted", "expected"),
    [
        ("openai/completions_usage_written_here.csv", "openai_usage", (5, 4, 0, 1, 0)),
        ("openai/openapi_example_organization_usage_completions.json", "openai_usage", (1, 1, 0, 0, 0)),
        ("openai/openapi_example_UsageCompletionsResult.json", "openai_usage", (1, 0, 0, 1, 0)),
        ("openai/openapi_example_ChatCompletionList.json", "openai_requests", (1, 1, 0, 0, 0)),
        ("openai/openapi_example_CreateChatCompletionResponse.json", "openai_requests", (1, 1, 0, 0, 0)),
        ("openai/wrapped_calls_written_here.jsonl", "openai_requests", (4, 4, 0, 0, 0)),
        ("openai/batch_output_doc_example.jsonl", "openai_batch", (1, 1, 0, 0, 0)),
        ("litellm/litellm_1.106.2_spend_logs.jsonl", "litellm_spend_logs", (4, 4, 0, 0, 0)),
        ("litellm/litellm_1.106.2_standard_logging.jsonl", "litellm_payload", (4, 4, 0, 0, 0)),
        ("litellm/spend_logs_written_here.jsonl", "litellm_spend_logs", (7, 6, 0, 1, 1)),
    ],
)
def test_a_sample_loads_with_these_counts_and_again_as_duplicates(
    tmp_path: Path, name: str, wanted: str, expected: tuple[int, int, int, int, int]
) -> None:
    for number in range(2):
        (file,) = load([str(SAMPLES / name)], tmp_path / "usage.duckdb").files
        found = (file.read, file.loaded, file.duplicate, file.rejected, file.not_calls)
        read, used, _, rejected, by_nature = expected
        assert (file.format, found) == (wanted, (read, 0, used, rejected, by_nature) if number else expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "litellm/spend_logs_written_here.jsonl",
            {"billed": 3, "failed": 1, "gateway_cache_hit": 1, "unknown_usage": 1},
        ),
        ("openai/wrapped_calls_written_here.jsonl", {"billed": 2, "failed": 1, "unknown_usage": 1}),
    ],
)
def test_calls_that_cost_nothing_known_are_told_from_those_that_do(
    tmp_path: Path, name: str, expected: dict[str, int]
) -> None:
    load([str(SAMPLES / name)], tmp_path / "usage.duckdb")
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        rows = warehouse.rows("select outcome, cast(sum(request_count) as bigint) from traffic_cells group by outcome")
    assert {str(outcome): count for outcome, count in rows} == expected


@pytest.mark.trap("openai_batch")
def test_the_documented_input_and_output_are_of_two_requests_so_nothing_joins_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    names = ("batch_input_doc_example.jsonl", "batch_output_doc_example.jsonl")
    report = load([str(SAMPLES / "openai" / name) for name in names], tmp_path / "usage.duckdb")
    counts = {Path(file.path).name: (file.read, file.loaded, file.rejected) for file in report.files}
    assert (counts, report.refused) == ({names[0]: (0, 0, 0), names[1]: (1, 1, 0)}, ())


@pytest.mark.trap("openai_requests")
def test_one_page_of_stored_completions_warns_that_there_are_more(tmp_path: Path) -> None:
    (reply,) = json.loads((SAMPLES / "openai" / "openapi_example_ChatCompletionList.json").read_text())["data"]
    path = tmp_path / "page.json"
    page = {"object": "list", "data": [reply, reply | {"id": "chatcmpl-2"}], "last_id": "chatcmpl-2", "has_more": True}
    path.write_text(json.dumps(page))
    reader, export = prepared(path)
    assert "fetch the next with after=chatcmpl-2" in str(reader.warn and reader.warn(export))
    assert len(judged(path)) == 2


@pytest.mark.trap("litellm_spend_logs")
def test_the_daily_with_models_export_is_refused_because_it_counts_many_times_over(tmp_path: Path) -> None:
    path = tmp_path / "usage.csv"
    path.write_text(
        "Date,Team,Team ID,Model,Spend ($),Requests,Successful,Failed,Total Tokens\n2026-03-01,a,1,m,1,2,2,0,9\n"
    )
    with pytest.raises(InputError, match="counts tokens many times over"):
        prepared(path)
    path.write_text("Date,Team,Team ID,Spend ($),Requests,Successful,Failed,Total Tokens\n2026-03-01,a,1,1,2,2,0,9\n")
    with pytest.raises(InputError, match="names no models"):
        prepared(path)
