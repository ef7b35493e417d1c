"""An earlier report is read back whole, or refused with what is wrong, where, and what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

import audit
from audit.errors import InputError
from audit.report.previous import read_report
from tests.golden import demo_document
from tests.report_document import example_document


def test_a_report_comes_back_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps(example_document()))
    assert read_report(tmp_path / "report.json") == example_document()


def test_a_report_of_the_demo_comes_back_with_its_what_if(tmp_path: Path) -> None:
    document = demo_document(tmp_path / "demo")
    (tmp_path / "report.json").write_text(json.dumps(document, default=float))
    inputs = read_report(tmp_path / "report.json").get("what_if")
    assert inputs is not None
    assert len(inputs["candidates"]) > 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", r":1: no JSON \(Expecting property name"),
        ("[]", "its schema is None, that of a report 'traffic-audit/report/1'"),
        ('{"schema": "traffic-audit/changes/1"}', "its schema is 'traffic-audit/changes/1'"),
        ('{"schema": "traffic-audit/report/1"}', "assumptions is missing, so no whole report"),
        ('{"schema": "traffic-audit/report/1", "x": NaN}', "NaN is no number"),
        ("[" * 100_000, "nested without end"),
        (b"\xff\xfe\x00", "no text"),
        (None, "no such file or directory"),
    ],
)
def test_what_is_no_report_is_refused_with_where_and_what_to_do(
    content: str | bytes | None, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "earlier.json"
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError, match=f"earlier.json.*{said}.*audit report --json"):
        audit.Report(document=example_document()).changes(path)


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("workloads", 2, "savings", "low"), "much"),
        (("workloads", 1, "verdict"), "maybe"),
        (("savings", "expected"), None),
        (("spend", "list_cost"), True),
        (("daily",), 5),
    ],
)
def test_a_report_with_a_wrong_value_is_refused_with_its_place(
    where: tuple[str | int, ...], value: object, tmp_path: Path
) -> None:
    document: Any = example_document()
    inside = document
    for key in where[:-1]:
        inside = inside[key]
    inside[where[-1]] = value
    path = tmp_path / "earlier.json"
    path.write_text(json.dumps(document))
    place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in where).lstrip(".")
    with pytest.raises(InputError) as refused:
        audit.Report(document=example_document()).changes(path)
    assert f"{place} is {str(value)!r}" in str(refused.value) or f"{place} is {value!r}" in str(refused.value)
