"""Every format that can hold text gives back the request that was sent and the answer to it, nothing more or less."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import pytest
import round_trip_known as known
import round_trip_maps as maps
import round_trip_platforms as platforms
import round_trip_tracing as tracing
import round_trip_vendors as vendors
from exports import Row, write_csv, write_jsonl
from round_trip import Call, Writer, as_csv, as_json, as_jsonl, as_parquet, iso
from said import ANSWER, BODY, CALL, FORM, MESSAGES, PLUMBING, REQUEST, SAID, SETTINGS, only, read_back, reply

from audit.readers.registry import READERS

Write = Callable[[Path], Sequence[Path]]
CHAT = known.reply(CALL)


def one(writer: Callable[[Callable[[Call], Row]], Writer], record: Row) -> Write:
    """A file that holds one record."""

    def same(_: Call) -> Row:
        return record

    return lambda folder: [writer(same)(folder / "export", [CALL])]


def document(record: object) -> Write:
    return lambda folder: [as_json(lambda _: record)(folder / "export", [CALL])]


SPEND = known.spend_log(CALL) | {"proxy_server_request": REQUEST, "response": reply(CHAT), "messages": {}}
PAYLOAD: Row = known.payload(CALL) | {
    "messages": MESSAGES,
    "model_parameters": PLUMBING | SETTINGS,
    "response": reply(CHAT),
}
WRAPPED = known.wrapped(CALL) | {"request": REQUEST, "response": reply(CHAT)}
HTTP = known.wrapped(CALL) | {"request": {"body": REQUEST}, "response": {"status_code": 200, "body": reply(CHAT)}}
HELICONE = vendors.helicone(CALL) | {"request_body": REQUEST, "response_body": reply(CHAT)}
LANGFUSE = platforms.langfuse_ui(CALL) | {
    "input": {"messages": MESSAGES, "tools": SETTINGS["tools"]},
    "output": {"role": "assistant", "content": SAID},
    "modelParameters": {k: v for k, v in SETTINGS.items() if k != "tools"} | {"top_p": "Infinity", "stream": "true"},
}
BLOB = platforms.langfuse_blob(CALL) | {
    "input": json.dumps({"messages": MESSAGES, "tools": SETTINGS["tools"]}),
    "output": json.dumps({"role": "assistant", "content": SAID}),
    "model_parameters": json.dumps({k: v for k, v in SETTINGS.items() if k != "tools"}),
}
LANGSMITH = platforms.langsmith(CALL) | {"inputs": REQUEST, "outputs": reply(CHAT)}
BRAINTRUST = platforms.braintrust(CALL) | {
    "input": MESSAGES,
    "metadata": {"provider": "openai", "feature": "x"} | PLUMBING | SETTINGS,
    "output": reply(CHAT)["choices"],
}
WEAVE = platforms.weave(CALL) | {"inputs": {"self": "<OpenAI>"} | REQUEST, "output": reply(CHAT)}
PORTKEY = maps.portkey(CALL) | {"request": REQUEST, "response": reply(CHAT)}
WHOLE_SPAN = tracing.openinference(CALL) | {
    "input.value": json.dumps(REQUEST),
    "output.value": json.dumps(reply(CHAT)),
    "llm.tools.0.tool.json_schema": json.dumps(SETTINGS["tools"]),
}


def mlflow() -> Row:
    trace = platforms.mlflow_trace([CALL])
    (span,) = cast("dict[str, list[dict[str, Row]]]", trace["data"])["spans"]
    span["attributes"] |= {"mlflow.spanInputs": json.dumps(REQUEST), "mlflow.spanOutputs": json.dumps(reply(CHAT))}
    other = {**span, "span_id": "00000000000000fe", "attributes": {"mlflow.spanType": '"AGENT"'}}
    return trace | {"data": {"spans": [other, span]}}


def batch(folder: Path) -> Sequence[Path]:
    lines: list[Row] = [
        {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}
        for name, body in (
            ("other", {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]}),
            (CALL.id, REQUEST),
        )
    ]
    output = known.batch_line(CALL) | {"response": {"status_code": 200, "body": reply(CHAT)}}
    return [write_jsonl(folder / "out.jsonl", [output]), write_jsonl(folder / "in.jsonl", lines)]


def apim(record: Row, sent: str, answered: str) -> Row:
    return {
        "time": iso(CALL.start),
        "category": "GatewayLogs",
        "correlationId": CALL.id,
        "durationMs": 900,
        "isRequestSuccess": True,
        "properties": {
            "backendRequestBody": sent,
            "backendResponseBody": answered,
            "url": "https://a/openai",
            **record,
        },
    }


WHOLE: dict[str, tuple[str, Write]] = {
    "litellm_spend_logs.jsonl": ("litellm_spend_logs", one(as_jsonl, SPEND)),
    "litellm_spend_logs.csv": ("litellm_spend_logs", one(as_csv, SPEND)),
    "litellm_spend_logs.parquet": ("litellm_spend_logs", one(as_parquet, SPEND)),
    "litellm_spend_logs.page": ("litellm_spend_logs", document({"data": [SPEND], "total_pages": 1})),
    "litellm_payload": ("litellm_payload", one(as_jsonl, PAYLOAD)),
    "openai_requests.wrapper": ("openai_requests", one(as_jsonl, WRAPPED)),
    "openai_requests.http": ("openai_requests", one(as_jsonl, HTTP)),
    "openai_requests.csv": ("openai_requests", one(as_csv, WRAPPED)),
    "openai_requests.json": ("openai_requests", document([WRAPPED])),
    "openai_batch": ("openai_batch", batch),
    "helicone": ("helicone", one(as_jsonl, HELICONE)),
    "langfuse.ui_jsonl": ("langfuse", one(as_jsonl, LANGFUSE)),
    "langfuse.ui_csv": ("langfuse", one(as_csv, LANGFUSE)),
    "langfuse.ui_json": ("langfuse", document([LANGFUSE])),
    "langfuse.blob": ("langfuse", one(as_jsonl, BLOB)),
    "langfuse.parquet": ("langfuse", one(as_parquet, BLOB)),
    "langfuse.trace": (
        "langfuse",
        document({"trace": {"id": "t", "name": "n", "scores": []}, "observations": [LANGFUSE]}),
    ),
    "langsmith": ("langsmith", one(as_jsonl, LANGSMITH)),
    "langsmith.csv": ("langsmith", one(as_csv, LANGSMITH)),
    "braintrust": ("braintrust", one(as_jsonl, BRAINTRUST)),
    "braintrust.csv": ("braintrust", one(as_csv, BRAINTRUST)),
    "mlflow.json": ("mlflow", document(mlflow())),
    "mlflow.jsonl": ("mlflow", one(as_jsonl, mlflow())),
    "mlflow.csv": ("mlflow", one(as_csv, {"trace_id": "t", "trace_metadata": "{}", "trace": mlflow(), "spans": "x"})),
    "weave": ("weave", one(as_jsonl, WEAVE)),
    "portkey": ("portkey", one(as_jsonl, PORTKEY)),
    "otlp.whole": ("otlp", one(as_jsonl, tracing.otlp_line([tracing.otlp_span(CALL, WHOLE_SPAN)]))),
    "otlp.document": ("otlp", document(tracing.otlp_line([tracing.otlp_span(CALL, WHOLE_SPAN)]))),
    "span_table.csv": (
        "span_table",
        one(as_csv, tracing.phoenix(CALL) | {f"attributes.{k}": v for k, v in WHOLE_SPAN.items()}),
    ),
    "span_table.parquet": (
        "span_table",
        one(as_parquet, tracing.phoenix(CALL) | {f"attributes.{k}": v for k, v in WHOLE_SPAN.items()}),
    ),
    "flat_spans": (
        "flat_spans",
        one(as_jsonl, {"span_id": "a1", "start_time": iso(CALL.start), "end_time": iso(CALL.end), **WHOLE_SPAN}),
    ),
    "azure_apim_gateway": (
        "azure_apim_gateway",
        document({"records": [apim({}, json.dumps(REQUEST), json.dumps(reply(CHAT)))]}),
    ),
}
"""Files that hold the whole request: all of it comes back, in each of them the same."""
ELSEWHERE = {
    *("anthropic_messages", "bedrock", "vertex", "gemini_replies"),  # test_sampling_vendors
    *("vercel_ai", "helicone_csv", "llm_logs"),  # test_sampling_tracers
}
"""Readers whose exports say a request in words of their own."""


@pytest.mark.parametrize("name", WHOLE)
def test_a_logged_request_comes_back_as_it_was_sent(name: str, tmp_path: Path) -> None:
    _, write = WHOLE[name]
    # Langfuse does not keep why an answer ended
    answer = ANSWER | {"finish_reason": None} if name.startswith("langfuse") else ANSWER
    assert only(read_back(tmp_path, *write(tmp_path))) == (BODY, answer)


def test_every_reader_whose_exports_hold_text_has_a_test_here_or_elsewhere() -> None:
    holding = {reader.format for reader in READERS if reader.conversation is not None}
    assert holding == {reader for reader, _ in WHOLE.values()} | ELSEWHERE


def test_a_column_map_of_the_user_names_the_columns_of_messages_parameters_and_answer(tmp_path: Path) -> None:
    map_file = tmp_path / "map.toml"
    map_file.write_text(
        '[source]\nname = "own"\n[columns]\nrequest_id = "id"\nstart_time = "at"\nmodel = "model"\n'
        'usage_input_tokens = "i"\nusage_output_tokens = "o"\nmessages = "asked"\ntools = "toolbox"\n'
        'parameters = "settings"\nanswer = "said"\n'
    )
    settings = {key: value for key, value in SETTINGS.items() if key != "tools"}
    row: Row = {"id": "1", "at": iso(CALL.start), "model": "gpt-4o", "i": 1200, "o": 12, "asked": json.dumps(MESSAGES)}
    row |= {"toolbox": json.dumps(SETTINGS["tools"]), "settings": json.dumps(settings), "said": SAID}
    path = write_csv(tmp_path / "own.csv", [row])
    found = read_back(tmp_path, path, map_file=map_file)
    assert only(found) == (BODY, ANSWER | {"finish_reason": None})


def test_one_request_of_many_in_a_line_is_the_one_that_comes_back(tmp_path: Path) -> None:
    spans = [
        tracing.otlp_span(
            CALL,
            tracing.openinference(CALL)
            | {
                "input.value": json.dumps({**REQUEST, "messages": [{"role": "user", "content": f"number {number}"}]}),
                "openinference.span.kind": kind,
            },
        )
        | {"spanId": f"{number:016x}"}
        for number, kind in enumerate(["LLM", "CHAIN", "LLM", "LLM"])
    ]
    empty: Row = {"resourceSpans": [{"scopeSpans": []}, {"scopeSpans": [{"spans": []}]}]}
    path = write_jsonl(tmp_path / "t.jsonl", [empty, tracing.otlp_line(spans), "", tracing.otlp_line(spans[:1])])
    found = read_back(tmp_path, path)
    contents = [cast("list[Row]", each.body["messages"])[0]["content"] for each in found if each.body]
    assert contents == ["number 0", "number 2", "number 3"]


def test_the_map_for_portkey_reads_the_request_around_the_messages() -> None:
    (portkey,) = (reader for reader in READERS if reader.format == "portkey")
    assert portkey.conversation is not None
    assert portkey.conversation(PORTKEY).body["response_format"] == FORM
