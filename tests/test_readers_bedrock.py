"""AWS Bedrock's invocation logs: bodies of every shape, names of every kind, and counts beside the cache."""

import gzip
import json
from pathlib import Path

import pytest
from loads import counts, jsonl, loaded, query
from staging import Row, judged

from audit.catalog.models import resolve_models
from audit.catalog.prices import price_rows

SAMPLES = Path(__file__).parent / "data" / "samples" / "bedrock"
OPAQUE = "arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/abc123"
BODY: Row = {"messages": [{"role": "user", "content": "secret words"}], "system": "Sort.", "tools": [{"name": "t"}]}
CALL: Row = {
    "schemaType": "ModelInvocationLog",
    "timestamp": "2026-03-02T09:15:07Z",
    "accountId": "000000000000",
    "identity": {"arn": "arn:aws:iam::000000000000:user/fixture"},
    "requestId": "r1",
    "operation": "InvokeModel",
    "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
    "input": {"inputBodyJson": BODY, "inputTokenCount": 30},
    "output": {"outputBodyJson": {"stop_reason": "end_turn"}, "outputTokenCount": 40},
}
STREAM: list[object] = [
    {"type": "message_start", "message": {"model": "claude-3-5-sonnet-20241022", "usage": {"input_tokens": 31}}},
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "secret words"}},
    {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 41}},
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"invocationLatency": 1480, "firstByteLatency": 620}},
    "[DONE]",
]


def call(tmp_path: Path, **changes: object) -> Row:
    (row,) = judged(jsonl(tmp_path / "log.jsonl", CALL | changes))
    return row


def tokens(row: Row) -> tuple[object, ...]:
    names = ("input", "cache_read_input", "cache_creation_input", "output")
    return tuple(row[f"usage_{name}_tokens"] for name in names)


def test_every_row_of_the_samples_is_loaded_or_told_why_not(tmp_path: Path) -> None:
    report = loaded(tmp_path / "audit.duckdb", SAMPLES)
    assert counts(report) == {
        "invocations_written_here.jsonl": (8, 8, 0, 0),
        "nova_converse_written_here.jsonl": (1, 1, 0, 0),
    }


@pytest.mark.trap("bedrock")
def test_the_counts_of_anthropic_models_exclude_the_cache_and_older_lines_lack_them(tmp_path: Path) -> None:
    cached = {"inputTokenCount": 30, "cacheReadInputTokenCount": 900, "cacheWriteInputTokenCount": 70}
    assert tokens(call(tmp_path, input=cached)) == (1000, 900, 70, 40)
    assert tokens(call(tmp_path)) == (30, 0, 0, 40)
    hour = {"cache_creation": {"ephemeral_5m_input_tokens": 30, "ephemeral_1h_input_tokens": 40}}
    details = [{"ttl": "1h", "inputTokens": 40}, {"ttl": "5m", "inputTokens": 30}]
    start = {"type": "message_start", "message": {"model": "claude-3-5-sonnet-20241022", "usage": hour}}
    for body in ({"usage": hour}, {"usage": {"cacheDetails": details}}, [start, *STREAM[1:]]):
        row = call(tmp_path, input=cached, output={"outputTokenCount": 40, "outputBodyJson": body})
        assert (tokens(row), row["usage_cache_creation_1h_input_tokens"]) == ((1000, 900, 70, 40), 40)


@pytest.mark.trap("bedrock")
def test_of_other_models_the_total_tells_whether_the_cache_is_beside_the_input(tmp_path: Path) -> None:
    counted = {"inputTokenCount": 2000, "cacheReadInputTokenCount": 1500}
    for total, expected in ((3510, 3500), (2010, 2000), (None, 2000)):
        body = {"usage": {"inputTokens": 2000, "outputTokens": 10} | ({"totalTokens": total} if total else {})}
        row = call(
            tmp_path,
            modelId="amazon.nova-lite-v1:0",
            input=counted,
            output={"outputTokenCount": 10, "outputBodyJson": body},
        )
        assert tokens(row) == (expected, 1500, 0, 10)
        assert (row["usage_note"] is None) == bool(total), "without a total it is a guess, and noted"


@pytest.mark.trap("bedrock")
def test_a_reply_is_an_object_a_list_of_chunks_or_a_link_in_one_file(tmp_path: Path) -> None:
    converse = {"stopReason": "end_turn", "metrics": {"latencyMs": 281}, "usage": {"inputTokens": 30}}
    rows = judged(
        jsonl(
            tmp_path / "log.jsonl",
            CALL | {"output": {"outputBodyJson": converse, "outputTokenCount": 40}},
            CALL | {"output": {"outputBodyJson": STREAM, "outputTokenCount": 40}},
            CALL | {"output": {"outputBodyS3Path": "s3://bucket/key", "outputTokenCount": 40}},
            CALL | {"output": {"outputBodyJson": "text", "outputTokenCount": 40}},
        )
    )
    assert [tokens(row) for row in rows] == [(30, 0, 0, 40)] * 4
    assert [(row["duration_ms"], row["response_finish_reason"]) for row in rows] == [
        (281, "end_turn"),
        (1480, "max_tokens"),
        (None, None),
        (None, None),
    ]
    assert rows[1]["time_to_first_chunk_ms"] == 620


