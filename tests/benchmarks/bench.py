"""Load and report against bare DuckDB, whole processes, all in one run: `make bench`.

Bare DuckDB reads the columns that the reader reads, from the same file, into a table on disk (spans of OTLP one a row,
their attributes as they are). Every command runs in a
process of its own; times are wall seconds, memory is the process's peak. Ratios within one run are what to quote:
seconds depend on the machine and on what else it does.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.readers.litellm import SPEND_LOG_COLUMNS
from tests.processes import AUDIT, run

HERE = Path(__file__).parent
MAKE_LOG = HERE.parent / "make_log.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A log to load, and what bare DuckDB does with it."""

    log_format: str
    suffix: str
    bare: str
    """The SELECT over $path."""
    target: float
    """Load time over bare DuckDB, at most."""
    bad_target: float | None = None
    """The same with 300 bad records, where the log can have them; bare DuckDB then reads the log without."""


JSON_ROWS = "read_json($path, format = 'newline_delimited', columns = {%s})"
LITELLM = JSON_ROWS % ", ".join(f"{name}: 'VARCHAR'" for name in SPEND_LOG_COLUMNS)
VALUE = "STRUCT(stringValue VARCHAR, intValue VARCHAR, doubleValue VARCHAR, boolValue VARCHAR)"
SPAN = (
    "STRUCT(traceId VARCHAR, spanId VARCHAR, parentSpanId VARCHAR, name VARCHAR, startTimeUnixNano VARCHAR, "
    f"endTimeUnixNano VARCHAR, status STRUCT(code VARCHAR), attributes STRUCT(key VARCHAR, value {VALUE})[])"
)
OTLP = f"""
    (select unnest(scope.spans) as span from (
        select unnest(resource.scopeSpans) as scope from (
            select unnest(resourceSpans) as resource
            from {JSON_ROWS % f"resourceSpans: 'STRUCT(scopeSpans STRUCT(spans {SPAN}[])[])[]'"}
        )
    ))"""
CASES = {
    "jsonl": Case(log_format="litellm", suffix=".jsonl", bare=LITELLM, target=1.5, bad_target=1.9),
    "jsonl.gz": Case(log_format="litellm", suffix=".jsonl.gz", bare=LITELLM, target=1.5, bad_target=1.9),
    "jsonl.zst": Case(log_format="litellm", suffix=".jsonl.zst", bare=LITELLM, target=1.5),
    "csv": Case(log_format="csv", suffix=".csv", bare="read_csv($path)", target=1.5, bad_target=1.9),
    "parquet": Case(log_format="csv", suffix=".parquet", bare="read_parquet($path)", target=1.5),
    "otlp": Case(log_format="otlp", suffix=".otlp.jsonl", bare=OTLP, target=2.5, bad_target=2.5),
}
MESSAGES_TARGET = 1.5
REPORT_OVER_LOAD = 0.3
PEAK_MB = 1200
REPORT_GROWTH = 1.5

Timer = Callable[[Path], tuple[float, float]]

BARE = """
import duckdb, sys
path, db, relation = sys.argv[1:]
con = duckdb.connect(db)
con.execute("create table bare as select * from " + relation.replace("$path", "'" + path + "'")).fetchall()
"""


def timed(*command: object) -> tuple[float, float]:
    """Wall seconds and peak memory in MB of a command that must succeed."""
    done = run(*command)
    if done.code != 0:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.error}")
    return done.seconds, done.peak_mb


def best(command: Sequence[str], fresh: Path, runs: int) -> tuple[float, float]:
    """Median wall seconds and largest peak of `runs` runs, each without the file `fresh`."""
    found: list[tuple[float, float]] = []
    for _ in range(runs):
        fresh.unlink(missing_ok=True)
        found.append(timed(*command))
    return sorted(seconds for seconds, _ in found)[runs // 2], max(peak for _, peak in found)


def make_log(folder: Path, log_format: str, suffix: str, rows: int, bad: int = 0) -> Path:
    """A log of `rows` good records and `bad` bad ones."""
    path = folder / f"{log_format}-{rows}-{bad}{suffix}"
    arguments = {"rows": rows, "bad": bad, "format": log_format, "out": path}
    command = [
        sys.executable,
        str(MAKE_LOG),
        *(part for name, value in arguments.items() for part in (f"--{name}", str(value))),
    ]
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
        f"{name:18} {bare[0]:8.2f} s {load[0]:8.2f} s {ratio:6.2f} x (at most {target}) {mark:5}"
        f" peak {load[1]:5.0f} MB (at most {PEAK_MB})",
        flush=True,
    )


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", choices=CASES, nargs="*", default=list(CASES), help="these logs")
    parser.add_argument("--growth", action="store_true", help="also load 10 times the rows and compare the reports")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="audit-bench-") as name:
        folder = Path(name)
        db, bare_db = folder / "usage.duckdb", folder / "bare.duckdb"
        print(f"{args.rows:,} rows, median of {args.runs}")
        print(f"{'':18} {'bare':>10} {'load':>10}")

        def bare(case: Case, log: Path) -> tuple[float, float]:
            return best([sys.executable, "-c", BARE, str(log), str(bare_db), case.bare], bare_db, args.runs)

        def load(log: Path) -> tuple[float, float]:
            return best([AUDIT, "load", str(log), "--db", str(db), "--quiet"], db, args.runs)

        for label in args.only:
            case = CASES[label]
            log = make_log(folder, case.log_format, case.suffix, args.rows)
            floor = bare(case, log)
            show(label, floor, load(log), case.target)
            log.unlink()
            if case.bad_target is not None:
                bad = make_log(folder, case.log_format, case.suffix, args.rows, 300)
                show(f"{label}, 300 bad", floor, load(bad), case.bad_target)
                bad.unlink()
        if "jsonl" in args.only:
            report(args, folder, CASES["jsonl"], bare, load)


def report(
    args: argparse.Namespace, folder: Path, case: Case, bare: Callable[[Case, Path], tuple[float, float]], load: Timer
) -> None:
    """Rows with their messages, and the report on what was loaded."""
    db = folder / "usage.duckdb"
    log = make_log(folder, case.log_format, case.suffix, args.rows)
    messages = with_messages(log, max(args.rows // 10, 1))
    show("rows of 11 kB", bare(case, messages), load(messages), MESSAGES_TARGET)
    messages.unlink()
    loaded, _ = load(log)
    command = [AUDIT, "report", "--db", str(db), "--quiet", "--json"]
    seconds, peak = best(command, folder / "none", args.runs)
    share = seconds / loaded
    print(f"report {seconds:.2f} s, {share:.2f} x the load (at most {REPORT_OVER_LOAD}), peak {peak:.0f} MB")
    log.unlink()
    if args.growth:
        big = make_log(folder, case.log_format, case.suffix, 10 * args.rows)
        db.unlink()
        timed(AUDIT, "load", big, "--db", db, "--quiet")
        more, _ = best(command, folder / "none", args.runs)
        print(f"report on {10 * args.rows:,} rows {more:.2f} s, {more / seconds:.2f} x (at most {REPORT_GROWTH})")


if __name__ == "__main__":
    main()
