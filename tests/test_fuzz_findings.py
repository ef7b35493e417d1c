"""What fuzzing found (tests/fuzz.py): bytes that once ended in a traceback, cut to what mattered."""

from pathlib import Path

import pytest
from exports import spend_log, write_csv
from fuzz import Target, mutated

from audit.errors import InputError
from audit.intake.loading import load
from audit.readers.export import inspect

FINDINGS = {
    "an object that is no text": b'{"id": "batch_1", "object": {}, "endpoint": "/v1/completions", "usage": {"a": 1}}',
    "an object that is a list": b'{"object": [null], "amount": {"value": 0.06}, "line_item": "input_tokens"}',
    "a stray carriage return in a row of a CSV": b"a,b,c\n1,x\ry,3\n",
    "control characters before a list": b'\x1e\x1e[{"name": "ai.generateText", "spanContext": {}}]\n1\r2\n',
    "lines that end with a carriage return": b"start_time,model\r2026-03-01,gpt-4o\r",
}


@pytest.mark.parametrize("data", FINDINGS.values(), ids=FINDINGS)
def test_bytes_that_once_ended_in_a_traceback_are_refused_or_read(data: bytes) -> None:
    target = Target()
    target.run(data)
    assert sum(target.outcomes.values()) == 1


def test_a_stray_carriage_return_outside_of_quotes_refuses_its_file_in_one_sentence(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [spend_log(n, end_user="xyz") for n in range(4)])
    path.write_bytes(path.read_bytes().replace(b"xyz", b"x\rz", 1))
    report = load([str(path)], tmp_path / "usage.duckdb")
    assert (len(report.refused), report.files, report.failed_checks) == (1, (), ())
    assert report.refused[0].startswith(f"{path}: cannot be read to its end")


def test_lines_that_end_with_a_carriage_return_alone_are_named(tmp_path: Path) -> None:
    path = tmp_path / "mac.csv"
    path.write_bytes(FINDINGS["lines that end with a carriage return"])
    with pytest.raises(InputError, match="carriage return alone"):
        inspect("mac.csv", path)


def test_the_fuzzer_notices_rows_that_are_not_as_many_as_records(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_many(_source: object, _per_line: object) -> int:
        return 99

    monkeypatch.setattr("fuzz.records_of", too_many)
    with pytest.raises(AssertionError, match="99 records became 1 rows"):
        Target().run(b'{"start_time": "2026-03-01", "model": "gpt-4o", "prompt_tokens": 1, "completion_tokens": 1}\n')


def test_mutations_keep_json_json() -> None:
    import json
    import random

    lines = b'{"a": {"b": [1, 2, 3]}}\n{"c": "text"}'
    for seed in range(200):
        changed = mutated(lines, random.Random(seed))
        assert changed is not None
        assert [json.loads(line) is not None for line in changed.split(b"\n")] != []
    assert mutated(b"no json", random.Random(1)) is None
