"""A sample folder: complete or not there, private, and made of what the Batch API accepts."""

import json
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from exports import generated_log, spend_log
from samples_of import BODY, calls, database, lines, replays, sampled, source

from audit.errors import AuditError, ConfigError
from audit.intake.loading import load
from audit.progress import Progress
from audit.sampling.batch import BatchRequest, write_batches
from audit.sampling.manifest import custom_id
from audit.sampling.plan import Ask
from audit.sampling.redact import Names
from audit.sampling.source import Found, Wanted, texts
from audit.warehouse import Warehouse

MINI = "gpt-4o-mini-2024-07-18"
TOOLS: dict[str, object] = {
    "messages": [
        {"role": "system", "content": "You are “the” clerk."},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function"}]},
    ],
    "tools": [{"type": "function", "function": {"name": "lookup", "parameters": {"type": "object"}}}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}},
    "seed": 7,
}


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two snapshots of the incumbent on two endpoints."""
    rows = [*calls("chat", 400), *calls("mail", 300, first=400, model="gpt-4o-2024-11-20")]
    return database(tmp_path_factory.mktemp("logged"), *rows)


def test_a_line_is_the_logged_request_for_the_candidate_and_nothing_else(logged: Path, tmp_path: Path) -> None:
    out = tmp_path / "sample"
    sampled(logged, out, ask=Ask(pairs=80), texts=source(body=TOOLS))
    found = lines(out / "candidate-001.jsonl")
    ids = {each.sample_id for each in replays(out)}
    assert {line["custom_id"] for line in found} == {custom_id(each, "candidate") for each in ids}
    for line in found:
        assert line.keys() == {"custom_id", "method", "url", "body"}
        assert (line["method"], line["url"]) == ("POST", "/v1/chat/completions")
        assert line["body"] == {"model": MINI, **TOOLS}


def test_the_incumbent_answers_only_what_the_log_does_not(logged: Path, tmp_path: Path) -> None:
    out = tmp_path / "sample"

    def is_even(sample_id: str) -> bool:
        return int(sample_id, 16) % 2 == 0

    document = sampled(logged, out, ask=Ask(pairs=100), texts=source(has_answer=is_even))
    asked = [line for path in out.glob("incumbent-*.jsonl") for line in lines(path)]
    known = {str(record["sample_id"]) for record in lines(out / "answers.jsonl")}
    assert {str(line["custom_id"]).split("-")[0] for line in asked} | known == {e.sample_id for e in replays(out)}
    assert known == {each.sample_id for each in replays(out) if is_even(each.sample_id)}
    for each in replays(out):
        assert each.has_logged_answer == is_even(each.sample_id)
        assert each.roles == (("candidate",) if each.has_logged_answer else ("candidate", "incumbent"))
    assert document["costs"]["incumbent"] > document["costs"]["candidate"] > 0


def test_a_file_asks_one_model(logged: Path, tmp_path: Path) -> None:
    out = tmp_path / "sample"
    document = sampled(logged, out, ask=Ask(pairs=100), texts=source(has_answer=lambda _: False))
    files = {str(file["name"]): file for file in document["files"]}
    assert [file["model"] for name, file in files.items() if name.startswith("incumbent")] == [
        "gpt-4o-2024-08-06",
        "gpt-4o-2024-11-20",
    ]
    for name, file in files.items():
        found = lines(out / name)
        assert {cast("dict[str, object]", line["body"])["model"] for line in found} == {file["model"]}
        assert len(found) == file["requests"]
        assert (out / name).stat().st_size == file["bytes"]


def test_a_file_ends_before_a_limit_of_the_batch_api(tmp_path: Path) -> None:
    requests = [
        BatchRequest(sample_id=f"{n:016x}", model=model, body=BODY, input_tokens=10)
        for model in ("a", "b")
        for n in range(25)
    ]
    by_count = write_batches(tmp_path, "candidate", requests, most_requests=10)
    assert [(file.model, file.requests) for file in by_count] == [
        ("a", 10), ("a", 10), ("a", 5), ("b", 10), ("b", 10), ("b", 5)
    ]  # fmt: skip
    assert [file.name for file in by_count[:2]] == ["candidate-001.jsonl", "candidate-002.jsonl"]
    line = len((tmp_path / "candidate-001.jsonl").read_bytes()) // 10
    by_size = write_batches(tmp_path, "again", requests, most_bytes=line * 4 + 1)
    assert max(file.requests for file in by_size) == 4
    assert sum(file.requests for file in by_size) == 50
    assert all((tmp_path / file.name).stat().st_size == file.bytes <= line * 4 + 1 for file in by_size)


@pytest.mark.parametrize(("ask", "count"), [(Ask(pairs=90, again_count=20), 20), (Ask(pairs=90, again_share=0.5), 45)])
def test_the_incumbent_answers_again_as_often_as_asked(logged: Path, tmp_path: Path, ask: Ask, count: int) -> None:
    document = sampled(logged, tmp_path / "sample", ask=ask)
    again = [each for each in replays(tmp_path / "sample") if "again" in each.roles]
    assert len(again) == count
    assert {each.endpoint for each in again} == {"chat", "mail"}
    assert document["costs"]["again"] > 0
    assert document["costs"]["incumbent"] == 0


def test_what_cannot_be_read_again_is_listed_by_id_for_another_harness(logged: Path, tmp_path: Path) -> None:
    out = tmp_path / "sample"
    document = sampled(
        logged, out, ask=Ask(pairs=60), texts=source(has_text=lambda sample_id: int(sample_id, 16) % 3 > 0)
    )
    missing = [each for each in replays(out) if each.unavailable]
    assert document["texts"] == {
        "available": 60 - len(missing), "unavailable": len(missing), "logged_answers": 60 - len(missing)
    }  # fmt: skip
    assert all(not each.roles for each in missing)
    rows = (out / "unavailable.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "sample_id,weight,request_id,endpoint,path,record_number,reason"
    assert {tuple(row.split(",")[:3]) for row in rows[1:]} == {
        (each.sample_id, str(each.weight), each.request_id) for each in missing
    }
    assert rows[1].endswith("the export holds no messages")


def test_without_any_text_there_is_a_list_and_no_batch_file(logged: Path, tmp_path: Path) -> None:
    document = sampled(logged, tmp_path / "sample", ask=Ask(pairs=60), texts=source(has_text=lambda _: False))
    assert document["files"] == []
    assert sorted(path.name for path in (tmp_path / "sample").iterdir()) == [
        "answers.jsonl", "manifest.json", "replays.jsonl", "unavailable.csv"
    ]  # fmt: skip


def test_nobody_else_can_read_the_prompts(logged: Path, tmp_path: Path) -> None:
    sampled(logged, tmp_path / "sample", ask=Ask(pairs=60))
    assert stat.S_IMODE((tmp_path / "sample").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "sample").iterdir()} == {0o600}


def test_the_manifest_is_the_document(logged: Path, tmp_path: Path) -> None:
    document = sampled(logged, tmp_path / "sample", ask=Ask(pairs=60, again_share=0.1), seed=5)
    assert json.loads((tmp_path / "sample" / "manifest.json").read_text(encoding="utf-8")) == document
    assert (document["seed"], document["created"], document["pair"]["candidate"]) == (5, "2026-09-30", MINI)
    rates = {
        (row["workload_id"], part["stratum"]): part["inclusion_probability"]
        for row in document["workloads"]
        for part in row["strata"]
    }
    for each in replays(tmp_path / "sample"):
        assert each.inclusion_probability == rates[each.workload_id, each.stratum]


def test_a_folder_with_something_in_it_is_refused_before_any_work(logged: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ConfigError, match="is not an empty folder"):
        sampled(logged, tmp_path, ask=Ask(pairs=60))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_sample_that_breaks_off_leaves_nothing(logged: Path, tmp_path: Path) -> None:
    def breaking(_: Warehouse, wanted: Sequence[Wanted], _progress: Progress) -> Iterator[Found]:
        yield Found(sample_id=wanted[0].sample_id, body=BODY, answer=None, unavailable=None)
        raise AuditError("the bucket is gone")

    with pytest.raises(AuditError, match="the bucket is gone"):
        sampled(logged, tmp_path / "sample", ask=Ask(pairs=60), texts=breaking)
    assert list(tmp_path.iterdir()) == []


def test_the_texts_are_asked_for_in_the_order_of_the_export(logged: Path, tmp_path: Path) -> None:
    asked: list[tuple[int, int]] = []

    def noting(warehouse: Warehouse, wanted: Sequence[Wanted], progress: Progress) -> Iterator[Found]:
        asked.extend((each.file_id, each.record_number) for each in wanted)
        assert all(f"{each.request_key:016x}" == each.sample_id for each in wanted)
        yield from source()(warehouse, wanted, progress)

    sampled(logged, tmp_path / "sample", ask=Ask(pairs=60), texts=noting)
    assert asked == sorted(asked)
    assert len(set(asked)) == 60


def test_a_lone_surrogate_in_a_prompt_survives(tmp_path: Path) -> None:
    db = database(tmp_path, *[spend_log(n) for n in range(40)])
    body: dict[str, object] = {"messages": [{"role": "user", "content": "broken \ud83d emoji"}]}
    sampled(db, tmp_path / "sample", texts=source(body=body))
    (line, *_) = lines(tmp_path / "sample" / "candidate-001.jsonl")
    assert line["body"] == {"model": MINI, **body}


def test_what_a_log_says_is_what_the_batch_asks_and_the_answers_hold(tmp_path: Path) -> None:
    generated_log(tmp_path / "log.jsonl", "openai", rows=3_000, bad=30)
    load([str(tmp_path / "log.jsonl")], tmp_path / "usage.duckdb")
    out = tmp_path / "sample"
    document = sampled(tmp_path / "usage.duckdb", out, ask=Ask(pairs=400), texts=texts)
    assert document["texts"] == {"available": 400, "unavailable": 0, "logged_answers": 400}
    records = [line for line in (tmp_path / "log.jsonl").read_bytes().split(b"\n") if line.strip()]
    by_id = {each.sample_id: json.loads(records[each.record_number - 1]) for each in replays(out)}
    for line in lines(out / "candidate-001.jsonl"):
        logged = by_id[str(line["custom_id"]).split("-")[0]]["request"]
        body = cast("dict[str, object]", line["body"])
        asked = {name: value for name, value in logged.items() if name in ("messages", "tools", "response_format")}
        assert asked == {name: body[name] for name in asked}
        assert body["model"] == MINI
    for answer in lines(out / "answers.jsonl"):
        (choice,) = by_id[str(answer["sample_id"])]["response"]["choices"]
        assert cast("dict[str, object]", answer["message"])["content"] == choice["message"]["content"]


class Hiding:
    """Replaces every text by a placeholder."""

    def redact(self, value: dict[str, object], names: Names | None = None) -> dict[str, object]:
        assert names is not None
        return json.loads(json.dumps(value, ensure_ascii=False).replace("drei", names.placeholder("WORD", "drei")))


def test_a_redactor_sees_every_text_before_it_is_written(logged: Path, tmp_path: Path) -> None:
    document = sampled(logged, tmp_path / "sample", ask=Ask(pairs=60), redactor=Hiding())
    assert document["is_redacted"]
    written = (tmp_path / "sample" / "candidate-001.jsonl").read_text(encoding="utf-8")
    assert written.count("Zähle bis <WORD_1>") == 60
    assert "drei" not in written
    for each in replays(tmp_path / "sample"):
        assert each.unavailable is None


def test_parameters_that_batch_has_no_word_for_are_counted(logged: Path, tmp_path: Path) -> None:
    def read(warehouse: Warehouse, wanted: Sequence[Wanted], progress: Progress) -> Iterator[Found]:
        for each in source()(warehouse, wanted, progress):
            yield replace(each, dropped=("top_k",))

    assert sampled(logged, tmp_path / "sample", ask=Ask(pairs=60), texts=read)["dropped"] == {"top_k": 60}
