"""Sample folders and batch outputs as the tests need them: what a test does not care about is filled in."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from audit.sampling.manifest import Replay, Role, custom_id, write_replays

BIG, SMALL = "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"
CREATED = 1_772_600_000
"""2026-03-04."""
Json = dict[str, object]


def sample_id(number: int) -> str:
    """The id of the request with this number."""
    return f"{number:016x}"


def replay(number: int, **changes: object) -> Replay:
    """A sampled request of a log that had its answer, for the candidate only."""
    usual = Replay(
        sample_id=sample_id(number),
        request_id=f"chatcmpl-{number}",
        path="log.jsonl",
        record_number=number + 1,
        endpoint="triage",
        workload_id="w-1",
        stratum="s-1",
        incumbent_model=BIG,
        candidate_model=SMALL,
        inclusion_probability=0.5,
        template_hash=None,
        request_date="2026-03-02",
        incumbent_output_tokens=5,
        roles=("candidate",),
        has_logged_answer=True,
        unavailable=None,
    )
    return replace(usual, **changes)  # pyright: ignore[reportArgumentType]


def write_sample(
    folder: Path,
    replays: Sequence[Replay],
    answers: Mapping[int, Json] | None = None,
    body: Json | None = None,
) -> Path:
    """A sample folder with these requests, the incumbent's messages by number, and batch inputs of this body."""
    folder.mkdir(parents=True, exist_ok=True)
    write_replays(folder, replays)
    lines = [
        {"sample_id": sample_id(number), "finish_reason": "stop"} | line for number, line in (answers or {}).items()
    ]
    write_lines(folder / "answers.jsonl", lines)
    asked = [
        {
            "custom_id": custom_id(each.sample_id, role),
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": body or {},
        }
        for each in replays
        for role in each.roles
    ]
    write_lines(folder / "candidate-001.jsonl", asked)
    return folder


def said(text: str | None, **message: object) -> Json:
    """A line of answers.jsonl but for its id."""
    return {"message": {"role": "assistant", "content": text} | message}


def called(*calls: tuple[str, object]) -> Json:
    """Likewise, of an answer that calls tools."""
    return said(None, tool_calls=tool_calls(*calls))


def tool_calls(*calls: tuple[str, object]) -> list[Json]:
    """Calls in the shape of the Chat API; arguments that are no text are written as JSON."""
    return [
        {
            "id": "c",
            "type": "function",
            "function": {"name": name, "arguments": each if isinstance(each, str) else json.dumps(each)},
        }
        for name, each in calls
    ]


def reply(
    number: int,
    text: str | None = None,
    role: Role = "candidate",
    *,
    finish: str = "stop",
    created: int = CREATED,
    **message: object,
) -> Json:
    """One line of a batch output: a chat completion that says `text`."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text} | message}
    body: Json = {
        "id": f"chatcmpl-{number}-{role}",
        "object": "chat.completion",
        "created": created,
        "model": SMALL if role == "candidate" else BIG,
        "choices": [choice],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 0}},
    }
    return wrapped(number, 200, body, role)


def wrapped(number: int, status: int | None, body: object, role: Role = "candidate", error: object = None) -> Json:
    """One line of a batch output or error file around a body."""
    response = None if status is None else {"status_code": status, "request_id": "r", "body": body}
    return {
        "id": f"batch_req_{number}",
        "custom_id": custom_id(sample_id(number), role),
        "response": response,
        "error": error,
    }


def refused(number: int, status: int, code: str | None = None, role: Role = "candidate") -> Json:
    """A line about a request that was refused with an HTTP status."""
    return wrapped(number, status, {"error": {"message": "no", "type": "invalid_request_error", "code": code}}, role)


def write_lines(path: Path, lines: Iterable[object]) -> Path:
    """JSON lines; text stands for a line as it is."""
    path.write_text(
        "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), encoding="utf-8"
    )
    return path
