"""A count such as 1.000 is 1 here and 1,000 in much of Europe: it is never read without a word."""

from pathlib import Path

import pytest

from tests.loads import loaded

HEAD = "start_time,model,prompt_tokens,completion_tokens"
READ_AS_ONE = "{} ends in .000, as in 1.000: read as a whole number, 1, not as thousands"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "usage.duckdb"


def csv(path: Path, *counts: tuple[str, str]) -> Path:
    rows = (f"2026-09-01T10:00:{n:02},gpt-4o,{tokens},{answer}" for n, (tokens, answer) in enumerate(counts))
    path.write_text("\n".join((HEAD, *rows)) + "\n")
    return path


@pytest.mark.parametrize("count", ["1.000", "12.000", "999.000"])
def test_a_count_that_may_be_thousands_is_noted_with_its_column(tmp_path: Path, db: Path, count: str) -> None:
    report = loaded(db, csv(tmp_path / "a.csv", (count, "5"), ("7", "5")))
    assert report.files[0].notes == {READ_AS_ONE.format("usage_input_tokens"): 1}
    assert report.warnings == ()


@pytest.mark.parametrize("count", ["1000", "1000.000", "0.000", "12.0", "12.00", "012.000"])
def test_a_count_that_can_be_no_thousands_is_read_without_a_word(tmp_path: Path, db: Path, count: str) -> None:
    report = loaded(db, csv(tmp_path / "a.csv", (count, "5")))
    assert (report.files[0].notes, report.total("loaded")) == ({}, 1)


def test_a_file_that_also_has_other_thousands_is_named_with_the_way_out(tmp_path: Path, db: Path) -> None:
    path = csv(tmp_path / "a.csv", ("10", "1.000"), ("10", "2.000"), ("10", "1.234"), ("1.234.567", "1"), ("1.5", "9"))
    (warning,) = loaded(db, path).warnings
    assert warning == (
        f"{path}: 2 counts such as usage_input_tokens 1.234.567 are rejected and look like thousands with a point: if "
        f"so, 2 records with a count that ends in .000 were read as a thousandth. `audit unload {path}`, export the "
        "counts without a thousands separator, and load that"
    )


def test_thousands_of_another_file_and_other_fractions_make_no_warning(tmp_path: Path, db: Path) -> None:
    other = csv(tmp_path / "b.csv", ("10", "1.234"), ("10", "5"))
    report = loaded(db, csv(tmp_path / "a.csv", ("10", "1.000"), ("10", "1.5")), other)
    assert report.warnings == ()


def test_a_later_load_does_not_repeat_the_warning(tmp_path: Path, db: Path) -> None:
    assert loaded(db, csv(tmp_path / "a.csv", ("10", "1.000"), ("10", "1.234"))).warnings
    assert loaded(db, csv(tmp_path / "b.csv", ("11", "7"))).warnings == ()
