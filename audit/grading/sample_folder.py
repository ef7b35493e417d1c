"""What a sample folder holds for grading: its requests, the logged answers, and what each request asked for."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from audit.errors import InputError
from audit.grading.message import Answer, answer_of_message
from audit.grading.values import mapping
from audit.sampling.manifest import ANSWERS, REPLAYS, ROLES, Replay, read_replays


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A sample folder, read."""

    folder: Path
    replays: Mapping[str, Replay]
    logged: Mapping[str, Answer]
    """The incumbent's answers that the logs had, by sample id."""
    is_json: Mapping[str, bool]
    """Whether the request asked for JSON, for those that a batch input in the folder has."""
    file_hash: str


def read_sample(folder: Path) -> Sample:
    """The sample in `folder`; InputError names the file and line that cannot be read."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give the one that `audit sample` wrote")
    replays: dict[str, Replay] = {}
    for replay in read_replays(folder):
        if replays.setdefault(replay.sample_id, replay) is not replay:
            raise InputError(f"{folder / REPLAYS}: request {replay.sample_id!r} is in it twice; draw the sample again")
        if not 0 < replay.inclusion_probability <= 1:
            raise InputError(
                f"{folder / REPLAYS}: request {replay.sample_id!r} has inclusion_probability "
                f"{replay.inclusion_probability!r}; it has to be above 0 and at most 1"
            )
    logged: dict[str, Answer] = {}
    answers = folder / ANSWERS
    if answers.is_file():
        for place, line in _objects(answers):
            sample_id = str(line.get("sample_id"))
            if sample_id not in replays:
                raise InputError(f"{place}: request {sample_id!r} is not in {REPLAYS}; the two belong to one sample")
            logged[sample_id] = answer_of_message(line.get("message"), line.get("finish_reason"))
    digests = [path.read_bytes() for path in (folder / REPLAYS, answers) if path.is_file()]
    return Sample(
        folder=folder,
        replays=replays,
        logged=logged,
        is_json={sample_id: _wants_json(body) for sample_id, body in asked_bodies(folder)},
        file_hash=hashlib.sha256(b"\0".join(digests)).hexdigest(),
    )


def asked_bodies(folder: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    """What every batch input in the folder asks, by sample id; a request that two roles were asked comes twice."""
    for role in ROLES:
        for path in sorted(folder.glob(f"{role}-[0-9]*.jsonl")):
            for _, line in _objects(path):
                yield str(line.get("custom_id")).rpartition("-")[0], mapping(line.get("body"))


def _wants_json(body: Mapping[str, object]) -> bool:
    wanted = mapping(body.get("response_format")) or mapping(mapping(body.get("text")).get("format"))
    return wanted.get("type") in ("json_object", "json_schema")


def _objects(path: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            place = f"{path}, line {number:,}"
            try:
                line = cast("object", json.loads(text))
            except (ValueError, RecursionError) as error:
                raise InputError(f"{place}: not JSON ({error}); was the file cut off or edited?") from error
            if not isinstance(line, dict):
                raise InputError(f"{place}: not a JSON object; was the file cut off or edited?")
            yield place, cast("Mapping[str, object]", line)
