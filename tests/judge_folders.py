"""A database with logged requests, a sample folder on them, and judges that answer a batch as a test wants."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import cast

from exports import spend_log, write_jsonl

from audit.intake.loading import load
from audit.sampling.manifest import Replay, custom_id, write_replays
from audit.warehouse import Warehouse

BIG, SMALL, JUDGE = "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18", "gpt-4.1-2025-04-14"
ANSWERED_AT = 1_790_000_000
"""A moment of 21 September 2026."""

Text = Callable[[int], str]
Opinion = Callable[[str, str], Mapping[str, object]]
"""What a judge says of the texts it is shown as A and B."""


def database(folder: Path, requests: int) -> tuple[Path, list[str]]:
    """A database of `requests` logged calls, and their sample ids."""
    rows = [spend_log(number, model=BIG, request_tags=json.dumps(["chat"])) for number in range(requests)]
    db = folder / "usage.duckdb"
    load([str(write_jsonl(folder / "log.jsonl", rows))], db)
    with Warehouse.read(db) as warehouse:
        keys = warehouse.rows("select format('{:016x}', request_key) from request_facts order by request_key")
    return db, [str(key) for (key,) in keys]


def sample_folder(folder: Path, ids: list[str], incumbent: Text, candidate: Text, probability: float = 0.5) -> Path:
    """A sample folder of these requests and, in it, `out.jsonl` with the candidate's replies."""
    folder.mkdir()
    write_replays(folder, [_replay(sample_id, probability) for sample_id in ids])
    lines: list[dict[str, object]] = [
        {
            "sample_id": sample_id,
            "message": {"role": "assistant", "content": incumbent(number)},
            "finish_reason": "stop",
        }
        for number, sample_id in enumerate(ids)
    ]
    write_jsonl(folder / "answers.jsonl", lines)
    asked: list[dict[str, object]] = [
        {
            "custom_id": custom_id(sample_id, "candidate"),
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": SMALL, "messages": [{"role": "user", "content": f"question {number}"}]},
        }
        for number, sample_id in enumerate(ids)
    ]
    write_jsonl(folder / "candidate-001.jsonl", asked)
    replies = [
        reply(custom_id(sample_id, "candidate"), candidate(number), SMALL, 120, 40)
        for number, sample_id in enumerate(ids)
    ]
    write_jsonl(folder / "out.jsonl", replies)
    return folder


def _replay(sample_id: str, probability: float) -> Replay:
    return Replay(
        sample_id=sample_id,
        request_id=None,
        path="log.jsonl",
        record_number=1,
        endpoint="chat",
        workload_id="w",
        stratum="all",
        incumbent_model=BIG,
        candidate_model=SMALL,
        inclusion_probability=probability,
        template_hash=None,
        request_date="2026-09-01",
        incumbent_output_tokens=50,
        roles=("candidate",),
        has_logged_answer=True,
        unavailable=None,
    )


def reply(line_id: str, text: str, model: str, tokens_in: int, tokens_out: int) -> dict[str, object]:
    """One line of a batch's output."""
    body = {
        "model": model,
        "created": ANSWERED_AT,
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out},
    }
    return {"id": line_id, "custom_id": line_id, "response": {"status_code": 200, "body": body}, "error": None}


def requests_of(folder: Path) -> list[dict[str, object]]:
    """All lines of a judge's batch files."""
    files = sorted(folder.glob("judge-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def shown_to(request: Mapping[str, object]) -> dict[str, str]:
    """What the judge reads: conversation, answer_A and answer_B."""
    body = cast("dict[str, list[dict[str, str]]]", request["body"])
    return cast("dict[str, str]", json.loads(body["messages"][1]["content"]))


def judge_with(folder: Path, opinion: Opinion, requests: Iterable[Mapping[str, object]] | None = None) -> Path:
    """The output of a judge of this opinion."""
    lines: list[dict[str, object]] = []
    for request in requests_of(folder) if requests is None else requests:
        shown = shown_to(request)
        said = opinion(shown["answer_A"], shown["answer_B"])
        text = str(said["text"]) if "text" in said else json.dumps(said)
        lines.append(reply(str(request["custom_id"]), text, JUDGE, 1000, 20))
    return write_jsonl(folder / "verdicts.jsonl", lines)


def verdict(winner: str, first: int = 5, second: int = 5) -> dict[str, object]:
    return {"verdict": winner, "score_A": first, "score_B": second}


def prefers(word: str) -> Opinion:
    """A judge that prefers the answer with `word` in it, whichever place it has."""

    def say(first: str, second: str) -> Mapping[str, object]:
        if (word in first) == (word in second):
            return verdict("tie")
        return verdict("A", 8, 3) if word in first else verdict("B", 3, 8)

    return say
