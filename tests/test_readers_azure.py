"""Azure: API Management's logs with OpenAI's replies inside, and diagnostic logs that hold no tokens."""

import csv
import json
from pathlib import Path

import pytest
from loads import counts, jsonl, loaded, query
from staging import Row, judged, prepared

from audit.errors import InputError
from audit.intake.loading import load

SAMPLES = Path(__file__).parent / "data" / "samples" / "azure"
URL = "https://gateway.example.com/openai/deployments/gpt-chat-pilot/chat/completions?api-version=2024-06-01"
REPLY: Row = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1772442000,
    "model": "gpt-35-turbo",
    "choices": [{"finish_reason": "stop"}],
    "usage": {"prompt_tokens": 50, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 16}},
}
SENT: Row = {"model": "gpt-chat-pilot", "messages": [{"role": "user", "content": "secret words"}]}
PROPERTIES: Row = {
    "apiId": "azure-openai",
    "operationId": "ChatCompletions_Create",
    "backendTime": 850,
    "backendResponseCode": 200,
    "url": URL,
    "backendRequestBody": json.dumps(SENT),
    "backendResponseBody": json.dumps(REPLY),
}
LOGGED: Row = {
    "time": "2026-03-02T09:00:01.1234567Z",
    "category": "GatewayLogs",
    "correlationId": "corr-1",
    "durationMs": 900,
    "isRequestSuccess": True,
    "properties": PROPERTIES,
}
DIAGNOSTIC: Row = {
    "time": "2026-03-02T09:00:00.0000000Z",
    "category": "RequestResponse",
    "operationName": "ChatCompletions_Create",
    "durationMs": 1021,
    "resultSignature": "200",
    "properties": {"requestTime": 639080604000000000, "modelDeploymentName": "gpt-chat-pilot", "modelName": "gpt-4o"},
}


def logged(tmp_path: Path, **changes: object) -> Row:
    (row,) = judged(jsonl(tmp_path / "log.jsonl", LOGGED | {"properties": PROPERTIES | changes}))
    return row


def test_every_row_of_the_samples_is_loaded_or_told_why_not(tmp_path: Path) -> None:
    db = tmp_path / "audit.duckdb"
    assert counts(loaded(db, SAMPLES / "apim_gateway_logs_written_here.json")) == {
        "apim_gateway_logs_written_here.json": (6, 5, 0, 1)
    }
    models = query(db, "select distinct model from traffic_cells where outcome = 'billed' order by 1")
    assert models == [("gpt-3.5-turbo-0125",), ("gpt-4o-2024-08-06",)]


@pytest.mark.trap("azure_apim_gateway")
def test_the_reply_inside_the_log_has_the_tokens_and_the_model_behind_the_deployment(tmp_path: Path) -> None:
    row = logged(tmp_path)
    assert (row["usage_input_tokens"], row["usage_cache_read_input_tokens"], row["usage_output_tokens"]) == (50, 16, 4)
    assert (row["request_model"], row["response_model"], row["provider_name"]) == (
        "gpt-chat-pilot",
        "gpt-35-turbo",
        "azure",
    )
    assert (str(row["start_time"]), row["duration_ms"]) == ("2026-03-02 09:00:01.123456", 850)
    assert (row["url_path"], row["message_count"]) == ("/openai/deployments/gpt-chat-pilot/chat/completions", 1)
    assert not any("secret" in str(value) for value in row.values())


@pytest.mark.trap("azure_apim_gateway")
def test_properties_are_an_object_in_one_record_and_its_text_in_the_next(tmp_path: Path) -> None:
    records = (LOGGED, LOGGED | {"properties": json.dumps(PROPERTIES)})
    assert [row["usage_input_tokens"] for row in judged(jsonl(tmp_path / "log.jsonl", *records))] == [50, 50]


