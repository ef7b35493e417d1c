"""A folder of many small files, as gateways write them: an object per request, packed or not, some of them broken."""

import argparse
import gzip
import json
import tempfile
import time
from pathlib import Path

from exports import START, Row, spend_log
from processes import Done, audit

from audit.warehouse import Warehouse
from torture.common import load, say


def payload(number: int) -> Row:
    """One call as LiteLLM's callback for buckets writes it: an object per file."""
    begun = START.timestamp() + number
    return {
        "id": f"chatcmpl-p{number}",
        "trace_id": f"trace-{number}",
        "call_type": "acompletion",
        "cache_hit": None,
        "stream": False,
        "status": "success",
        "custom_llm_provider": "openai",
        "startTime": begun,
        "endTime": begun + 1.5,
        "completionStartTime": begun + 1.5,
        "model": "gpt-4o-mini-2024-07-18",
        "response_cost": 0.0001,
        "prompt_tokens": 100 + number % 40,
        "completion_tokens": 10 + number % 7,
        "total_tokens": 110,
        "end_user": "",
        "request_tags": ["search"],
        "messages": [{"role": "user", "content": f"question {number} " * 20}],
        "model_parameters": {"temperature": 0.1},
        "metadata": {"user_api_key_alias": "key", "usage_object": {"prompt_tokens_details": {"cached_tokens": 0}}},
        "response": {"id": f"chatcmpl-p{number}", "model": "gpt-4o-mini-2024-07-18"},
        "error_information": {"error_code": ""},
    }


def write(folder: Path, count: int) -> dict[str, int]:
    """A folder of `count` files of several kinds, and what a load has to find in it."""
    truth = {"files": 0, "refused": 0, "loaded": 0, "rejected": 0}
    for number in range(count):
        day = folder / f"day{number % 30:02}"
        day.mkdir(parents=True, exist_ok=True)
        kind = number % 20
        record = json.dumps(payload(number))
        path = day / f"{number:07}.json"
        if kind == 19:  # a few lines, one of them broken
            lines = [json.dumps(spend_log(number * 4 + place)) for place in range(3)]
            path = path.with_suffix(".jsonl")
            path.write_text("\n".join([lines[0], "oops", "", lines[1], lines[2]]) + "\n")
            truth["loaded"] += 3
            truth["rejected"] += 1
        elif kind == 18 and number % 200 == 18:  # no log at all
            path.write_text("hello")
            truth["files"] -= 1
            truth["refused"] += 1
        elif kind == 17:  # written for people
            path.write_text(json.dumps(payload(number), indent=2))
            truth["loaded"] += 1
        elif kind < 8:
            path.with_suffix(".json.gz").write_bytes(gzip.compress(record.encode(), 1))
            truth["loaded"] += 1
        else:
            path.write_text(record)
            truth["loaded"] += 1
        truth["files"] += 1
    return truth


def run(count: int) -> dict[str, float]:
    """Seconds and peak MB of loading `count` files, and of loading them again."""
    with tempfile.TemporaryDirectory() as name:
        folder, db = Path(name) / "bucket", Path(name) / "usage.duckdb"
        truth = write(folder, count)
        first = _checked(load(db, folder), truth, again=False)
        again = _checked(load(db, folder), truth, again=True)
        _check_places(db)
        shown = audit("load", folder, "--db", db, "--quiet")
        lines = len(shown.out.splitlines())
        assert lines < 100, f"the table has {lines} lines"
        return {
            "files": count,
            "seconds": round(first.seconds, 1),
            "peak_mb": round(first.peak_mb),
            "again_seconds": round(again.seconds, 1),
            "again_peak_mb": round(again.peak_mb),
        }


def _checked(done: Done, truth: dict[str, int], *, again: bool) -> Done:
    document = json.loads(done.out)
    assert document["failed_checks"] == []
    found = {"files": len(document["files"]), "refused": len(document["refused"])}
    found |= {name: document["rows"][name] for name in ("loaded", "rejected")}
    expected = truth | {"loaded": 0} if again else truth
    assert found == expected, f"found {found}, expected {expected}"
    assert all(file["read"] == file["loaded"] + file["duplicate"] + file["rejected"] for file in document["files"])
    return done


def _check_places(db: Path) -> None:
    """Requests and rejects stand in the file they came from."""
    with Warehouse.read(db) as warehouse:
        wrong = warehouse.rows(
            "select path, request_id from loaded_facts inner join files using (file_id) "
            "where request_id like 'chatcmpl-p%' and not contains(path, "
            "lpad(replace(request_id, 'chatcmpl-p', ''), 7, '0')) limit 3"
        )
        assert wrong == []
        assert warehouse.rows("select distinct record_number, byte_length, reason from rejects") == [
            (2, 5, "not JSON: Expecting value: line 1 column 1 (char 0)")
        ]
        path = str(warehouse.value("select path from files where path like '%.jsonl' order by file_id limit 1"))
    rejects = json.loads(audit("rejects", "--db", db, "--json").out)
    assert rejects[0]["text"] == "oops"
    assert audit("unload", path, "--db", db).out.strip() == f"{path}: 3 records taken out"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    given = parser.parse_args()
    started = time.monotonic()
    say("small_files", run(given.files))
