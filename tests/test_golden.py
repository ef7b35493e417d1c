"""Text, Markdown and CSV of the demo's report are what they were: change them on purpose, with `make docs`."""

import csv
import io
from pathlib import Path

import pytest

from tests.golden import GOLDEN, demo_document, forms


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return forms(demo_document(tmp_path_factory.mktemp("demo")))


def golden(name: str) -> str:
    return (GOLDEN / name).read_bytes().decode()


@pytest.mark.parametrize("name", ["report_80.txt", "report_200.txt", "report.md"])
def test_what_people_read_is_the_golden_file_to_the_letter(name: str, made: dict[str, str]) -> None:
    assert made[name] == golden(name), "if this is meant: make docs"


@pytest.mark.parametrize("name", sorted(path.name for path in GOLDEN.glob("*.csv")))
def test_a_csv_table_is_the_golden_file_but_for_the_last_digits_of_its_numbers(name: str, made: dict[str, str]) -> None:
    rows, wanted = ([*csv.reader(io.StringIO(each, newline=""))] for each in (made[name], golden(name)))
    assert [len(row) for row in rows] == [len(row) for row in wanted]
    for row, expected in zip(rows, wanted, strict=True):
        for cell, value in zip(row, expected, strict=True):
            assert cell == value or float(cell) == pytest.approx(float(value), rel=1e-9), (name, expected)


def test_every_golden_file_is_made(made: dict[str, str]) -> None:
    assert {path.name for path in Path(GOLDEN).iterdir()} == set(made)