@pytest.mark.trap("azure_apim_gateway")
def test_a_reply_that_is_cut_off_is_unknown_usage_and_noted(tmp_path: Path) -> None:
    rows = judged(
        jsonl(
            tmp_path / "log.jsonl",
            LOGGED | {"properties": PROPERTIES | {"backendResponseBody": json.dumps(REPLY)[:90]}},
            LOGGED | {"properties": PROPERTIES | {"backendResponseBody": ""}},
        )
    )
    assert [(row["usage_known"], row["reject_reason"]) for row in rows] == [(False, None)] * 2
    assert [row["usage_note"] for row in rows] == [
        "the logged reply is cut off, usage unknown",
        "no reply was logged, usage unknown",
    ]


def test_a_stream_has_the_usage_of_its_last_event_or_none(tmp_path: Path) -> None:
    def event(usage: object) -> str:
        return f"data: {json.dumps(REPLY | {'object': 'chat.completion.chunk', 'usage': usage})}\n\n"

    told = event(None) + event({"prompt_tokens": 70, "completion_tokens": 5}) + "data: [DONE]\n\n"
    row = logged(tmp_path, backendResponseBody=told)
    assert (row["usage_input_tokens"], row["usage_output_tokens"]) == (70, 5)
    assert logged(tmp_path, backendResponseBody=event(None) + "data: [DONE]\n\n")["usage_known"] is False


def test_other_apis_behind_the_gateway_are_no_model_calls_and_refused_calls_are_failed(tmp_path: Path) -> None:
    shop = {"url": "https://gateway.example.com/shop/orders/17", "backendResponseBody": "{}"}
    assert logged(tmp_path, **shop)["reject_reason"] == "not a model call: another API"
    error = json.dumps({"error": {"code": "429", "message": "secret words"}})
    row = logged(tmp_path, backendResponseBody=error, backendResponseCode=429)
    assert (row["is_failed"], row["http_response_status_code"], row["error_type"]) == (True, 429, "429")


def test_the_columns_that_log_analytics_exports_read_like_the_records_of_the_storage_account(tmp_path: Path) -> None:
    columns = {name[:1].upper() + name[1:]: value for name, value in PROPERTIES.items()}
    columns |= {"TimeGenerated": LOGGED["time"], "CorrelationId": "corr-1", "IsRequestSuccess": "True"}
    with (tmp_path / "query.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerow(columns)
    assert judged(tmp_path / "query.csv") == [logged(tmp_path)]


def test_pages_that_an_event_hub_delivers_are_taken_apart(tmp_path: Path) -> None:
    path = tmp_path / "hub.json"
    path.write_text(json.dumps({"records": [LOGGED, LOGGED]}) + "\n" + json.dumps({"records": [LOGGED]}) + "\n")
    assert len(judged(path)) == 3


@pytest.mark.parametrize("shape", ["jsonl", "json", "page", "csv"])
def test_the_request_response_log_has_no_tokens_and_is_refused_with_what_to_export(tmp_path: Path, shape: str) -> None:
    path = tmp_path / f"log.{shape}"
    texts = {
        "jsonl": json.dumps(DIAGNOSTIC) + "\n",
        "json": json.dumps([DIAGNOSTIC], indent=1),
        "page": json.dumps({"records": [DIAGNOSTIC]}),
        "csv": "TimeGenerated,Category,OperationName,DurationMs\n2026-03-02T09:00:00Z,RequestResponse,Create,1021\n",
    }
    path.write_text(texts[shape])
    with pytest.raises(InputError, match=r"counts bytes, not tokens.* export ApiManagementGatewayLlmLog"):
        prepared(path)


def test_gateway_logs_without_bodies_and_the_diagnostic_sample_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="GatewayLogs without bodies"):
        prepared(jsonl(tmp_path / "log.jsonl", LOGGED | {"properties": {"apiId": "a", "url": URL}}))
    report = load([str(SAMPLES / "request_response_diagnostics_written_here.jsonl")], tmp_path / "audit.duckdb")
    assert len(report.refused) == 1
