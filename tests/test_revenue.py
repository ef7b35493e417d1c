"""What customers paid, as a file states it: read line by line, and only for the days it is of."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from audit.errors import ConfigError, InputError
from audit.ledger.revenue import Days, Line, in_window, read_lines

MONTH = Days(start=date(2026, 9, 1), end=date(2026, 10, 1))


def line(revenue: str, start: int | None = None, days: int = 30, **more: Any) -> Line:
    begun = date(2026, 8, 1)
    period = None if start is None else Days(
        start=date.fromordinal(begun.toordinal() + start), end=date.fromordinal(begun.toordinal() + start + days)
    )  # fmt: skip
    return Line(customer_id="a", revenue=Decimal(revenue), period=period, plan=None, units={}, **more)


def test_a_longer_period_counts_by_its_days_and_other_periods_not_at_all() -> None:
    lines = [line("61", 0, 61), line("9", -40, 20), line("1", 31)]
    found = in_window(lines, MONTH, Path("r.csv"))
    assert (found.accounts["a"].revenue, found.is_scaled, found.outside) == (Decimal(31), True, 1)


def test_revenue_without_a_period_is_of_the_window_as_it_stands() -> None:
    found = in_window([line("61")], MONTH, Path("r.csv"))
    assert (found.accounts["a"].revenue, found.is_stated, found.is_scaled) == (Decimal(61), False, False)


def test_revenue_is_never_stretched_over_days_it_is_not_of() -> None:
    with pytest.raises(ConfigError, match="--since 2026-09-01 --until 2026-09-15"):
        in_window([line("5", 31, 14)], MONTH, Path("r.csv"))
    with pytest.raises(ConfigError, match="they share no day"):
        in_window([line("5", -60, 30)], MONTH, Path("r.csv"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("customer,revenue\na,1\n", "unknown column 'customer_id'; nearest: customer"),
        ("customer_id,revenue\n", "no line below its header"),
        ("customer_id,revenue\n,1\n", "line 2: customer_id is empty"),
        ('customer_id,revenue\na,"1,000"\n', "line 2: revenue '1,000' is not a number"),
        ("customer_id,revenue\na,nan\n", "line 2: revenue 'nan' is not a number"),
        ("customer_id,revenue,currency\na,1,EUR\n", r"line 2: revenue in 'EUR'.*--rate EUR=1\.08"),
        ("customer_id,revenue,period_start,period_end\na,1,soon,2026-10-01\n", "period_start 'soon' is not a day"),
        ("customer_id,revenue,period_start,period_end\na,1,2026-10-01,2026-10-01\n", "is not after period_start"),
        ("customer_id,revenue,period_start,period_end\na,1,,\nb,1,2026-09-01,2026-10-01\n", "1 of 2 lines have no"),
    ],
)
def test_a_wrong_revenue_file_is_refused_with_the_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(InputError, match=said):
        read_lines(tmp_path / "r.csv")


def test_other_currencies_and_units_are_read_as_told(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text('{"customer_id": "a", "revenue": 10, "currency": "eur", "seats": 3}\n')
    (found,) = read_lines(tmp_path / "r.jsonl", units=["seats"], rates={"EUR": Decimal("1.5")})
    assert (found.revenue, dict(found.units)) == (Decimal("15.0"), {"seats": Decimal(3)})
    with pytest.raises(InputError, match="unknown column 'seat'; nearest: seats"):
        read_lines(tmp_path / "r.jsonl", units=["seat"])
