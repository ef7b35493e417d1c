"""Rows of exports with everything a test does not care about filled in, and the files that hold them."""

import csv
import gzip
import io
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import make_log

Row = dict[str, object]
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday well inside the catalogue: no price of the models used here changes in that month."""
MIDNIGHT = START.replace(hour=0)


def spend_log(
    number: int = 0,
    *,
    tokens_in: int = 1000,
    tokens_out: int = 100,
    cached: int = 0,
    written: int = 0,
    reasoning: int = 0,
    tier: str | None = None,
    tag: str = "chat",
    start: datetime | None = None,
    **columns: object,
) -> Row:
    """One LiteLLM SpendLogs row: call `number`, so many seconds after START; `columns` replaces what it names."""
    begun = start or START + timedelta(seconds=number)
    usage: Row = {
        "prompt_tokens_details": {"cached_tokens": cached, "cache_creation_tokens": written},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }
    if tier is not None:
        usage["service_tier"] = tier
    row: Row = {
        "request_id": f"chatcmpl-{number}",
        "call_type": "acompletion",
        "startTime": begun.strftime("%Y-%m-%d %H:%M:%S.%f+00:00"),
        "endTime": (begun + timedelta(seconds=2)).strftime("%Y-%m-%d %H:%M:%S.%f+00:00"),
        "model": "gpt-4o-2024-08-06",
        "model_group": "",
        "custom_llm_provider": "openai",
        "prompt_tokens": tokens_in,
        "completion_tokens": tokens_out,
        "spend": 0.0,
        "cache_hit": "None",
        "request_tags": json.dumps([tag]),
        "status": "success",
        "metadata": json.dumps({"usage_object": usage}),
    }
    return row | columns


def spend_logs(count: int, **columns: object) -> list[Row]:
    """`count` calls that differ in their id, their time and a little in their tokens."""
    rows = [
        spend_log(number, tokens_in=200 + 37 * (number % 29), tokens_out=5 + number % 17) for number in range(count)
    ]
    return [row | columns for row in rows]


def bucket(
    *,
    requests: float = 10,
    tokens_in: float = 10_000,
    tokens_out: float = 1_000,
    cached: float = 0,
    start: datetime = MIDNIGHT,
    seconds: int = 86_400,
    **columns: object,
) -> Row:
    """One row of the CSV that OpenAI's usage dashboard exports."""
    end = start + timedelta(seconds=seconds)
    row: Row = {
        "start_time": int(start.timestamp()),
        "end_time": int(end.timestamp()),
        "start_time_iso": start.isoformat(),
        "end_time_iso": end.isoformat(),
        "project_id": "proj_a",
        "num_model_requests": float(requests),
        "user_id": "",
        "api_key_id": "key_1",
        "model": "gpt-4o-2024-08-06",
        "batch": "False",
        "service_tier": "default",
        "input_tokens": float(tokens_in),
        "output_tokens": float(tokens_out),
        "input_cached_tokens": float(cached),
    }
    return row | columns


def write_jsonl(path: Path, rows: Iterable[Row | str | bytes], *, newline: bytes = b"\n") -> Path:
    """Rows as JSON lines; text and bytes stand for lines as they are. A name ending in .gz is packed."""
    lines = [
        row if isinstance(row, bytes) else (row if isinstance(row, str) else json.dumps(row)).encode() for row in rows
    ]
    content = b"".join(line + newline for line in lines)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def write_csv(path: Path, rows: Sequence[Row]) -> Path:
    """Rows as a CSV with a header, named by the first of them."""
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_prices(path: Path, *lines: Mapping[str, object]) -> Path:
    """A prices.csv; what a line leaves out is empty there."""
    columns = [
        "provider_name",
        "model",
        "service_tier",
        "token_class",
        "length_band",
        "valid_from",
        "valid_to",
        "usd_per_million",
        "source",
    ]
    return write_csv(path, [{name: line.get(name, "") for name in columns} for line in lines])


def generated_log(path: Path, log_format: str, *, rows: int, bad: int = 0) -> dict[str, Any]:
    """Write a log by make_log, and return its answers: counts, sums, dollars, and the numbers of bad lines by kind."""
    truth = path.with_name(path.name + ".truth.json")
    arguments = {"rows": rows, "format": log_format, "bad": bad, "seed": 7, "out": path, "truth": truth}
    command = ["make_log", *(part for name, each in arguments.items() for part in (f"--{name}", str(each)))]
    with patch.object(sys, "argv", command), redirect_stdout(io.StringIO()):
        assert make_log.main() == 0
    return json.loads(truth.read_text())
