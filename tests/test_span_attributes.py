"""The attributes of spans: every name of the table is read, and conventions of counting are told apart."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from exports import write_jsonl
from otlp_lines import CHAT, START, attributes, line, span
from staging import Row, judged, staged

from audit import sql
from audit.readers.span_attributes import aliases
from audit.schema import REQUEST_FACTS

with sql.seeds()["span_attributes"].open(encoding="utf-8", newline="") as table:
    ALIASES = list(csv.DictReader(table))
USAGE = [row for row in ALIASES if row["column_name"].startswith("usage_")]
TEXTS = [
    row
    for row in ALIASES
    if row["column_name"]
    in ("request_model", "response_model", "prompt_name", "user_id", "customer_id", "conversation_id")
    or row["column_name"] in ("route", "service_tier", "response_finish_reason", "error_type")
]
SILENT = {name: value for name, value in CHAT.items() if "usage" not in name and "model" not in name}


def one(tmp_path: Path, values: Mapping[str, object], **fields: object) -> Row:
    (row,) = judged(write_jsonl(tmp_path / "one.jsonl", [line(span(values) | fields)]))
    return row


def test_every_attribute_has_one_column_one_place_in_the_order_and_a_source() -> None:
    assert len({row["attribute"] for row in ALIASES}) == len(ALIASES)
    for column in {row["column_name"] for row in ALIASES}:
        found = [int(row["priority"]) for row in ALIASES if row["column_name"] == column]
        assert found == list(range(1, len(found) + 1))
    assert all(row["source"].startswith("https://") and row["checked_on"] for row in ALIASES)
    assert {row["column_name"] for row in USAGE} <= set(REQUEST_FACTS)


@pytest.mark.trap("otlp")
def test_every_name_for_a_count_is_read_when_it_stands_alone(tmp_path: Path) -> None:
    spans = [span(SILENT | {row["attribute"]: 7}, number) for number, row in enumerate(USAGE, 1)]
    for row, found in zip(USAGE, staged(write_jsonl(tmp_path / "all.jsonl", [line(*spans)])), strict=True):
        assert found[row["column_name"]] == "7", row["attribute"]


@pytest.mark.trap("otlp")
def test_every_name_for_a_label_is_read_when_it_stands_alone(tmp_path: Path) -> None:
    spans = [span(SILENT | {row["attribute"]: "named"}, number) for number, row in enumerate(TEXTS, 1)]
    for row, found in zip(TEXTS, staged(write_jsonl(tmp_path / "all.jsonl", [line(*spans)])), strict=True):
        assert found[row["column_name"]] == "named", row["attribute"]


def test_of_two_names_for_a_count_the_current_one_is_believed(tmp_path: Path) -> None:
    for names in aliases().values():
        assert len(names) == len(set(names))
    values = SILENT | {name: number for number, name in enumerate(reversed(aliases()["usage_input_tokens"]), 100)}
    (row,) = staged(write_jsonl(tmp_path / "one.jsonl", [line(span(values))]))
    assert row["usage_input_tokens"] == str(values["gen_ai.usage.input_tokens"])


@pytest.mark.trap("otlp")
@pytest.mark.parametrize(
    ("provider", "cached", "total", "input_tokens", "note"),
    [
        ("openai", 60, None, 100, None),
        ("openai", 160, None, 260, "cached tokens exceed input; treated as exclusive"),
        ("anthropic", 60, 170, 160, None),
        ("aws.bedrock", 60, 110, 100, None),
        ("anthropic", 160, 110, 260, "cached tokens exceed input; treated as exclusive"),
        ("anthropic", 60, None, 100, "input taken to include cached tokens; instrumentations of this provider differ"),
        ("anthropic", 60, 999, 100, "input taken to include cached tokens; instrumentations of this provider differ"),
        ("anthropic", 0, None, 100, None),
    ],
)
def test_whether_input_includes_cached_tokens_is_told_by_the_total_or_decided_aloud(
    tmp_path: Path, provider: str, cached: int, total: int | None, input_tokens: int, note: str | None
) -> None:
    counts = {"gen_ai.usage.cache_read.input_tokens": cached, "gen_ai.usage.total_tokens": total}
    row = one(tmp_path, CHAT | counts | {"gen_ai.provider.name": provider})
    assert (row["usage_input_tokens"], row["usage_note"], row["reject_reason"]) == (input_tokens, note, None)


def test_reasoning_that_only_the_total_counts_is_added_to_the_output(tmp_path: Path) -> None:
    apart = CHAT | {"gen_ai.usage.reasoning.output_tokens": 30, "gen_ai.usage.total_tokens": 140}
    assert one(tmp_path, apart)["usage_output_tokens"] == 40
    assert one(tmp_path, apart | {"gen_ai.usage.output_tokens": 40})["usage_output_tokens"] == 40


@pytest.mark.trap("otlp")
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"openinference.span.kind": "LLM"}, None),
        ({"openinference.span.kind": "EMBEDDING"}, None),
        ({"openinference.span.kind": "RETRIEVER"}, "RETRIEVER"),
        ({"gen_ai.operation.name": "chat"}, None),
        ({"gen_ai.operation.name": "embeddings"}, None),
        ({"gen_ai.operation.name": "execute_tool"}, "execute_tool"),
        ({"llm.request.type": "chat"}, None),
        ({"llm.request.type": "rerank"}, "rerank"),
        ({"traceloop.span.kind": "workflow", "gen_ai.request.model": "gpt-4o"}, "workflow"),
        ({"gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o"}, None),
        ({"ai.operationId": "ai.generateText", "gen_ai.request.model": "gpt-4o"}, "ai.generateText"),
        ({"ai.operationId": "ai.generateText.doGenerate", "gen_ai.request.model": "gpt-4o"}, None),
        ({"ai.operationId": "ai.toolCall"}, "ai.toolCall"),
        ({"http.request.method": "GET"}, "span"),
    ],
)
def test_only_spans_of_a_model_are_calls(tmp_path: Path, values: Row, reason: str | None) -> None:
    row = one(tmp_path, values, name="work")
    assert row["reject_reason"] == (None if reason is None else f"not a model call: {reason}")
    assert (row["request_id"], row["trace_id"]) == (f"{1:016x}", f"{1:032x}")
    if "embed" in str(values).lower():
        assert row["operation_name"] == "embeddings"


def test_an_embedding_has_no_output_and_that_is_known(tmp_path: Path) -> None:
    row = one(
        tmp_path, {"openinference.span.kind": "EMBEDDING", "llm.token_count.prompt": 9, "embedding.model_name": "e"}
    )
    assert (row["usage_known"], row["usage_output_tokens"], row["response_model"]) == (True, 0, "e")


@pytest.mark.trap("otlp")
def test_the_first_token_is_an_event_or_an_attribute_in_seconds(tmp_path: Path) -> None:
    def at(name: str) -> list[Row]:
        noise: Row = {"name": "other", "timeUnixNano": str(START)}
        return [noise, {"name": name, "timeUnixNano": str(START + 1_400_000_000), "attributes": []}]

    for name in ("First Token Stream Event", "gen_ai.content.completion.chunk"):
        row = one(tmp_path, CHAT, events=at(name))
        assert (row["time_to_first_chunk_ms"], row["stream"]) == (400, True)
    row = one(tmp_path, CHAT | {"gen_ai.response.time_to_first_chunk": 0.35, "gen_ai.request.stream": True})
    assert (row["time_to_first_chunk_ms"], row["stream"]) == (350, True)
    assert one(tmp_path, CHAT)["stream"] is None


@pytest.mark.parametrize(
    "values",
    [
        {"gen_ai.output.type": "json"},
        {"gen_ai.openai.request.response_format": "json_schema"},
        {"gen_ai.request.structured_output_schema": "{}"},
        {"llm.invocation_parameters": '{"response_format": {"type": "json_schema"}}'},
    ],
)
def test_structured_output_is_seen_whatever_it_is_called(tmp_path: Path, values: Row) -> None:
    assert one(tmp_path, CHAT | values)["output_type"] == "json"


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ({"gen_ai.tool.definitions": '[{"name": "a"}, {"name": "b"}]'}, 2),
        ({"llm.tools.0.tool.json_schema": "{}", "llm.tools.1.tool.json_schema": "{}"}, 2),
        ({"llm.request.functions.0.name": "a", "llm.request.functions.0.description": "x"}, 1),
        ({"ai.prompt.tools": ['{"name": "a"}', '{"name": "b"}', '{"name": "c"}']}, 3),
        ({}, None),
    ],
)
def test_tools_are_counted_as_a_list_or_by_number(tmp_path: Path, values: Row, count: int | None) -> None:
    assert one(tmp_path, CHAT | values)["tool_count"] == count


def test_labels_of_the_application_are_kept_and_name_the_endpoint(tmp_path: Path) -> None:
    for label in ("traceloop.association.properties.feature", "ai.telemetry.metadata.feature"):
        row = one(tmp_path, CHAT | {label: "refunds"})
        assert (row["route"], row["metadata"]) == ("refunds", '{"feature":"refunds","release":null}')
    row = one(tmp_path, CHAT | {"metadata": json.dumps({"feature": "refunds", "release": "7"})})
    assert (row["route"], row["metadata"]) == ("refunds", '{"feature":"refunds","release":"7"}')
    row = one(
        tmp_path, CHAT | {"metadata": "no json", "tag.tags": ["a", "b"], "gen_ai.response.finish_reasons": ["stop"]}
    )
    assert (row["route"], row["tags"], row["response_finish_reason"]) == (None, ["a", "b"], "stop")


@pytest.mark.trap("otlp")
def test_messages_in_the_span_are_counted_and_hashed_in_every_form_and_never_kept(tmp_path: Path) -> None:
    parts = [
        {"role": role, "parts": [{"type": "text", "content": text}]}
        for role, text in (("system", "Be brief."), ("user", "hi"))
    ]
    plain = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    numbered = {f"gen_ai.prompt.{n}.{key}": value for n, each in enumerate(plain) for key, value in each.items()}
    forms: list[Row] = [
        {"gen_ai.input.messages": json.dumps(parts)},
        {"gen_ai.prompt": json.dumps(plain)},
        {"input.value": json.dumps({"messages": plain, "model": "gpt-4o"})},
        {"gen_ai.system_instructions": "Be brief.", "gen_ai.input.messages": json.dumps(plain)},
        {**numbered},
    ]
    rows = [one(tmp_path, CHAT | form) for form in forms]
    assert [row["message_count"] for row in rows] == [2] * len(forms)
    assert len({row["template_hash"] for row in rows}) == 1
    assert rows[0]["template_hash"] is not None
    assert not any("brief" in str(value) for row in rows for value in row.values())


def test_attributes_of_other_kinds_do_no_harm(tmp_path: Path) -> None:
    odd: list[Row] = [
        {"key": "empty", "value": {}},
        {"key": "nothing"},
        {"key": "inner", "value": {"kvlistValue": {"values": []}}},
        {"key": "bytes", "value": {"bytesValue": "AA=="}},
        {"key": "list", "value": {"arrayValue": {}}},
    ]
    row = one(
        tmp_path, CHAT, attributes=[*odd, *attributes(CHAT), *attributes(CHAT | {"gen_ai.usage.input_tokens": 1})]
    )
    assert (row["reject_reason"], row["usage_input_tokens"]) == (None, 100)


def test_the_same_span_twice_in_a_list_is_two_records(tmp_path: Path) -> None:
    rows = judged(write_jsonl(tmp_path / "two.jsonl", [line(span(), span()), line(span(), service=None)]))
    assert [row["project_id"] for row in rows] == ["shop", "shop", None]
