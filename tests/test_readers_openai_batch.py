"""Batch outputs and errors, joined to the requests of their input file."""

import json
from pathlib import Path

import pytest
from loads import loaded
from staging import Row, judged, prepared

from audit.errors import InputError
from audit.warehouse import Warehouse

SAMPLES = Path(__file__).parent / "data" / "samples" / "openai"


def request(custom_id: str, feature: str = "triage", **body: object) -> Row:
    return {
        "custom_id": custom_id,
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {
            "model": "gpt-4o",
            "metadata": {"feature": feature},
            "messages": [{"role": "system", "content": f"Do {feature}."}, {"role": "user", "content": "secret"}],
        }
        | body,
    }


def reply(custom_id: str, **body: object) -> Row:
    return {
        "id": f"batch_req_{custom_id}",
        "custom_id": custom_id,
        "response": {
            "status_code": 200,
            "request_id": "req_1",
            "body": {
                "id": f"chatcmpl-{custom_id}",
                "object": "chat.completion",
                "created": 1772359200,
                "model": "gpt-4o-2024-08-06",
                "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
                "service_tier": "default",
            }
            | body,
        },
        "error": None,
    }


def expired(custom_id: str) -> Row:
    error = {"code": "batch_expired", "message": "This request could not be executed before the completion window."}
    return {"id": f"batch_req_{custom_id}", "custom_id": custom_id, "response": None, "error": error}


def jsonl(path: Path, *records: Row) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.mark.trap("openai_batch")
def test_output_is_joined_to_input_by_custom_id_whatever_the_order(tmp_path: Path) -> None:
    asked = jsonl(tmp_path / "input.jsonl", *(request(f"r{n}", feature=f"job{n}") for n in range(200)))
    output = jsonl(tmp_path / "output.jsonl", *(reply(f"r{n}", id=f"chatcmpl-{n}") for n in reversed(range(200))))
    rows = judged(output, siblings=[asked])
    assert [(row["request_id"], row["route"]) for row in rows] == [
        (f"chatcmpl-{n}", f"job{n}") for n in reversed(range(200))
    ], "and the records stay in the order of the output file"
    assert (rows[0]["url_path"], rows[0]["request_model"], rows[0]["message_count"]) == (
        "/v1/chat/completions",
        "gpt-4o",
        2,
    )
    assert not any("secret" in str(value) for value in rows[0].values())


@pytest.mark.trap("openai_batch")
def test_a_batch_is_priced_as_a_batch_and_has_no_latency(tmp_path: Path) -> None:
    (row,) = judged(jsonl(tmp_path / "output.jsonl", reply("r1")))
    assert (row["service_tier"], row["duration_ms"], str(row["start_time"])) == ("batch", None, "2026-03-01 10:00:00")


def test_an_output_without_its_input_still_loads(tmp_path: Path) -> None:
    path = tmp_path / "output.jsonl"
    path.write_bytes((SAMPLES / "batch_output_doc_example.jsonl").read_bytes())
    asked = tmp_path / "input.jsonl"
    asked.write_bytes((SAMPLES / "batch_input_doc_example.jsonl").read_bytes())
    for siblings in ([], [asked]):  # the two examples are of different requests
        (row,) = judged(path, siblings=siblings)
        assert (row["usage_input_tokens"], row["usage_output_tokens"], row["tool_count"]) == (24, 15, None)
        assert (row["response_model"], row["url_path"]) == ("gpt-4o-mini", None)


def test_an_input_alone_is_recognised_and_said_to_hold_no_usage(tmp_path: Path) -> None:
    asked = jsonl(tmp_path / "input.jsonl", request("r1"))
    assert prepared(asked)[0].format == "openai_batch"
    with pytest.raises(InputError, match="holds no usage; load it together with its output file"):
        judged(asked)


def test_an_input_beside_its_output_brings_no_records_of_its_own(tmp_path: Path) -> None:
    asked, output = jsonl(tmp_path / "input.jsonl", request("r1")), jsonl(tmp_path / "output.jsonl", reply("r1"))
    assert judged(asked, siblings=[output]) == []


