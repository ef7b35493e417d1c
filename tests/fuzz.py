"""Coverage-guided fuzzing of everything between the bytes of a file and typed rows: `make fuzz SECONDS=60`.

Mutated samples go through inspect, prepare, staging and `checked_requests`. Allowed are an AuditError, a file that
DuckDB cannot read to its end (a load refuses it), or as many rows as the file holds records. Anything else is a
finding: its bytes are saved, and belong into tests/test_fuzz_findings.py once it is mended.
"""

import argparse
import hashlib
import json
import os
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path
from types import FunctionType
from typing import Any, cast

import duckdb

from audit import sql
from audit.errors import AuditError
from audit.intake.spool import without_mark
from audit.intake.staging import UNREADABLE
from audit.readers.export import Export, inspect, open_bytes
from audit.readers.reader import Context
from audit.readers.registry import READERS, prepare

SAMPLES = Path(__file__).parent / "data" / "samples"
LONGEST = 60_000
"""Bytes of a sample beyond which mutations are too slow to find anything."""
EXECUTIONS_PER_CONNECTION = 400
ODD = cast(
    "list[object]",
    json.loads(r"""[null, true, "", "None", "NaN", "\u00e9\u2028\ud800", "'); drop table x; --", "1e999",
        "2026-13-45T99:99:99Z", -1, 0, 1, 12.7, 1e300, 10000000000000000000, 1795378840, [], {}, [[]], [{}], [null],
        {"a": {"b": [1]}}, "[[[[[[[[[[[[[[[[[[[["]"""),
)
"""What stands in a record where a reader expects something else."""


class Target:
    """One way from bytes to rows; counts what came of them."""

    def __init__(self) -> None:
        """A connection that is made anew now and then: views of thousands of files pile up in one."""
        self.folder = Path(tempfile.mkdtemp(prefix="audit-fuzz-"))
        self.con = duckdb.connect()
        self.outcomes = {"rows": 0, "refused": 0, "unreadable": 0}
        self.formats: dict[str, int] = {}

    def run(self, data: bytes) -> None:
        """Raise whatever is no allowed outcome of `data`."""
        if sum(self.outcomes.values()) % EXECUTIONS_PER_CONNECTION == 0:
            self.con.close()
            self.con = duckdb.connect(config={"threads": 1})
            self.con.execute("set timezone = 'UTC'")
        path = self.folder / "export"
        path.write_bytes(data)
        try:
            self._read(path)
        except AuditError:
            self.outcomes["refused"] += 1
        except UNREADABLE:
            self.outcomes["unreadable"] += 1
        finally:
            for spooled in self.folder.glob("*.jsonl"):
                spooled.unlink()

    def _read(self, path: Path) -> None:
        reader, source = prepare(inspect("export", path), self.folder)
        source = without_mark(source, self.folder)
        relation = reader.relation(source, Context(salt="pepper", metadata_keys=("feature",)))
        name = reader.relation_name
        self.con.execute(f'create or replace temp view "raw_{name}" as {relation}')
        self.con.execute(f"create or replace temp view staged as {sql.find(f'stg_{name}').select}")
        checked = sql.find("checked_requests" if reader.target == "request_facts" else "checked_costs").select
        rows = self.con.execute(f"select count(*), sum(hash(checked)) from ({checked}) as checked").fetchall()[0][0]
        records = records_of(source, reader.records_per_line is not None)
        if records is not None and records != rows:
            raise AssertionError(f"{reader.format}: {records} records became {rows} rows")
        self.outcomes["rows"] += 1
        self.formats[reader.format] = self.formats.get(reader.format, 0) + 1


def records_of(source: Export, is_several_per_line: bool) -> int | None:
    """How many records a file of JSON lines holds; None for files whose lines are no records."""
    if source.container != "jsonl" or is_several_per_line:
        return None
    with open_bytes(source.path, source.compression) as lines:
        return sum(1 for line in lines if line.strip())


