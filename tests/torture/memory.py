"""Memory does not grow with the file: many rows, one endless line, deep nesting, nothing but broken lines."""

import argparse
import json
import tempfile
import time
from itertools import product
from pathlib import Path

from exports import generated_log, spend_log, spend_logs, write_jsonl
from processes import Done

from torture.common import load, plain_error, rows_of, say

DEEP = 100_000
ALLOWED = "400MB"
"""DuckDB fills what it is allowed before it spills: without a narrow limit a small file would never reach it."""
MOST_GROWTH = 1.3
MOST_MB = 2600
"""For a line of 200 MB: DuckDB's 2 GB and what Python holds beside it."""


def flat(folder: Path, few: int, many: int) -> dict[str, float]:
    """Peak MB of loads of `few` and of `many` rows; AssertionError where it grows by 30 % or more."""
    figures: dict[str, float] = {}
    for rows in (few, many):
        path = folder / f"{rows}.jsonl"
        generated_log(path, "litellm", rows=rows, bad=30)
        done = load(folder / f"{rows}.duckdb", path, environment={"AUDIT_MEMORY_LIMIT": ALLOWED})
        assert rows_of(done)["read"] >= rows
        figures |= {f"{rows}_rows_mb": round(done.peak_mb), f"{rows}_rows_seconds": round(done.seconds, 1)}
        path.unlink()
    growth = figures[f"{many}_rows_mb"] / figures[f"{few}_rows_mb"]
    assert growth < MOST_GROWTH, f"{many} rows take {growth:.2f} times the memory of {few}: {figures}"
    return figures | {"growth": round(growth, 2)}


def endless_line(folder: Path, megabytes: int) -> dict[str, float]:
    """Load a line of that length between others, which are all loaded; the same broken off is rejected alone."""
    rows = spend_logs(2000)
    text = "x" * (megabytes * 1_000_000)
    whole = json.dumps(spend_log(5000, messages=text))
    done = load(folder / "long.duckdb", write_jsonl(folder / "long.jsonl", [*rows[:1000], whole, *rows[1000:]]))
    _whole(done, {"read": 2001, "loaded": 2001})
    broken = load(folder / "broken.duckdb", write_jsonl(folder / "broken.jsonl", [*rows, whole[:-100], rows[0]]))
    _whole(broken, {"read": 2002, "loaded": 2000, "rejected": 1})
    peak = max(done.peak_mb, broken.peak_mb)
    assert peak < MOST_MB, f"{peak:.0f} MB"
    return {"line_mb": megabytes, "seconds": round(done.seconds, 1), "peak_mb": round(peak)}


def deep(folder: Path) -> dict[str, float]:
    """Load lines and documents nested DEEP levels: each is loaded, rejected alone, or refused by name."""
    array, thing = "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP
    values = (array, thing)
    lines = [array, thing]
    for number, (key, value) in enumerate(product(("metadata", "messages", "other"), values)):
        kept = {name: each for name, each in spend_log(100 + number).items() if name != key}
        lines.append(json.dumps(kept)[:-1] + f', "{key}": {value}}}')
    rows = [json.dumps(row) for row in spend_logs(50)]
    mixed = [line for pair in zip(rows, lines, strict=False) for line in pair] + rows[len(lines) :]
    done = load(folder / "deep.duckdb", write_jsonl(folder / "deep.jsonl", mixed))
    counts = rows_of(done)
    assert counts["read"] == len(mixed)
    assert counts["rejected"] <= len(lines), counts
    for number, document in enumerate((array, f'{{"data": [{rows[0]}, {lines[2]}]}}', f"[{rows[0]},\n{thing}]")):
        path = folder / f"deep{number}.json"
        path.write_text(document)
        message = plain_error(load(folder / "deep.duckdb", path))
        assert str(path) in message, message
    return {"lines": len(lines), "loaded": counts["loaded"] - 50, "rejected": counts["rejected"]}


def rejects(folder: Path, bad: int) -> dict[str, float]:
    """Seconds and peak MB of a load of which all but every sixth line is broken."""
    path = folder / "rejects.jsonl"
    with path.open("w") as out:
        for number in range(bad * 6 // 5):
            line = json.dumps(spend_log(number)) if number % 6 == 0 else f'{{"oops": {number}'
            out.write(line + "\n")
    done = load(folder / "rejects.duckdb", path)
    assert rows_of(done)["rejected"] == bad
    return {"rejects": bad, "seconds": round(done.seconds, 1), "peak_mb": round(done.peak_mb)}


def _whole(done: Done, expected: dict[str, int]) -> None:
    found = rows_of(done)
    assert {name: found[name] for name in expected} == expected, (found, done.error)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=2_000_000)
    parser.add_argument("--many", type=int, default=6_000_000)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rejects", type=int, default=1_000_000)
    given = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        say("deep nesting", deep(root))
        say("an endless line", endless_line(root, given.megabytes))
        say("flat memory", flat(root, given.few, given.many))
        say("many rejects", rejects(root, given.rejects))
