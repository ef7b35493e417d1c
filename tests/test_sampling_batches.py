"""The requests of batches: found in the input of their own batch, however often applications use the same ids."""

import json
from pathlib import Path
from typing import cast

import round_trip_known as known
from exports import Row, write_jsonl
from said import CALL, asked, reply

from audit.intake.loading import load

CHAT = known.reply(CALL)


def request(custom_id: str, said: str) -> Row:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": said}]}
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}


def result(custom_id: str, number: int) -> Row:
    body = reply(CHAT) | {"id": f"chatcmpl-{number}", "created": CALL.epoch(CALL.start) + number}
    return {
        "id": f"req-{number}",
        "custom_id": custom_id,
        "response": {"status_code": 200, "body": body},
        "error": None,
    }


def batch(folder: Path, name: str, said: list[str], first: int = 0) -> list[str]:
    """Input and output of a batch with the ids 0, 1, ..., the output in another order."""
    sent = [request(str(number), text) for number, text in enumerate(said)]
    results = [result(str(number), first + number) for number in range(len(said))]
    paths = [write_jsonl(folder / f"{name}_in.jsonl", sent), write_jsonl(folder / f"{name}_out.jsonl", results[::-1])]
    return [str(path) for path in paths]


def prompts(db: Path) -> list[str]:
    return [
        str(cast("list[Row]", each.body["messages"])[0]["content"]) if each.body is not None else str(each.unavailable)
        for each in asked(db)
    ]


def test_the_requests_of_a_batch_are_found_by_id(tmp_path: Path) -> None:
    load(batch(tmp_path, "a", ["x", "y", "z"]), tmp_path / "usage.duckdb")
    assert prompts(tmp_path / "usage.duckdb") == ["z", "y", "x"]


def test_batches_that_use_the_same_ids_keep_their_own_requests(tmp_path: Path) -> None:
    files = batch(tmp_path, "a", ["a0", "a1"]) + batch(tmp_path, "b", ["b0", "b1", "b2", "b3", "b4"], first=10)
    load(files, tmp_path / "usage.duckdb")
    assert sorted(prompts(tmp_path / "usage.duckdb")) == ["a0", "a1", "b0", "b1", "b2", "b3", "b4"]


def test_an_output_without_its_input_has_answers_and_no_requests(tmp_path: Path) -> None:
    _, output = batch(tmp_path, "a", ["x"])
    load([output], tmp_path / "usage.duckdb")
    assert prompts(tmp_path / "usage.duckdb") == ["the input file of its batch was not loaded with it"]


def test_an_input_that_was_edited_or_lost_since_is_not_believed(tmp_path: Path) -> None:
    files = batch(tmp_path, "a", ["x", "y"])
    load(files, tmp_path / "usage.duckdb")
    path = Path(files[0])
    path.write_text(path.read_text().replace('"x"', '"w"'))
    assert prompts(tmp_path / "usage.duckdb") == ["y", "the file has changed since it was loaded"]
    path.unlink()
    assert prompts(tmp_path / "usage.duckdb") == ["the file has changed since it was loaded"] * 2


def test_requests_that_differ_only_in_what_no_hash_covers_are_not_guessed(tmp_path: Path) -> None:
    sent = request("0", "x")
    other = json.loads(json.dumps(sent))
    other["body"]["temperature"] = 0.9
    paths = [
        write_jsonl(tmp_path / "in1.jsonl", [sent]),
        write_jsonl(tmp_path / "in2.jsonl", [other]),
        write_jsonl(tmp_path / "out.jsonl", [result("0", 0)]),
    ]
    load([str(path) for path in paths], tmp_path / "usage.duckdb")
    assert prompts(tmp_path / "usage.duckdb") == ["several input files of its load ask differently under its id"]
