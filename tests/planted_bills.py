"""A month of traffic and the bill for it, in plain arithmetic: what a test plants, it takes from here and changes."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
from exports import Row, write_csv

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 31
GPT_4O, MINI = "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"
PER_MILLION = {
    (GPT_4O, "input"): Decimal("2.50"),
    (GPT_4O, "cached input"): Decimal("1.25"),
    (GPT_4O, "output"): Decimal("10.00"),
    (MINI, "input"): Decimal("0.15"),
    (MINI, "cached input"): Decimal("0.075"),
    (MINI, "output"): Decimal("0.60"),
}
"""What OpenAI publishes, in dollars."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it really was; `cached` are of `tokens_in`."""

    start: datetime
    model: str
    project: str
    tokens_in: int
    cached: int
    tokens_out: int


def month(seed: int = 1) -> list[Call]:
    """Calls of every hour of 31 days and some around them, uneven over day and week: two models, two projects."""
    draw = random.Random(seed)
    calls: list[Call] = []
    for hour in range(-48, DAYS * 24 + 48):
        start = FIRST + timedelta(hours=hour, minutes=draw.randint(0, 59))
        weekend = 0.3 if start.weekday() > 4 else 1.0
        busy = 2.0 if 8 <= start.hour < 20 else 0.5
        for model, project in ((GPT_4O, "proj_a"), (GPT_4O, "proj_b"), (MINI, "proj_a")):
            tokens = int(weekend * busy * draw.uniform(20_000, 100_000))
            calls.append(Call(start, model, project, tokens, tokens // 4, tokens // 10))
    return calls


CALLS_OF_A_WEEK = [call for call in month() if FIRST - timedelta(days=1) <= call.start < FIRST + timedelta(days=7)]


def log(path: Path, calls: Iterable[Call], *, cached: bool = True) -> Path:
    """The calls under the canonical names; without `cached` the logger loses the cached tokens."""
    rows: list[Row] = [
        {
            "request_id": f"call-{number}",
            "start_time": call.start.isoformat(),
            "provider_name": "openai",
            "request_model": call.model,
            "usage_input_tokens": call.tokens_in,
            "usage_cache_read_input_tokens": call.cached if cached else 0,
            "usage_output_tokens": call.tokens_out,
            "project_id": call.project,
            "route": "/chat",
        }
        for number, call in enumerate(calls)
    ]
    return write_csv(path, rows)


@dataclass(frozen=True, slots=True)
class Charge:
    """One line of a bill, in dollars."""

    day: date
    item: str
    project: str
    amount: Decimal

    def times(self, factor: str) -> "Charge":
        """The same at another price."""
        return replace(self, amount=self.amount * Decimal(factor))


def charges(calls: Iterable[Call], *, ahead: int = 0, batch: Callable[[Call], bool] = lambda _: False) -> list[Charge]:
    """What the calls cost by day, line item and project; days `ahead` hours of UTC; `batch` calls at half the price."""
    sums: dict[tuple[date, str, str], Decimal] = defaultdict(Decimal)
    for call in calls:
        day = (call.start + timedelta(hours=ahead)).date()
        if not FIRST.date() <= day < FIRST.date() + timedelta(days=DAYS):
            continue
        half, word = (Decimal("0.5"), ", batch") if batch(call) else (Decimal(1), "")
        for token_class, tokens in (
            ("input", call.tokens_in - call.cached),
            ("cached input", call.cached),
            ("output", call.tokens_out),
        ):
            dollars = half * tokens * PER_MILLION[call.model, token_class] / 1_000_000
            sums[day, f"{call.model}, {token_class}{word}", call.project] += dollars
    return [Charge(*key, amount) for key, amount in sorted(sums.items())]


def as_loaded(lines: Iterable[Charge]) -> pl.DataFrame:
    """The lines as `audit load` keeps them, without a file."""
    starts = [(line, datetime.combine(line.day, datetime.min.time())) for line in lines]
    return pl.DataFrame(
        [
            {
                "period_start": start,
                "period_end": start + timedelta(days=1),
                "amount": line.amount,
                "currency": "usd",
                "line_item": line.item or None,
                "project_id": line.project or None,
                "is_organization_total": not (line.item or line.project),
            }
            for line, start in starts
        ],
        schema_overrides={"amount": pl.Decimal(38, 20)},
    )


def bill(path: Path, lines: Iterable[Charge]) -> Path:
    """The lines as OpenAI's cost CSV."""
    rows: list[Row] = []
    for line in lines:
        start = datetime.combine(line.day, datetime.min.time(), UTC)
        rows.append(
            {
                "start_time": int(start.timestamp()),
                "end_time": int((start + timedelta(days=1)).timestamp()),
                "start_time_iso": "",
                "end_time_iso": "",
                "amount_value": f"{line.amount:f}",
                "amount_currency": "usd",
                "line_item": line.item,
                "project_id": line.project,
            }
        )
    return write_csv(path, rows)