def mutated(data: bytes, chance: random.Random) -> bytes | None:
    """`data` with one value of one of its JSON records changed; None where it is no JSON."""
    lines = data.split(b"\n")
    place = chance.randrange(len(lines))
    try:
        whole: object = json.loads(data)
    except (ValueError, RecursionError):
        try:
            record: object = json.loads(lines[place])
        except (ValueError, RecursionError):
            return None
        lines[place] = _text(_changed(record, chance))
        return b"\n".join(lines)
    return _text(_changed(whole, chance))


def _text(value: object) -> bytes:
    return json.dumps(value).encode("utf-8", "replace")


def _changed(value: object, chance: random.Random) -> object:
    """`value` with one part of it replaced, left out, renamed or doubled."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.08:
        return chance.choice(ODD)
    if isinstance(value, list):
        items = cast("list[object]", value)
        place = chance.randrange(len(items))
        action = chance.random()
        if action < 0.1:
            return items[:place] + items[place + 1 :]
        if action < 0.2:
            return [*items, items[place]]
        return [*items[:place], _changed(items[place], chance), *items[place + 1 :]]
    found = dict(cast("dict[str, object]", value))
    key = chance.choice(list(found))
    action = chance.random()
    if action < 0.1:
        del found[key]
    elif action < 0.15:
        found[chance.choice([key.upper(), key + " ", '"' + key, "", key + ".x"])] = found.pop(key)
    else:
        found[key] = _changed(found[key], chance)
    return found


def corpus(folder: Path) -> int:
    """Every sample short enough, copied into `folder`; how many there are."""
    samples = [path for path in SAMPLES.rglob("*") if path.is_file() and path.stat().st_size <= LONGEST]
    for number, path in enumerate(sorted(samples)):
        (folder / f"{number:03}").write_bytes(path.read_bytes())
    return len(samples)


def main() -> None:
    """Fuzz for so many seconds, then print what came of it; exit 1 with findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--findings", type=Path, default=Path("fuzz-findings"))
    asked = parser.parse_args()
    try:
        import atheris  # pyright: ignore[reportMissingImports]
    except ImportError:
        print(f"skipped: atheris has no wheel for Python {sys.version_info.major}.{sys.version_info.minor} here")
        return
    fuzzer = cast("Any", atheris)
    seeds, target, found = Path(tempfile.mkdtemp(prefix="audit-corpus-")), Target(), dict[str, Path]()
    started, runs, count = time.monotonic(), 0, corpus(seeds)

    def one(data: bytes) -> None:
        nonlocal runs
        runs += 1
        try:
            target.run(data)
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            kind = f"{type(error).__name__} at {Path(where.filename).name}:{where.lineno} {str(error)[:160]}"
            if (short := kind.split(" rows")[0][:110]) not in found:
                asked.findings.mkdir(exist_ok=True)
                found[short] = asked.findings / hashlib.sha256(data).hexdigest()[:12]
                found[short].write_bytes(data)
                print(f"finding: {kind}\n  saved as {found[short]}", flush=True)
        if time.monotonic() - started > asked.seconds:
            report = {"executions": runs, "seeds": count, "outcomes": target.outcomes, "findings": len(found)}
            print(json.dumps(report | {"formats": target.formats, "all_formats": len(READERS)}), flush=True)
            os._exit(1 if found else 0)

    def mutate(data: bytes, longest: int, seed: int) -> bytes:
        changed = mutated(data, random.Random(seed)) if seed % 4 else None
        return changed if changed is not None and len(changed) <= longest else fuzzer.Mutate(data, longest)

    for module in ("sniff", "export", "registry", "refusals", "reader"):
        package = __import__(f"audit.readers.{module}", fromlist=["_"])
        for name, value in list(cast("dict[str, object]", vars(package)).items()):
            if isinstance(value, FunctionType) and value.__module__ == package.__name__:
                setattr(package, name, fuzzer.instrument_func(value))
    flags = [sys.argv[0], str(seeds), f"-max_len={LONGEST}", "-timeout=60", "-verbosity=0", "-rss_limit_mb=3000"]
    fuzzer.Setup(flags, one, custom_mutator=mutate)
    fuzzer.Fuzz()


if __name__ == "__main__":
    main()
