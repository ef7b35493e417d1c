"""Test helper: one Langfuse observation with everything a test does not care about filled in."""

from pathlib import Path

from exports import Row, write_jsonl
from staging import judged

OBSERVATION: Row = {
    "id": "obs-1",
    "traceId": "trace-1",
    "type": "GENERATION",
    "parentObservationId": None,
    "startTime": "2026-03-02T09:00:00.000Z",
    "endTime": "2026-03-02T09:00:02.000Z",
    "name": "answer",
    "model": "gpt-4o",
    "level": "DEFAULT",
}
TOKENS = ("input", "cache_read_input", "cache_creation_input", "output", "reasoning_output")


def observation(tmp_path: Path, **columns: object) -> Row:
    (row,) = judged(write_jsonl(tmp_path / "observations.jsonl", [OBSERVATION | columns]))
    return row


def tokens(row: Row) -> tuple[object, ...]:
    return tuple(row[f"usage_{name}_tokens"] for name in TOKENS)
