"""Files that are written while they are read: what was there is loaded, the rest with the next load."""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from exports import spend_log

from torture.common import digest, load, plain_error, rows_of, say


def run(rows: int, loads: int) -> dict[str, int]:
    """Figures of loads of a log that grows; AssertionError where a record was lost or came twice."""
    figures = {"loads": 0, "rows": 0, "changed": 0}
    with tempfile.TemporaryDirectory() as name:
        log, db = Path(name) / "live.jsonl", Path(name) / "usage.duckdb"
        log.write_bytes(b"".join(map(_line, range(rows))))
        written = rows
        for _ in range(loads):
            stop = threading.Event()
            grown: list[int] = []
            writer = threading.Thread(target=_append, args=(log, written, stop, grown.append))
            writer.start()
            done = load(db, log)
            stop.set()
            writer.join()
            written = grown[-1]
            assert done.code == 0, done.error
            counts = rows_of(done)
            assert counts["rejected"] == 0, f"a half-written record was read: {done.out}"
            figures["loads"] += 1
            figures["rows"] += counts["loaded"]
        last = rows_of(load(db, log))
        figures["rows"] += last["loaded"]
        assert figures["rows"] == written, f"{written} records were written, {figures['rows']} loaded"
        assert last["read"] == written
        figures["changed"] = _truncated(log, db)
    return figures


def _truncated(log: Path, db: Path) -> int:
    """Load a log that somebody empties and writes anew all the time; how many loads refused it."""
    before = digest(db)
    stop = threading.Event()
    writer = threading.Thread(target=_rewrite, args=(log, stop))
    writer.start()
    refused = 0
    for _ in range(3):
        done = load(db, log)
        if done.code:
            message = plain_error(done)
            assert str(log) in message, message
            refused += 1
        else:
            assert rows_of(done)["loaded"] == 0, "all of its records were loaded before"
    stop.set()
    writer.join()
    after = digest(db)
    assert after["places"] == before["places"]
    return refused


def _line(number: int) -> bytes:
    return (json.dumps(spend_log(number)) + "\n").encode()


def _append(log: Path, number: int, stop: threading.Event, say_written: Callable[[int], None]) -> None:
    """Append records, each in two pieces with a pause between them; say how many there are now."""
    with log.open("ab", buffering=0) as out:
        while not stop.is_set():
            line = _line(number)
            out.write(line[:200])
            time.sleep(0.002)
            out.write(line[200:])
            number += 1
    say_written(number)


def _rewrite(log: Path, stop: threading.Event) -> None:
    content = log.read_bytes()
    while not stop.is_set():
        with log.open("r+b") as out:
            out.truncate(0)
            time.sleep(0.01)
            out.write(content[: len(content) // 2])
            out.flush()
            time.sleep(0.05)
            out.write(content[len(content) // 2 :])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--loads", type=int, default=6)
    given = parser.parse_args()
    started = time.monotonic()
    found = run(given.rows, given.loads)
    say("growing", {**found, "seconds": round(time.monotonic() - started, 1)})