def test_tokens_are_taken_from_the_body_where_the_line_has_none(tmp_path: Path) -> None:
    row = call(tmp_path, input={"inputBodyJson": BODY}, output={"outputBodyJson": STREAM})
    assert tokens(row) == (31, 0, 0, 41)
    body = {"usage": {"inputTokens": 7, "outputTokens": 3}}
    assert tokens(call(tmp_path, input={}, output={"outputBodyJson": body})) == (7, 0, 0, 3)


@pytest.mark.trap("bedrock")
@pytest.mark.parametrize(
    "name",
    [
        "anthropic.claude-3-haiku-20240307-v1:0",
        "us.anthropic.claude-3-haiku-20240307-v1:0",
        "arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.anthropic.claude-3-haiku-20240307-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
    ],
)
def test_ids_profiles_and_arns_lead_to_a_model_with_a_price(tmp_path: Path, name: str) -> None:
    row = call(tmp_path, modelId=name)
    asked = (str(row["provider_name"]), str(row["request_model"]), str(row["response_model"]))
    resolved = resolve_models([asked]).row(0, named=True)
    assert resolved["pricing_provider"] == "aws"
    assert price_rows([("aws", resolved["model"])]).height > 0


@pytest.mark.trap("bedrock")
def test_an_application_profile_is_named_by_its_stream_or_stays_unpriced_under_its_own_id(tmp_path: Path) -> None:
    streamed = call(tmp_path, modelId=OPAQUE, output={"outputBodyJson": STREAM, "outputTokenCount": 40})
    assert (streamed["request_model"], streamed["response_model"]) == ("abc123", "claude-3-5-sonnet-20241022")
    opaque = call(tmp_path, modelId=OPAQUE, output={"outputTokenCount": 40})
    assert (opaque["response_model"], opaque["usage_known"]) == ("abc123", True)


@pytest.mark.trap("bedrock")
def test_a_guardrail_block_used_nothing_and_other_zeros_are_unknown(tmp_path: Path) -> None:
    nothing: Row = {"inputTokenCount": 0}
    chunks = [{"type": "message_start", "amazon-bedrock-guardrailAction": "INTERVENED"}, "[DONE]"]
    blocked = call(tmp_path, input=nothing, output={"outputBodyJson": chunks, "outputTokenCount": 0})
    assert (blocked["usage_known"], tokens(blocked)) == (True, (0, 0, 0, 0))
    assert (blocked["is_failed"], blocked["error_type"]) == (True, "guardrail_intervened")
    empty = call(tmp_path, input=nothing, output={"outputBodyJson": [], "outputTokenCount": 0})
    assert (empty["usage_known"], empty["is_failed"]) == (False, False)


def test_a_throttled_call_is_failed_with_its_code(tmp_path: Path) -> None:
    row = call(tmp_path, input={}, output={}, errorCode="ThrottlingException")
    assert (row["is_failed"], row["error_type"], row["usage_known"]) == (True, "ThrottlingException", False)


def test_an_embedding_has_no_output_and_that_is_known(tmp_path: Path) -> None:
    row = call(tmp_path, modelId="amazon.titan-embed-text-v2:0", output={"outputBodyJson": {"embedding": [0.1]}})
    assert (row["operation_name"], row["usage_known"], row["usage_output_tokens"]) == ("embeddings", True, 0)


def test_the_identity_is_the_user_and_prompts_are_hashed_and_never_kept(tmp_path: Path) -> None:
    row = call(tmp_path, output={"outputBodyJson": STREAM, "outputTokenCount": 40})
    assert row["user_id"] == "arn:aws:iam::000000000000:user/fixture"
    assert (row["message_count"], row["tool_count"]) == (1, 1)
    assert row["prompt_hash"]
    assert row["template_hash"]
    assert not any("secret" in str(value) for value in row.values())


def test_a_folder_of_many_small_packed_files_is_one_load(tmp_path: Path) -> None:
    for hour in range(3):
        folder = tmp_path / "logs" / f"{hour:02}"
        folder.mkdir(parents=True)
        for number in range(4):
            records = [CALL | {"requestId": f"{hour}-{number}-{n}"} for n in range(1 + number % 2)]
            text = "".join(json.dumps(record) + "\n" for record in records)
            (folder / f"{number}.json.gz").write_bytes(gzip.compress(text.encode()))
    report = loaded(tmp_path / "audit.duckdb", tmp_path / "logs")
    assert (len(report.files), report.total("read"), report.total("loaded")) == (12, 18, 18)
    assert query(tmp_path / "audit.duckdb", "select sum(request_count) from traffic_cells") == [(18,)]
