"""Two commands at one database: one of them works, the other says in one line which process it waits for."""

import argparse
import re
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from exports import generated_log, spend_logs, write_jsonl
from processes import Done, audit

from torture.common import load, plain_error, rows_of, say

HELD = re.compile(r"in use by .+ \(process \d+\); wait for it or stop it")


def run(rows: int, races: int) -> dict[str, int]:
    """How often both commands worked one after the other, and how often one had to wait."""
    figures = {"refused": 0, "both": 0}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generated_log(folder / "log.jsonl", "litellm", rows=rows)
        small = write_jsonl(folder / "small.jsonl", spend_logs(300))
        expected = rows_of(load(folder / "alone.duckdb", folder / "log.jsonl"))["loaded"]
        for number in range(races):
            db = folder / f"race-{number}.duckdb"
            _count(figures, _at_once(db, [folder / "log.jsonl", folder / "log.jsonl"]))
            assert _loaded(db) == expected, "loaded once, whoever came first"
        db = folder / "report.duckdb"
        load(db, small)
        with ThreadPoolExecutor(2) as pool:
            loading = pool.submit(load, db, folder / "log.jsonl")
            while not loading.done():
                status = audit("status", "--db", db, "--json")
                if status.code:
                    assert HELD.search(plain_error(status)), status.error
                    figures["refused"] += 1
        if loading.result().code:
            assert HELD.search(plain_error(loading.result())), loading.result().error
            assert load(db, folder / "log.jsonl").code == 0
        assert _loaded(db) == expected + 300
    return figures


def _at_once(db: Path, exports: Sequence[Path]) -> list[Done]:
    with ThreadPoolExecutor(len(exports)) as pool:
        return [running.result() for running in [pool.submit(load, db, export) for export in exports]]


def _count(figures: dict[str, int], ends: Sequence[Done]) -> None:
    assert any(done.code == 0 for done in ends), [done.error for done in ends]
    for done in ends:
        if done.code:
            message = plain_error(done)
            assert HELD.search(message), message
            figures["refused"] += 1
        else:
            rows_of(done)
    figures["both"] += all(done.code == 0 for done in ends)


def _loaded(db: Path) -> int:
    return rows_of(audit("status", "--db", db, "--json"))["loaded"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--races", type=int, default=10)
    given = parser.parse_args()
    started = time.monotonic()
    found = run(given.rows, given.races)
    say("second_audit", {**found, "seconds": round(time.monotonic() - started, 1)})
