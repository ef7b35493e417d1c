"""OTLP JSON: the same calls by four instrumentations, and the traps of the container."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from exports import generated_log, write_jsonl
from otlp_lines import CHAT, START, attributes, line, span
from staging import Row, judged

from audit.intake.load_report import LoadReport
from audit.intake.loading import load
from audit.warehouse import Warehouse

SAMPLES = Path(__file__).parent / "data" / "samples"
EMITTERS = {
    "openai-v2": ("otel/otel_openai_v2_2.3b0", "otel/otel_openai_v2_streams_and_429_written_here"),
    "OpenLLMetry": ("traceloop/openllmetry_0.62.4", "traceloop/openllmetry_streams_and_429_written_here"),
    "OpenInference": (
        "openinference/openinference_openai_0.1.66",
        "openinference/openinference_streams_and_429_written_here",
    ),
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
GAPS = {"openai-v2": {"usage_cache_read_input_tokens", "has_tools"}}
"""What an instrumentation leaves out, and the load warns of."""


def rows_of(tmp_path: Path, *names: str) -> list[Row]:
    found: list[Row] = []
    for name in names:
        copy = tmp_path / Path(name).name
        copy.write_bytes((SAMPLES / name).read_bytes())
        found += judged(copy)
    return found


def one(tmp_path: Path, values: Mapping[str, object] = CHAT, **fields: object) -> Row:
    (row,) = judged(write_jsonl(tmp_path / "one.jsonl", [line(span(values) | fields)]))
    return row


def loaded(tmp_path: Path, *paths: Path) -> LoadReport:
    report = load([str(path) for path in paths], tmp_path / "usage.duckdb")
    assert report.failed_checks == ()
    assert report.total("read") == sum(report.total(part) for part in ("loaded", "duplicate", "rejected"))
    return report


def canonical(row: Row) -> Row:
    same = (
        "provider_name", "request_model", "response_model", "operation_name", "usage_known", "usage_input_tokens",
        "usage_cache_read_input_tokens", "usage_output_tokens", "usage_reasoning_output_tokens", "service_tier",
        "output_type", "is_failed", "reject_reason",
    )  # fmt: skip
    return {name: row[name] for name in same} | {"has_tools": bool(row["tool_count"])}


def by_litellm(tmp_path: Path) -> list[Row]:
    """The four calls of the samples, and the three that LiteLLM logs like this."""
    four = rows_of(tmp_path, "litellm/litellm_1.106.2_standard_logging.jsonl")
    spent = rows_of(tmp_path, "litellm/litellm_1.106.2_spend_logs.jsonl")
    gap = {"has_tools", "output_type", "response_model"}  # what a SpendLogs row has no column for
    for row, other in zip(four, spent, strict=True):
        assert {name: value for name, value in canonical(row).items() if name not in gap} == {
            name: value for name, value in canonical(other).items() if name not in gap
        }
    common: Row = {
        "model": "gpt-4o-2024-08-06",
        "model_group": "gpt-4o",
        "call_type": "acompletion",
        "status": "success",
    }
    common |= {"id": "x", "startTime": START / 1e9, "endTime": START / 1e9 + 2, "custom_llm_provider": "openai"}
    streamed = common | {
        "stream": True,
        "completionStartTime": START / 1e9 + 0.25,
        "model_parameters": {"stream": True},
    }
    seven = [
        streamed | {"prompt_tokens": 41, "completion_tokens": 12},
        streamed | {"prompt_tokens": 0, "completion_tokens": 0},
        common
        | {"status": "failure", "model": "gpt-4o", "prompt_tokens": 0, "completion_tokens": 0, "model_parameters": {}}
        | {"error_information": {"error_code": "429", "error_class": "RateLimitError"}},
    ]
    return four + judged(write_jsonl(tmp_path / "rest.jsonl", seven))


@pytest.mark.trap("otlp")
@pytest.mark.parametrize("emitter", EMITTERS)
def test_seven_calls_are_the_same_rows_whoever_recorded_them(tmp_path: Path, emitter: str) -> None:
    expected = by_litellm(tmp_path)
    found = rows_of(tmp_path, *(f"{name}.otlp.jsonl" for name in EMITTERS[emitter]))
    assert len(found) == len(expected) == 7
    differences = [
        {name for name, value in canonical(row).items() if value != canonical(other)[name]}
        for row, other in zip(found, expected, strict=True)
    ]
    assert set().union(*differences[:6]) == GAPS.get(emitter, set())
    assert differences[6] == {"response_model"}, "of a call that failed LiteLLM repeats the model asked for"
    assert [row["is_failed"] for row in found] == [False] * 6 + [True]
    assert [row["usage_known"] for row in found] == [True] * 5 + [False] * 2
    assert found[6]["error_type"] == expected[6]["error_type"] == "RateLimitError"
    assert [row["output_type"] for row in found[:4]] == ["text", "text", "text", "json"]


@pytest.mark.parametrize("emitter", EMITTERS)
def test_calls_start_at_the_nanosecond_of_their_span_and_last_as_long(tmp_path: Path, emitter: str) -> None:
    name = f"{EMITTERS[emitter][0]}.otlp.jsonl"
    for text, row in zip((SAMPLES / name).read_text().splitlines(), rows_of(tmp_path, name), strict=True):
        recorded = json.loads(text)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
        begun, ended = (int(recorded[f"{side}TimeUnixNano"]) for side in ("start", "end"))
        assert isinstance(row["start_time"], datetime)
        assert abs(row["start_time"].replace(tzinfo=UTC) - EPOCH - timedelta(microseconds=begun / 1000)) <= MICROSECOND
        assert abs(float(str(row["duration_ms"])) - (ended - begun) / 1e6) <= 1


@pytest.mark.trap("otlp")
def test_what_openai_v2_leaves_out_is_said_and_the_others_are_not_blamed(tmp_path: Path) -> None:
    report = loaded(tmp_path, *(SAMPLES / f"{names[0]}.otlp.jsonl" for names in EMITTERS.values()))
    (warning,) = report.warnings
    assert "opentelemetry.instrumentation.openai_v2 carry no cached tokens and no tools" in warning
    assert "priced in full" in warning
    assert warning.startswith(str(SAMPLES / "otel"))


@pytest.mark.parametrize(
    ("name", "counts", "not_calls"),
    [
        ("otel/otel_openai_v2_2.3b0.otlp.jsonl", (4, 4, 0, 0), 0),
        ("otel/otel_openai_v2_streams_and_429_written_here.otlp.jsonl", (3, 3, 0, 0), 0),
        ("traceloop/openllmetry_0.62.4.otlp.jsonl", (4, 4, 0, 0), 0),
        ("traceloop/openllmetry_streams_and_429_written_here.otlp.jsonl", (3, 3, 0, 0), 0),
        ("openinference/openinference_openai_0.1.66.otlp.jsonl", (4, 4, 0, 0), 0),
        ("openinference/openinference_streams_and_429_written_here.otlp.jsonl", (3, 3, 0, 0), 0),
        ("otel/otlp_traps_written_here.otlp.jsonl", (11, 5, 1, 5), 5),
        ("otel/pydantic_ai_document_written_here.json", (4, 2, 0, 2), 2),
    ],
)
def test_every_record_of_a_sample_is_accounted_for(
    tmp_path: Path, name: str, counts: tuple[int, ...], not_calls: int
) -> None:
    (file,) = loaded(tmp_path, SAMPLES / name).files
    assert file.format == "otlp"
    assert (file.read, file.loaded, file.duplicate, file.rejected) == counts
    assert file.not_calls == not_calls


@pytest.mark.trap("otlp")
def test_a_parent_that_repeats_the_usage_of_its_calls_is_no_call(tmp_path: Path) -> None:
    (file,) = loaded(tmp_path, SAMPLES / "otel/otlp_traps_written_here.otlp.jsonl").files
    assert file.notes == {"repeats the calls inside of it": 1}
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        reasons = warehouse.rows(
            "select reject_reason from request_facts where reject_reason is not null order by rowid"
        )
        assert [str(reason) for (reason,) in reasons] == [
            f"not a model call: {kind}" for kind in ("AGENT", "CHAIN", "log records", "metrics", "a line without spans")
        ]
        assert warehouse.count("select sum(usage_input_tokens) from loaded_facts where trace_id like '%a8'") == 300
        assert warehouse.rows("select distinct project_id from loaded_facts order by 1") == [("other",), ("shop",)]


@pytest.mark.trap("otlp")
def test_numbers_may_be_numbers_or_text_and_ids_hex_or_base64(tmp_path: Path) -> None:
    as_text = span(CHAT, traceId="0" * 30 + "ff", spanId="0" * 14 + "fe", parentSpanId="0" * 14 + "fd")
    in_base64 = as_text | {
        name: base64.b64encode(bytes.fromhex(str(as_text[name]))).decode()
        for name in ("traceId", "spanId", "parentSpanId")
    }
    numbers = in_base64 | {
        "attributes": json.loads(json.dumps(attributes(CHAT)).replace('"100"', "100").replace('"10"', "10")),
        "startTimeUnixNano": int(str(as_text["startTimeUnixNano"])),
        "endTimeUnixNano": int(str(as_text["endTimeUnixNano"])),
    }
    first, second = judged(write_jsonl(tmp_path / "ids.jsonl", [line(as_text), line(numbers)]))
    assert first == second
    assert (first["usage_input_tokens"], first["parent_id"], first["duration_ms"]) == (100, "0" * 14 + "fd", 2000)


@pytest.mark.trap("otlp")
@pytest.mark.parametrize(
    ("status", "failed"),
    [({}, False), ({"code": 0}, False), ({"code": 1}, False), ({"code": "STATUS_CODE_UNSET"}, False), (None, False),
     ({"code": 2}, True), ({"code": "STATUS_CODE_ERROR"}, True)],
)  # fmt: skip
def test_a_status_that_nobody_set_is_a_success(tmp_path: Path, status: object, failed: bool) -> None:
    assert one(tmp_path, status=status)["is_failed"] is failed


@pytest.mark.trap("otlp")
def test_a_span_without_token_attributes_has_unknown_usage_and_not_zero(tmp_path: Path) -> None:
    silent = {name: value for name, value in CHAT.items() if "usage" not in name}
    zero = silent | {"gen_ai.usage.input_tokens": 0, "gen_ai.usage.output_tokens": 0}
    for values in (silent, zero):
        row = one(tmp_path, values)
        assert (row["usage_known"], row["usage_input_tokens"], row["reject_reason"]) == (False, None, None)


def test_a_count_that_is_no_count_is_rejected_with_its_text(tmp_path: Path) -> None:
    assert one(tmp_path, CHAT | {"gen_ai.usage.input_tokens": "twelve"})["reject_reason"] == (
        "usage_input_tokens twelve is not a count"
    )


@pytest.mark.trap("otlp")
def test_a_reject_inside_a_line_has_its_own_number_and_the_place_of_the_line(tmp_path: Path) -> None:
    good, bad = span(CHAT, 1), span(CHAT | {"gen_ai.usage.output_tokens": -5}, 2)
    texts = [
        json.dumps(line(good, span(CHAT, 3))),
        "",
        '{"resourceSpans": [',
        json.dumps(line(span(CHAT, 4), bad, span(CHAT, 5))),
    ]
    path = write_jsonl(tmp_path / "log.jsonl", texts)
    (file,) = loaded(tmp_path, path).files
    assert (file.read, file.loaded, file.rejected) == (6, 4, 2)
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        rejects = warehouse.rows("select record_number, byte_offset, byte_length, reason from rejects order by 1")
    content = path.read_bytes()
    assert [number for number, *_ in rejects] == [3, 5]
    places = [content[int(str(offset)) :][: int(str(length))].decode().strip() for _, offset, length, _ in rejects]
    assert places == texts[2:]
    assert str(rejects[0][3]).startswith("not JSON")
    assert rejects[1][3] == "usage_output_tokens -5 is not a count"


def test_a_generated_log_is_read_to_the_last_token_and_bad_lines_are_found(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    truth = generated_log(path, "otlp", rows=3000, bad=70)
    (file,) = loaded(tmp_path, path).files
    assert (file.read, file.loaded, file.duplicate, file.rejected) == (3070, truth["requests"], truth["duplicates"], 70)
    lines = path.read_bytes().split(b"\n")
    records = [number for number, text in enumerate(lines, 1) if text.strip()]
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        sums = warehouse.rows(
            "select sum(usage_input_tokens)::bigint, sum(usage_cache_read_input_tokens)::bigint, "
            "sum(usage_output_tokens)::bigint, sum(usage_reasoning_output_tokens)::bigint from loaded_facts"
        )
        numbers = {records[int(str(number)) - 1] for (number,) in warehouse.rows("select record_number from rejects")}
    assert sums == [tuple(truth[f"{kind}_tokens"] for kind in ("input", "cached", "output", "reasoning"))]
    assert numbers == {number for kind, found in truth["lines"].items() if kind != "blank" for number in found}


def test_a_file_of_logs_alone_is_accounted_for_and_says_which_file_to_load(tmp_path: Path) -> None:
    report = loaded(tmp_path, write_jsonl(tmp_path / "logs.jsonl", [{"resourceLogs": []}, {"resourceLogs": []}]))
    assert (report.total("read"), report.total("rejected"), report.total("not_calls")) == (2, 2, 2)
    assert "logs or metrics only" in report.warnings[0]


def test_one_document_of_the_api_is_read_like_the_lines_of_the_collector(tmp_path: Path) -> None:
    lines = [line(span(CHAT, 1), span(CHAT, 2)), line(span(CHAT, 3))]
    whole = {"resourceSpans": [resource for each in lines for resource in each["resourceSpans"]]}  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
    document = tmp_path / "document.json"
    document.write_text(json.dumps(whole, indent=1))
    several = tmp_path / "several.json"
    several.write_text(json.dumps(lines, indent=1))
    expected = judged(write_jsonl(tmp_path / "lines.jsonl", lines))
    assert len(expected) == 3
    assert judged(document) == judged(several) == expected
