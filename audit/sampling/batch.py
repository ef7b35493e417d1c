"""Inputs of the OpenAI Batch API: one request per line, one model per file, within the limits of a file.

https://platform.openai.com/docs/guides/batch: at most 50,000 requests and 200 MB each, all of them for one model.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from audit.sampling.folder import json_line, open_private
from audit.sampling.manifest import Role, custom_id

URL = "/v1/chat/completions"
MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000
"""200 MB, read the stricter way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest:
    """One request for one model."""

    sample_id: str
    model: str
    body: dict[str, object]
    input_tokens: int
    """As logged."""


@dataclass(slots=True, kw_only=True)
class BatchFile:
    """A file that was written."""

    name: str
    role: Role
    model: str
    requests: int = 0
    bytes: int = 0
    input_tokens: int = 0
    """As logged; providers limit how many may be queued per model."""


def write_batches(
    folder: Path,
    role: Role,
    requests: Iterable[BatchRequest],
    *,
    most_requests: int = MOST_REQUESTS,
    most_bytes: int = MOST_BYTES,
) -> list[BatchFile]:
    """`<role>-001.jsonl` and so on; the requests have to come ordered by model."""
    files: list[BatchFile] = []
    for model, group in groupby(requests, key=lambda request: request.model):
        lines = ((request, json_line(batch_line(request, role))) for request in group)
        pending = next(lines, None)
        while pending is not None:
            file = BatchFile(name=f"{role}-{len(files) + 1:03}.jsonl", role=role, model=model)
            files.append(file)
            with open_private(folder / file.name) as out:
                while pending is not None:
                    request, line = pending
                    is_full = file.requests == most_requests or file.bytes + len(line) > most_bytes
                    if is_full and file.requests:
                        break
                    out.write(line)
                    file.requests += 1
                    file.bytes += len(line)
                    file.input_tokens += request.input_tokens
                    pending = next(lines, None)
    return files


def batch_line(request: BatchRequest, role: Role) -> dict[str, object]:
    """One line of a batch file: the logged body, for the model of the role."""
    body = {"model": request.model} | {name: value for name, value in request.body.items() if name != "model"}
    return {"custom_id": custom_id(request.sample_id, role), "method": "POST", "url": URL, "body": body}
