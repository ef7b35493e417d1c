"""Disks that are full or read-only: one message that says where and what to do, and a database as before."""

import argparse
import json
import re
import shutil
import tempfile
import time
from pathlib import Path

from exports import generated_log, spend_logs, write_jsonl
from processes import Done

from torture.common import digest, load, plain_error, say, small_disk


def run(rows: int) -> dict[str, str]:
    """The message of every case; PermissionError where no small disk can be made."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        log = root / "log.jsonl"
        generated_log(log, "litellm", rows=rows)
        document = root / "log.json"
        document.write_text("[" + ",\n".join(log.read_text().splitlines()) + "]")
        base = root / "base.duckdb"
        assert load(base, write_jsonl(root / "first.jsonl", spend_logs(500))).code == 0
        before = digest(base)
        disk = root / "disk"
        facts_mb = 1 + base.stat().st_size // (1 << 20)
        messages: dict[str, str] = {}

        with small_disk(disk, facts_mb + 1):
            db = disk / "db.duckdb"
            shutil.copy(base, db)
            messages["database"] = _refused(load(db, log), str(disk), "free some space")
            assert digest(db) == before

        with small_disk(disk, 1):
            db = root / "spool.duckdb"
            shutil.copy(base, db)
            done = load(db, document, environment={"TMPDIR": str(disk)})
            messages["temporary files"] = _refused(done, str(disk), "TMPDIR")
            assert digest(db) == before
            assert not list(disk.iterdir()), "the temporary files are gone"

        with small_disk(disk, 32) as make_read_only:
            shutil.copy(base, disk / "db.duckdb")
            make_read_only()
            messages["read-only database"] = _refused(load(disk / "db.duckdb", log), str(disk), "written")
            messages["read-only folder"] = _refused(load(disk / "new.duckdb", log), str(disk), "written")
            assert digest(disk / "db.duckdb") == before, "a report needs no right to write"
        return messages


def _refused(done: Done, where: str, advice: str) -> str:
    message = plain_error(done)
    assert where in message, message
    assert re.search(advice, message), message
    assert done.out == ""
    return message.replace(where, "DISK")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    given = parser.parse_args()
    started = time.monotonic()
    try:
        found = run(given.rows)
    except PermissionError as error:
        print(json.dumps({"torture": "full_disk", "skipped": str(error)}))
    else:
        say("full_disk", {**found, "seconds": round(time.monotonic() - started, 1)})