@pytest.mark.trap("openai_batch")
def test_expired_lines_of_the_error_file_are_failed_requests_on_the_day_of_the_batch(tmp_path: Path) -> None:
    asked = jsonl(tmp_path / "input.jsonl", request("r1"), request("r2"))
    output = jsonl(tmp_path / "output.jsonl", reply("r1"))
    errors = jsonl(tmp_path / "errors.jsonl", expired("r2"))
    (row,) = judged(errors, siblings=[asked, output])
    assert (row["is_failed"], row["error_type"], row["route"]) == (True, "batch_expired", "triage")
    assert (str(row["start_time"]), row["usage_known"], row["reject_reason"]) == ("2026-03-01 10:00:00", False, None)
    (lost,) = judged(errors)
    assert "load it together with the output file of its batch" in str(lost["reject_reason"])


def test_a_reply_with_an_error_status_is_failed(tmp_path: Path) -> None:
    refused = reply("r1") | {"response": {"status_code": 400, "body": {"error": {"type": "invalid_request_error"}}}}
    rows = judged(jsonl(tmp_path / "output.jsonl", reply("r0"), refused))
    assert [(row["is_failed"], row["error_type"], row["http_response_status_code"]) for row in rows] == [
        (False, None, 200),
        (True, "invalid_request_error", 400),
    ]


def test_of_inputs_that_reuse_custom_ids_the_one_that_agrees_best_is_taken(tmp_path: Path) -> None:
    small = jsonl(tmp_path / "a.jsonl", *(request(f"r{n}", feature="small") for n in range(3)))
    large = jsonl(tmp_path / "b.jsonl", *(request(f"r{n}", feature="large") for n in range(30)))
    of_small = jsonl(tmp_path / "c.jsonl", *(reply(f"r{n}") for n in range(3)))
    of_large = jsonl(tmp_path / "d.jsonl", *(reply(f"r{n}") for n in range(29)))
    for output, route in ((of_small, "small"), (of_large, "large")):
        assert {row["route"] for row in judged(output, siblings=[large, small])} == {route}


def test_where_inputs_agree_equally_well_only_what_they_share_is_taken(tmp_path: Path) -> None:
    monday = jsonl(tmp_path / "a.jsonl", request("r1"), request("r2", feature="monday"))
    tuesday = jsonl(tmp_path / "b.jsonl", request("r1"), request("r2", feature="tuesday"))
    output = jsonl(tmp_path / "c.jsonl", reply("r1"), reply("r2"))
    assert [row["route"] for row in judged(output, siblings=[monday, tuesday])] == ["triage", None]


def test_an_unreadable_line_of_an_output_is_one_reject_in_its_place(tmp_path: Path) -> None:
    output = jsonl(tmp_path / "output.jsonl", reply("r1"), reply("r2"))
    output.write_text(output.read_text().replace("\n", "\n#### not json\n", 1))
    rows = judged(output, siblings=[jsonl(tmp_path / "input.jsonl", request("r1"))])
    assert [row["reject_reason"] is None for row in rows] == [True, False, True]


def test_embeddings_of_a_batch_have_no_output_and_known_usage(tmp_path: Path) -> None:
    usage = {"prompt_tokens": 8, "total_tokens": 8}
    line = reply("r1", object="list", model="text-embedding-3-small", usage=usage)
    (row,) = judged(jsonl(tmp_path / "output.jsonl", line))
    assert (row["operation_name"], row["usage_known"], row["usage_output_tokens"]) == ("embeddings", True, 0)


@pytest.mark.trap("openai_batch")
def test_a_batch_object_is_refused_because_it_holds_totals_only(tmp_path: Path) -> None:
    path = tmp_path / "batch.json"
    path.write_bytes((SAMPLES / "openapi_example_Batch.json").read_bytes())
    with pytest.raises(InputError, match="totals only"):
        prepared(path)


@pytest.mark.trap("openai_batch")
@pytest.mark.parametrize("first", ["output", "both"])
def test_an_output_counts_once_whether_its_input_comes_along_or_not(tmp_path: Path, first: str) -> None:
    output = jsonl(tmp_path / "output.jsonl", reply("a"), reply("b"))
    together = [output, jsonl(tmp_path / "input.jsonl", request("a"), request("b"))]
    for files in ([output], together) if first == "output" else (together, [output]):
        loaded(tmp_path / "usage.duckdb", *files)
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        assert warehouse.rows("select sum(request_count), sum(usage_input_tokens) from traffic_cells") == [(2, 200)]
