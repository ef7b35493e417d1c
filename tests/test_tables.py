"""Tables on the terminal: a number is in one piece at every width, and nothing of a row is left out."""

import re

import pytest

from audit.console.terminal import print_table

COLUMNS = ("stage", "share", "low", "high", "requests")
ROWS = [(1, "1 %", "$0.00329", "$0.0033", 1234567), (2, "100 % and 50 % of pilots", "$12,345.67", "-$0.5", 0)]


@pytest.mark.parametrize("width", [20, 30, 40, 50, 60, 80, 120])
def test_no_width_breaks_a_number_or_leaves_a_value_out(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", f"{width}")
    print_table("Stages", COLUMNS, ROWS)
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= width
    for number in ("$0.00329", "$0.0033", "1,234,567", "$12,345.67", "-$0.5"):
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.])", said), number
    assert " ".join(said.split()).count("pilots") == 1


@pytest.mark.parametrize("rows", [[], [("", "")], [("a", "")]])
def test_empty_columns_and_cells_are_no_error(rows: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    print_table("", ("", "b"), rows)
    assert "b" in capsys.readouterr().out
