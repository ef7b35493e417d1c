"""One call that two instrumentations traced, one span inside the other, counts once."""

from pathlib import Path

import pytest
from exports import Row, write_jsonl

from audit.config import Config
from audit.intake.load_report import LoadReport
from audit.intake.loading import load
from audit.intake.resolve import unload
from audit.warehouse import Warehouse

REPEATS = "repeats the calls inside of it"
REPEATED = "repeated by the call around it, which has its tokens"
CIRCLE = "repeats another call of its circle: they name each other as parents"


def span(name: str, parent: str | None = None, *, tokens: int | None = 100, trace: str = "t1", **more: object) -> Row:
    return {
        "request_id": name,
        "parent_id": parent,
        "trace_id": trace,
        "start_time": "2026-03-02T09:00:00Z",
        "request_model": "gpt-4o",
        "usage_input_tokens": tokens,
        "usage_output_tokens": tokens,
        **more,
    }


def loaded(tmp_path: Path, *files: list[Row]) -> tuple[LoadReport, set[str]]:
    tmp_path.mkdir(exist_ok=True)
    db, report = tmp_path / "usage.duckdb", None
    for number, rows in enumerate(files):
        report = load([str(write_jsonl(tmp_path / f"{number}.jsonl", rows))], db)
        assert report.failed_checks == ()
    assert report is not None
    with Warehouse.read(db) as warehouse:
        return report, {str(name) for (name,) in warehouse.rows("select request_id from loaded_facts")}


def test_the_innermost_call_counts_also_behind_a_span_of_another_kind(tmp_path: Path) -> None:
    rows = [
        span("outer", tokens=1568),
        span("chain", "outer", request_grain="nonsense", start_time="never"),
        span("inner", "chain", tokens=663),
        span("alone"),
        span("outer", trace="t2"),
    ]
    report, names = loaded(tmp_path, rows)
    assert names == {"inner", "alone", "outer"}
    assert (report.total("read"), report.total("loaded"), report.total("duplicate")) == (5, 3, 1)
    assert report.files[0].notes == {REPEATS: 1}


def test_the_note_of_a_call_that_another_file_repeats_goes_with_that_file(tmp_path: Path) -> None:
    loaded(tmp_path, [span("outer", tokens=500)], [span("inner", "outer", tokens=400)])
    db = tmp_path / "usage.duckdb"
    with Warehouse.read(db) as warehouse:
        assert warehouse.rows("select file_id, note, record_count from file_notes") == [(1, REPEATS, 1)]
    unload(db, str(tmp_path / "1.jsonl"), Config())
    with Warehouse.read(db) as warehouse:
        assert warehouse.rows("select request_id from loaded_facts") == [("outer",)]
        assert warehouse.rows("select * from file_notes") == []


def test_a_call_without_tokens_gives_way_to_the_call_around_it(tmp_path: Path) -> None:
    report, names = loaded(tmp_path, [span("outer", tokens=500), span("inner", "outer", tokens=None)])
    assert names == {"outer"}
    assert report.files[0].notes == {REPEATED: 1}


def test_a_call_around_one_that_failed_and_one_that_did_not_gives_way_to_both(tmp_path: Path) -> None:
    rows = [span("outer"), span("failed", "outer", tokens=None, is_failed=True), span("retried", "outer")]
    assert loaded(tmp_path, rows)[1] == {"failed", "retried"}


@pytest.mark.parametrize("first", ["outer", "inner"])
def test_the_two_may_stand_in_files_that_are_loaded_one_after_the_other(tmp_path: Path, first: str) -> None:
    rows = [span("outer"), span("inner", "outer")]
    if first == "inner":
        rows.reverse()
    assert loaded(tmp_path, rows[:1], rows[1:])[1] == {"inner"}


def test_spans_that_name_each_other_as_parents_end_no_load(tmp_path: Path) -> None:
    report, _ = loaded(tmp_path, [span("a", "b"), span("b", "a"), span("self", "self")])
    assert report.total("read") == 3


def test_a_failed_attempt_without_tokens_does_not_take_the_tokens_of_the_call_around_it(tmp_path: Path) -> None:
    rows = [span("outer", tokens=1000), span("failed", "outer", tokens=None, is_failed=True)]
    assert loaded(tmp_path, rows)[1] == {"outer", "failed"}


def test_a_call_that_was_set_aside_still_leads_to_the_one_around_it_in_a_later_load(tmp_path: Path) -> None:
    first = [span("outer", tokens=100), span("untold", "outer", tokens=None)]
    assert loaded(tmp_path, first, [span("inner", "untold", tokens=90)])[1] == {"inner"}


def test_calls_without_a_trace_are_nested_in_their_own_file_only(tmp_path: Path) -> None:
    bare = [span(name) | {"trace_id": None} for name in ("1", "2")]
    later = [span("6", "1") | {"trace_id": None}, span("7", "6") | {"trace_id": None}]
    assert loaded(tmp_path, bare, later)[1] == {"1", "2", "7"}


def test_an_embedding_inside_of_a_chat_is_no_repetition_of_it(tmp_path: Path) -> None:
    rows = [span("chat", tokens=1000), span("search", "chat", tokens=5, operation_name="embeddings")]
    assert loaded(tmp_path, rows)[1] == {"chat", "search"}


def test_a_span_that_is_its_own_parent_counts(tmp_path: Path) -> None:
    assert loaded(tmp_path, [span("self", "self")])[1] == {"self"}


def test_of_spans_that_name_each_other_as_parents_the_fullest_counts_and_the_rest_is_noted(tmp_path: Path) -> None:
    rows = [span("a", "b", tokens=10), span("b", "a", tokens=30), span("c", "d", tokens=None), span("d", "c")]
    report, names = loaded(tmp_path, rows)
    assert names == {"b", "d"}
    assert report.files[0].notes == {CIRCLE: 2}


def test_a_longer_circle_and_what_hangs_on_it_keep_one_call_each(tmp_path: Path) -> None:
    circle = [span("a", "c"), span("b", "a"), span("c", "b", request_grain="nonsense", start_time="never")]
    report, names = loaded(tmp_path, [*circle, span("inside", "a", tokens=7)])
    assert names == {"inside"}
    assert report.files[0].notes == {CIRCLE: 2}
    assert loaded(tmp_path / "later", circle)[1] == {"a"}


def test_a_circle_is_the_same_when_its_spans_come_in_two_loads(tmp_path: Path) -> None:
    assert loaded(tmp_path, [span("a", "b", tokens=10)], [span("b", "a", tokens=30)])[1] == {"b"}
