"""Files that a batch returned -> one reply per line, in what state each is.

The lines of output and error files of the OpenAI Batch API, which Azure and LiteLLM write in the same shape:
{"id", "custom_id", "response": {"status_code", "body"}, "error": {"code", "message"}}.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

from audit.errors import InputError
from audit.grading.message import Answer, answer_of_body
from audit.grading.values import mapping
from audit.sampling.manifest import ROLES, Role

NEVER_ASKED = frozenset({401, 403, 404, 408, 409, 425, 429})
"""Statuses that say nothing about a model: the request did not reach one, or found it busy. So does 500 and above."""

NOT_THE_MODELS_FAULT = frozenset(
    {"billing_hard_limit_reached", "insufficient_quota", "invalid_api_key", "model_not_found", "deploymentnotfound",
     "rate_limit_exceeded", "token_limit_exceeded", "batch_expired", "batch_cancelled"}
)  # fmt: skip
"""Codes of errors that are the same, whatever status they come with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that the provider counted, as it counts them: input includes cache reads, output includes reasoning."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One line; `answer` is None where the request has to be replayed, with the reason in `unanswered`."""

    sample_id: str
    role: Role
    place: str
    answer: Answer | None = None
    unanswered: str = ""
    model: str | None = None
    usage: Usage | None = None
    created: float = 0.0
    """Seconds since 1970; 0 where the line does not say."""
    digest: str = ""

    @property
    def observed_on(self) -> date | None:
        """UTC day of the answer."""
        return datetime.fromtimestamp(self.created, UTC).date() if self.created else None

    @property
    def rank(self) -> tuple[bool, float, str]:
        """The highest of several lines about one request counts: an answer, the newest; never the order of files."""
        return (self.answer is not None, self.created, self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """The replies that count, and what became of every line."""

    chosen: Mapping[tuple[str, Role], Reply]
    read: int
    set_aside: Mapping[str, int]
    """Lines that are no reply to the sample: duplicate, unknown, unreadable."""
    examples: Sequence[str]
    """Where the first of those are, in words."""
    file_hash: str


def read_replies(paths: Sequence[Path], sample_ids: Collection[str], roles: Sequence[Role] = ROLES) -> Replies:
    """The replies in `paths` to the requests of a sample; InputError when a file is no output of a batch at all."""
    chosen: dict[tuple[str, Role], Reply] = {}
    set_aside: Counter[str] = Counter()
    examples: dict[str, str] = {}
    read = 0
    digests: set[str] = set()
    for path in paths:
        digest, lines = _lines(path)
        if digest in digests:
            raise InputError(f"{path}: its content is given twice in this call; name every file once")
        digests.add(digest)
        for place, line in lines:
            read += 1
            reply = _reply(place, line, sample_ids, roles)
            if isinstance(reply, str):
                kind, _, what = reply.partition(": ")
                set_aside[kind] += 1
                examples.setdefault(kind, f"{place}: {what}")
                continue
            key = (reply.sample_id, reply.role)
            other = chosen.get(key)
            if other is None or reply.rank > other.rank:
                chosen[key] = reply
            set_aside["duplicate"] += other is not None
    return Replies(
        chosen=chosen,
        read=read,
        set_aside=+set_aside,
        examples=tuple(examples.values()),
        file_hash=hashlib.sha256("".join(sorted(digests)).encode()).hexdigest(),
    )


def _lines(path: Path) -> tuple[str, list[tuple[str, object]]]:
    """The SHA-256 of a file and its lines as JSON, None where one is not."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    found = [
        (f"{path.name}, line {number:,}", _json(line))
        for number, line in enumerate(content.split(b"\n"), 1)
        if line.strip()
    ]
    if not any(isinstance(line, dict) and "custom_id" in line for _, line in found):
        raise InputError(
            f"{path}: no line has a custom_id; give the output and error files of a batch (JSONL), or a "
            "table of scores without --sample"
        )
    return hashlib.sha256(content).hexdigest(), found


def _json(line: bytes) -> object:
    try:
        return cast("object", json.loads(line))
    except (ValueError, RecursionError):
        return None


def _reply(place: str, line: object, sample_ids: Collection[str], roles: Sequence[Role]) -> Reply | str:
    """The reply on a line, or 'KIND: what is wrong' of a line that is none."""
    if not isinstance(line, dict):
        return "unreadable: not a JSON object"
    record = cast("dict[str, object]", line)
    custom_id = str(record.get("custom_id"))
    role: Role | None = next((role for role in roles if custom_id.endswith(f"-{role}")), None)
    sample_id = custom_id.removesuffix(f"-{role}")
    if role is None or sample_id not in sample_ids:
        return f"unknown: custom_id {custom_id[:80]!r} is not of this sample"
    if "response" not in record and "error" not in record:
        return "unreadable: neither a response nor an error; is it the input of a batch?"
    response, error = (mapping(record.get(name)) for name in ("response", "error"))
    body = mapping(response.get("body"))
    unanswered, failure = _fate(response, error, body)
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
    answer = None
    if not unanswered:
        answer = Answer(failure=failure) if failure else answer_of_body(body)
    return Reply(
        sample_id=sample_id,
        role=role,
        place=place,
        answer=answer,
        unanswered=unanswered,
        model=str(body["model"]) if isinstance(body.get("model"), str) and body["model"] else None,
        usage=_usage(mapping(body.get("usage"))) if body.get("usage") else None,
        created=_seconds(body),
        digest=digest,
    )


def _fate(response: Mapping[str, object], error: Mapping[str, object], body: Mapping[str, object]) -> tuple[str, str]:
    """('why it has to be asked again', ''), ('', 'why there is no answer'), or both empty."""
    details = mapping(body.get("error")) or error
    code = str(details.get("code") or details.get("type") or "").lower()
    status = str(response.get("status_code") or "")
    if code in NOT_THE_MODELS_FAULT or not response:
        return code or "no response", ""
    if not status.isdigit():
        return "no status", ""
    number = int(status)
    if number in NEVER_ASKED or number >= 500:
        return f"HTTP {number}", ""
    if number >= 400:
        return "", "content filter" if "content_filter" in code else f"HTTP {number}{f' {code}' if code else ''}"
    return (code or "error", "") if details else ("", "")


def _seconds(body: Mapping[str, object]) -> float:
    created = body.get("created") or body.get("created_at")
    is_time = isinstance(created, int | float) and 0 < created < 4e9
    return float(cast("float", created)) if is_time else 0.0


def _usage(usage: Mapping[str, object]) -> Usage:
    details = mapping(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"))
    return Usage(
        input_tokens=_count(usage.get("prompt_tokens", usage.get("input_tokens"))),
        cached_tokens=_count(details.get("cached_tokens")),
        output_tokens=_count(usage.get("completion_tokens", usage.get("output_tokens"))),
    )


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e7 else 0


def answered(replies: Mapping[tuple[str, Role], Reply], role: Role) -> Iterator[Reply]:
    """The replies of one role, by id of the request."""
    return (reply for (_, who), reply in sorted(replies.items()) if who == role)
