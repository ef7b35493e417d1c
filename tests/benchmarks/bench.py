"""Load and report against bare DuckDB, whole processes, all in one run: `make bench`.

Bare DuckDB reads the columns that the reader reads, from the same file, into a table on disk. Every command runs in a
process of its own; times are wall seconds, memory is the process's peak. Ratios within one run are what to quote:
seconds depend on the machine and on what else it does.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
MAKE_LOG = HERE.parent / "make_log.py"
AUDIT = Path(sys.executable).with_name("audit")
TARGETS = {"clean": 1.5, "300 bad": 1.9, "11 kB rows": 1.5}
"""Load time over bare DuckDB, at most."""
REPORT_OVER_LOAD = 0.3
PEAK_MB = 1200
REPORT_GROWTH = 1.5

BARE = """
import duckdb, sys
from audit.readers.litellm import SPEND_LOG_COLUMNS
con = duckdb.connect(sys.argv[2])
columns = ", ".join(f"'{name}': 'VARCHAR'" for name in SPEND_LOG_COLUMNS)
con.execute(
    f"create table bare as select * from read_json('{sys.argv[1]}', format = 'newline_delimited', "
    f"columns = {{{columns}}})"
).fetchall()
"""


def timed(command: Sequence[str]) -> tuple[float, float]:
    """Wall seconds and peak memory in MB of a command that must succeed."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{said.decode()}")
    return time.monotonic() - started, usage.ru_maxrss / 1024


def best(command: Sequence[str], fresh: Path, runs: int) -> tuple[float, float]:
    """Median wall seconds and largest peak of `runs` runs, each without the file `fresh`."""
    found: list[tuple[float, float]] = []
    for _ in range(runs):
        fresh.unlink(missing_ok=True)
        found.append(timed(command))
    return sorted(seconds for seconds, _ in found)[runs // 2], max(peak for _, peak in found)


def make_log(folder: Path, rows: int, bad: int) -> Path:
    """A LiteLLM log of `rows` good lines and `bad` bad ones."""
    path = folder / f"litellm-{rows}-{bad}.jsonl"
    command = [sys.executable, str(MAKE_LOG), "--rows", str(rows), "--bad", str(bad), "--out", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return path


def with_messages(source: Path, rows: int) -> Path:
    """The first `rows` lines with 10 kB of messages each, as a proxy that stores prompts writes them."""
    path = source.with_name(f"messages-{rows}.jsonl")
    words = "the quick brown fox jumps over the lazy dog and signs invoice 4711 " * 140
    with source.open() as lines, path.open("w") as out:
        for _, line in zip(range(rows), lines, strict=False):
            record = json.loads(line)
            system = {"role": "system", "content": f"You answer for {record['team_id']}."}
            question = {"role": "user", "content": words + record["request_id"]}
            record["messages"] = json.dumps([system, question])
            out.write(json.dumps(record) + "\n")
    return path


def show(name: str, bare: tuple[float, float], load: tuple[float, float], target: float) -> None:
    """One line of the table."""
    ratio = load[0] / bare[0]
    mark = "ok" if ratio <= target else "OVER"
    print(
        f"{name:12} {bare[0]:8.2f} s {load[0]:8.2f} s {ratio:6.2f} x (at most {target}) {mark:5}"
        f" peak {load[1]:5.0f} MB (at most {PEAK_MB})",
        flush=True,
    )


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--growth", action="store_true", help="also load 10 times the rows and compare the reports")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="audit-bench-") as name:
        folder = Path(name)
        db, bare_db = folder / "usage.duckdb", folder / "bare.duckdb"
        print(f"{args.rows:,} rows, median of {args.runs}")
        print(f"{'':12} {'bare':>10} {'load':>10}")

        def compare(label: str, log: Path, bare_log: Path) -> float:
            bare = best([sys.executable, "-c", BARE, str(bare_log), str(bare_db)], bare_db, args.runs)
            load = best([str(AUDIT), "load", str(log), "--db", str(db), "--quiet"], db, args.runs)
            show(label, bare, load, TARGETS[label])
            return load[0]

        clean = make_log(folder, args.rows, 0)
        bad = make_log(folder, args.rows, 300)
        compare("300 bad", bad, clean)
        bad.unlink()
        messages = with_messages(clean, max(args.rows // 10, 1))
        compare("11 kB rows", messages, messages)
        messages.unlink()
        loaded = compare("clean", clean, clean)
        report = [str(AUDIT), "report", "--db", str(db), "--quiet", "--json"]
        seconds, peak = best(report, folder / "none", args.runs)
        share = seconds / loaded
        print(f"report {seconds:.2f} s, {share:.2f} x the load (at most {REPORT_OVER_LOAD}), peak {peak:.0f} MB")
        if args.growth:
            clean.unlink()
            big = make_log(folder, 10 * args.rows, 0)
            db.unlink()
            timed([str(AUDIT), "load", str(big), "--db", str(db), "--quiet"])
            more, _ = best(report, folder / "none", args.runs)
            print(f"report on {10 * args.rows:,} rows {more:.2f} s, {more / seconds:.2f} x (at most {REPORT_GROWTH})")
    print(f"(this process peaked at {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB)")


if __name__ == "__main__":
    main()
