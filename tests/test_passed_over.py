"""A pass over a file that skips what nobody asks for comes to the same records as one that looks at every line."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.intake import records
from audit.intake.records import PassedOver, Place, csv_records_of, lines_of
from audit.readers.export import Export
from audit.readers.sniff import Container

Reading = Callable[[Export, PassedOver | None], Iterator[Place]]

PIECES = ["{}", '{"a": 1}', "a,b,c", 'a,"b\nc"', '"', " ", "", "\r", "no more than a word"]


def export_of(path: Path, container: Container) -> Export:
    return Export(
        path=path,
        name=path.name,
        container=container,
        compression="none",
        size=path.stat().st_size,
        records=(),
        fields=(),
    )


def json_lines(export: Export, is_passed_over: PassedOver | None) -> Iterator[Place]:
    return lines_of(export, None, is_passed_over)


@pytest.mark.parametrize(("container", "reading"), [("csv", csv_records_of), ("jsonl", json_lines)])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(["\n", "\n", "\r\n"])), max_size=30),
    is_ended=st.booleans(),
    block=st.integers(1, 40),
    asked=st.integers(1, 30),
)
def test_a_record_is_where_it_is_whatever_is_passed_over_before_it(
    tmp_path: Path,
    container: Container,
    reading: Reading,
    lines: list[tuple[str, str]],
    is_ended: bool,
    block: int,
    asked: int,
) -> None:
    log = tmp_path / "log"
    text = "".join(piece + end for piece, end in lines)
    log.write_bytes((text if is_ended else text.rstrip("\n")).encode())
    export = export_of(log, container)
    every = list(reading(export, None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "BLOCK", block)
        passed = list(reading(export, lambda last, _: last < asked))
        assert list(reading(export, lambda last, _: last < 0)) == every
    assert [place for place in passed if place.last == asked] == [place for place in every if place.last == asked]
    assert [place for place in passed if place.raw] == [place for place in every if place in passed]
    assert [place.last for place in passed[-1:]] == [place.last for place in every[-1:]]


def test_the_records_before_the_one_asked_for_are_one_place_a_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log.csv"
    log.write_text("n\n" + "".join(f"{n}\n" for n in range(1000, 2000)))
    monkeypatch.setattr(records, "BLOCK", 499)  # a hundred lines of five bytes each, but for the header
    places = list(csv_records_of(export_of(log, "csv"), lambda last, _: last < 700))
    assert [place for place in places if place.last == 700] == [Place(700, 701, 2 + 699 * 5, b"1699\n")]
    assert [place.last for place in places if not place.raw] == [200, 300, 400, 500, 600]
