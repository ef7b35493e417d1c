"""kill -9 at any moment of a load: the database is as before or as after, and the same load completes."""

import argparse
import gzip
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import zstandard
from exports import generated_log
from processes import AUDIT

from audit.intake.load_checks import forget
from audit.warehouse import Warehouse
from torture.common import digest, load, rows_of, say


def jsonl(folder: Path, rows: int) -> Path:
    """LiteLLM's rows as JSON lines, some of them broken."""
    generated_log(folder / "litellm.jsonl", "litellm", rows=rows, bad=30)
    return folder / "litellm.jsonl"


def packed_gzip(folder: Path, rows: int) -> Path:
    """The same, packed."""
    path = folder / "litellm.jsonl.gz"
    path.write_bytes(gzip.compress(jsonl(folder, rows).read_bytes(), 1))
    return path


def packed_zstd(folder: Path, rows: int) -> Path:
    """The same, packed otherwise."""
    path = folder / "litellm.jsonl.zst"
    path.write_bytes(zstandard.compress(jsonl(folder, rows).read_bytes()))
    return path


def csv(folder: Path, rows: int) -> Path:
    """Flat lines, some of them broken."""
    generated_log(folder / "log.csv", "csv", rows=rows, bad=30)
    return folder / "log.csv"


def parquet(folder: Path, rows: int) -> Path:
    """The same columns as Parquet."""
    generated_log(folder / "log.parquet", "csv", rows=rows)
    return folder / "log.parquet"


def wrapper(folder: Path, rows: int) -> Path:
    """An application's own log of requests and responses."""
    generated_log(folder / "openai.jsonl", "openai", rows=rows, bad=30)
    return folder / "openai.jsonl"


def many_small(folder: Path, rows: int) -> Path:
    """A folder of files of a few records."""
    small = folder / "small"
    small.mkdir()
    lines = jsonl(folder, min(rows, 3000)).read_bytes().splitlines(keepends=True)
    for start in range(0, len(lines), 10):
        (small / f"{start:06}.jsonl").write_bytes(b"".join(lines[start : start + 10]))
    return small


FORMATS: tuple[Callable[[Path, int], Path], ...] = (
    jsonl, csv, parquet, wrapper, packed_gzip, packed_zstd, many_small,
)  # fmt: skip


def run(kills: int, rows: int, seed: int, formats: tuple[Callable[[Path, int], Path], ...] = FORMATS) -> Counter[str]:
    """Kill `kills` loads in turn over `formats`; how often the database was as before and as after.

    AssertionError where it was neither, or where the load cannot be completed afterwards.
    """
    chance = random.Random(seed)
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for number, make in enumerate(formats):
            mine = len(range(number, kills, len(formats)))
            if not mine:
                continue
            folder = root / make.__name__
            folder.mkdir()
            export = make(folder, rows)
            base, after, db = (folder / f"{each}.duckdb" for each in ("base", "after", "db"))
            Warehouse.create(base).con.close()
            if number % 3:  # every third load goes into a database without files
                earlier = root / f"earlier-{make.__name__}"
                earlier.mkdir()
                load(base, wrapper(earlier, rows // 4))
            shutil.copy(base, after)
            whole = load(after, export)
            assert rows_of(whole)["loaded"] > 0
            states = {"before": digest(base), "after": digest(after), "after, not checked": _unchecked(after)}
            assert len({str(state) for state in states.values()}) == len(states)
            for kill in range(mine):
                shutil.copy(base, db)
                # every other one near the end, where the transaction is written
                moment = chance.uniform(0.7 if kill % 2 else 0.05, 1.05)
                outcomes[_killed(db, export, moment * whole.seconds, states)] += 1
                db.unlink()
                db.with_suffix(".duckdb.wal").unlink(missing_ok=True)
            shutil.rmtree(folder)
    return outcomes


def _unchecked(after: Path) -> dict[str, object]:
    """As after, but killed before its checks ran: they need the rows where they stay, and the next report asks them."""
    copy = after.with_name("unchecked.duckdb")
    shutil.copy(after, copy)
    with Warehouse.change(copy) as warehouse:
        forget(warehouse)
    return digest(copy)


def _killed(db: Path, export: Path, moment: float, states: dict[str, dict[str, object]]) -> str:
    process = subprocess.Popen(
        [AUDIT, "load", str(export), "--db", str(db), "--quiet"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(moment)
    process.send_signal(signal.SIGKILL)
    was_running = process.wait() == -signal.SIGKILL
    found = digest(db)
    state = next((name for name, state in states.items() if state == found), "between")
    assert state != "between", f"{export.name} killed after {moment:.3f} s: {found} is neither of {states}"
    assert was_running or state == "after"
    if state == "before":
        assert load(db, export).code == 0
        assert digest(db) == states["after"], f"{export.name}: the load after the kill differs"
    else:
        assert rows_of(load(db, export))["loaded"] == 0
    return state if was_running else "finished"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=56)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    started = time.monotonic()
    counted = run(given.kills, given.rows, given.seed)
    say("kill", {"kills": given.kills, **counted, "seconds": round(time.monotonic() - started, 1)})
