"""What customers pay, from a file of the user's: read whole, and cut to the days that the log covers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from audit.counting import number_of
from audit.errors import ConfigError, InputError, UnknownNameError
from audit.evidence.record_files import read_bytes, read_records

DOCUMENTS = "documents"
"""A column that counts units without being named with --unit."""
COLUMNS = ("customer_id", "revenue", "currency", "period_start", "period_end", "plan", DOCUMENTS)
USD = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Days from `start` to the one before `end`."""

    start: date
    end: date

    @property
    def length(self) -> int:
        """How many days."""
        return (self.end - self.start).days

    def within(self, other: "Days") -> int:
        """How many of them lie in `other`."""
        return max(0, (min(self.end, other.end) - max(self.start, other.start)).days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the file, in USD."""

    customer_id: str
    revenue: Decimal
    period: Days | None
    plan: str | None
    units: Mapping[str, Decimal]


@dataclass(slots=True, kw_only=True)
class Account:
    """What one customer pays for the days of the log."""

    revenue: Decimal = Decimal(0)
    plan: str | None = None
    units: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))


@dataclass(frozen=True, slots=True, kw_only=True)
class Revenue:
    """Customers by id, and how their lines were brought to the days of the log."""

    accounts: Mapping[str, Account]
    is_stated: bool
    is_scaled: bool
    outside: int
    """Lines of other days."""


def read_lines(path: Path, *, units: Sequence[str] = (), rates: Mapping[str, Decimal] | None = None) -> list[Line]:
    """The lines of a CSV, JSON Lines or Parquet file with customer_id and revenue.

    Also read: period_start and period_end (the first day after), currency, plan, documents, and the columns `units`.
    `rates` gives the USD of one unit of other currencies. Raises InputError naming the line.
    """
    records, columns = read_records(path, read_bytes(path))
    for name in ("customer_id", "revenue", *units):
        if name not in columns:
            raise InputError(f"{path}: {UnknownNameError('column', name, columns, f'Its columns: {_named(columns)}')}")
    if doubled := sorted({name for name in columns if columns.count(name) > 1 and name in (*COLUMNS, *units)}):
        raise InputError(f"{path}: column {', '.join(doubled)} appears twice; keep one")
    counted = [*units, *([DOCUMENTS] if DOCUMENTS in columns and DOCUMENTS not in units else [])]
    lines = [_line(f"{path}, line {number:,}", record, counted, rates or {}) for number, record in records]
    if not lines:
        raise InputError(f"{path}: has no line below its header")
    stated = [line.period is not None for line in lines]
    if any(stated) and not all(stated):
        raise InputError(
            f"{path}: {stated.count(False):,} of {number_of(len(lines), 'line')} have no period; give all or none"
        )
    return lines


def in_window(lines: Sequence[Line], window: Days, path: Path) -> Revenue:
    """The accounts of the days `window`: a line whose period reaches beyond them counts by its share of days.

    Without periods every line is taken to be of the window. ConfigError where the periods leave days of the window
    out, with the days to ask for: revenue is never stretched over days that it is not of.
    """
    periods = [line.period for line in lines if line.period is not None]
    _refuse_gaps(periods, window, path)
    accounts: defaultdict[str, Account] = defaultdict(Account)
    scaled = outside = 0
    for line in lines:
        share = Decimal(1)
        if line.period is not None:
            days = line.period.within(window)
            share = Decimal(days) / line.period.length
            outside += not days
            scaled += 0 < days < line.period.length
            if not days:
                continue
        account = accounts[line.customer_id]
        account.revenue += line.revenue * share
        account.plan = line.plan or account.plan
        for name, number in line.units.items():
            account.units[name] += number * share
    return Revenue(accounts=accounts, is_stated=bool(periods), is_scaled=scaled > 0, outside=outside)


def _line(place: str, record: Mapping[str, object], units: Sequence[str], rates: Mapping[str, Decimal]) -> Line:
    customer = _text(record.get("customer_id"))
    if not customer:
        raise InputError(f"{place}: customer_id is empty; say whose revenue it is")
    currency = _text(record.get("currency")).upper() or USD
    if currency != USD and currency not in rates:
        raise InputError(f"{place}: revenue in {currency!r}, costs are in USD; give the rate: --rate {currency}=1.08")
    revenue = _number(place, "revenue", record.get("revenue"))
    return Line(
        customer_id=customer,
        revenue=revenue * rates[currency] if currency != USD else revenue,
        period=_period(place, record.get("period_start"), record.get("period_end")),
        plan=_text(record.get("plan")) or None,
        units={name: _number(place, name, record[name]) for name in units if _text(record.get(name))},
    )


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _number(place: str, name: str, value: object) -> Decimal:
    try:
        number = Decimal(_text(value))
    except InvalidOperation:
        number = Decimal("nan")
    if isinstance(value, bool) or not number.is_finite():
        raise InputError(f"{place}: {name} {_text(value)!r} is not a number; write 1250.00, without sign or separator")
    return number


def _period(place: str, start: object, end: object) -> Days | None:
    if not _text(start) and not _text(end):
        return None
    period = Days(start=_day(place, "period_start", start), end=_day(place, "period_end", end))
    if period.length <= 0:
        raise InputError(
            f"{place}: period_end {period.end} is not after period_start {period.start}; it is the first day that no "
            "longer counts"
        )
    return period


def _day(place: str, name: str, value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(_text(value)).date()
    except ValueError as error:
        raise InputError(f"{place}: {name} {_text(value)!r} is not a day; write it as YYYY-MM-DD") from error


def _refuse_gaps(periods: Sequence[Days], window: Days, path: Path) -> None:
    covered = window.start
    for start, end in sorted({(period.start, period.end) for period in periods}):
        if start > covered:
            break
        covered = max(covered, end)
    if not periods or covered >= window.end:
        return
    first, last = min(period.start for period in periods), max(period.end for period in periods)
    start, end = max(first, window.start), min(last, window.end)
    said = f"{path}: revenue of {first} to {last} does not cover the traffic of {window.start} to {window.end}"
    if start >= end:
        raise ConfigError(f"{said}; they share no day")
    raise ConfigError(f"{said}; ask for days that both cover: --since {start} --until {end}")


def _named(columns: Sequence[str]) -> str:
    return ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "")
