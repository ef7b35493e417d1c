"""What a load and a report cost from 1M to 100M requests: `make scale`, writes scale.json beside this.

The logs are of tests/make_log.py, as one Parquet file each: distinct ids, 1 % repeated lines, 28 days whatever the
size, and known answers, which load and report have to give to the cent. Every command is a process of its own; seconds
of the processor are user and system time of the process, memory is its peak. Sizes that are not asked for keep their
figures, and so does Spark, whose run is that of `make test-spark`, written down by hand.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from audit.warehouse import Warehouse

RESULT = Path(__file__).with_suffix(".json")
MAKE_LOG = Path(__file__).parent.parent / "make_log.py"
AUDIT = str(Path(sys.executable).with_name("audit"))
DEMO = "demo"
CENT = Decimal("0.01")
KEPT = {"rows": (), "keys": ("--cells-only",), "cells": ("--cells-only", "--no-keys")}
LAUNCHER = """
import os, sys
process = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(process, 0)
with open(sys.argv[1], "w") as end:
    end.write(f"{os.waitstatus_to_exitcode(status)} {used.ru_maxrss} {used.ru_utime + used.ru_stime}")
"""
"""A process counts the memory of the one that started it as its own, so the one that starts it has to be small."""


@dataclass(frozen=True, slots=True)
class Used:
    """What a command took."""

    seconds: float
    processor_seconds: float
    peak_mb: int


def timed(*arguments: object) -> tuple[str, Used]:
    """Output and cost of a run of `audit` that must succeed."""
    with tempfile.TemporaryFile() as out, tempfile.NamedTemporaryFile("r") as end:
        started = time.monotonic()
        command = [sys.executable, "-S", "-c", LAUNCHER, end.name, AUDIT, *map(str, arguments)]
        subprocess.run(command, stdout=out, check=True)
        seconds = time.monotonic() - started
        out.seek(0)
        code, kilobytes, processor = end.read().split()
        assert code == "0", f"{arguments} ended with {code}"
        return out.read().decode(), Used(
            round(seconds, 2), round(float(processor), 2), round(int(kilobytes) * 1024 / 1e6)
        )


@contextmanager
def spilling(folder: Path) -> Generator[list[int], None, None]:
    """The bytes in `folder`, looked at ten times a second."""
    found, ended = [0], threading.Event()

    def look() -> None:
        while not ended.wait(0.1):
            with suppress(FileNotFoundError):
                found.append(sum(each.stat().st_size for each in folder.iterdir()))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield found
    finally:
        ended.set()
        looking.join()


def make_log(path: Path, rows: int) -> dict[str, Any]:
    """Write a log of `rows` records and return its answers."""
    command = [sys.executable, str(MAKE_LOG), "--rows", str(rows), "--format", "csv", "--out", str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measured(log: Path, answers: Mapping[str, Any], folder: Path, *options: str) -> dict[str, object]:
    """What one load of `log` and a report on it take; AssertionError where they give another answer."""
    db = folder / "usage.duckdb"
    with spilling(db.with_name(f"{db.name}.tmp")) as spilled:
        said, load = timed("load", log, "--db", db, "--json", "--quiet", *options)
    rows = json.loads(said)["rows"]
    assert (rows["loaded"], rows["duplicate"]) == (answers["requests"], answers["duplicates"]), rows
    said, report = timed("report", "--db", db, "--json", "--quiet")
    cost = Decimal(str(json.loads(said)["spend"]["list_cost"]))
    assert abs(cost - Decimal(answers["list_cost"])) < CENT, cost
    with Warehouse.read(db) as warehouse:
        cells, endpoints, per_day = (
            warehouse.count(f"select {what}")
            for what in (
                "count(*) from traffic_cells",
                "count(distinct endpoint) from traffic_cells",
                "count(*) from daily_usage",
            )
        )
        days = warehouse.count("select count(distinct usage_date) from daily_usage")
    size = db.stat().st_size
    db.unlink()
    return {
        "load": asdict(load),
        "report": asdict(report),
        "spilled_bytes": max(spilled),
        "database_bytes": size,
        "bytes_per_request": round(size / answers["requests"], 2),
        "cells": cells,
        "endpoints": endpoints,
        "days": days,
        "cells_per_endpoint_and_day": round(cells / endpoints / days, 1),
        "rows_per_endpoint_and_day": round(per_day / endpoints / days, 1),
    }


def small_commands(folder: Path) -> dict[str, object]:
    """What the help and a report on the demo take."""
    timed("demo", folder / DEMO, "--quiet")
    db = next((folder / DEMO).glob("*.duckdb"))
    return {
        "help": asdict(timed("--help")[1]),
        "report_on_demo": asdict(timed("report", "--db", db, "--quiet", "--json")[1]),
    }


def empty_bytes(folder: Path) -> int:
    """The size of a database of a few cells and nothing else."""
    log, db = folder / "few.parquet", folder / "few.duckdb"
    make_log(log, 10)
    timed("load", log, "--db", db, "--quiet", *KEPT["cells"])
    return db.stat().st_size


def main() -> None:
    """Measure every size and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 10_000_000, 100_000_000])
    parser.add_argument("--folder", type=Path, help="where logs and databases go, 12 GB for 100M rows")
    parser.add_argument("--kept", choices=KEPT, nargs="*", default=list(KEPT))
    args = parser.parse_args()
    found: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"sizes": {}}
    machine = {"processors": os.cpu_count(), "python": platform.python_version()}
    if found.setdefault("machine", machine) != machine:
        parser.error(f"{RESULT.name} has figures of another machine, {found['machine']}; remove it to begin anew")
    with tempfile.TemporaryDirectory(prefix="audit-scale-", dir=args.folder) as name:
        folder = Path(name)
        found["small"] = small_commands(folder)
        found["empty_bytes"] = empty_bytes(folder)
        for rows in args.rows:
            log = folder / "log.parquet"
            answers = make_log(log, rows)
            size: dict[str, object] = found["sizes"].setdefault(str(rows), {})
            size |= {"requests": answers["requests"], "log_bytes": answers["bytes"]}
            for kept in args.kept:
                size[kept] = measured(log, answers, folder, *KEPT[kept])
                print(f"{rows:,} {kept}: {json.dumps(size[kept])}", flush=True)
                RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            log.unlink()


if __name__ == "__main__":
    main()
