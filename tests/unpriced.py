"""Requests with tokens of any class, price lists that lack some of the classes, and what a request then costs."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from audit.config import Config
from audit.intake.loading import load
from tests.exports import Row, write_csv
from tests.logged import calls

PRICES = {
    "input": Decimal("3"),
    "cache_read": Decimal("0.7"),
    "cache_creation": Decimal("4.1"),
    "cache_creation_1h": Decimal("6.3"),
    "output": Decimal("11"),
    "audio_input": Decimal("40"),
    "audio_output": Decimal("90"),
}
"""Dollars per million tokens, of whichever of them a model's list has."""
USED = {
    "usage_input_tokens": ("input", "cache_read", "cache_creation", "cache_creation_1h", "audio_input"),
    "usage_cache_read_input_tokens": ("cache_read",),
    "usage_cache_creation_input_tokens": ("cache_creation", "cache_creation_1h"),
    "usage_cache_creation_1h_input_tokens": ("cache_creation_1h",),
    "usage_output_tokens": ("output", "audio_output"),
    "usage_audio_input_tokens": ("audio_input",),
    "usage_audio_output_tokens": ("audio_output",),
}
"""Each column of a log with the disjoint classes that it counts."""
Tokens = Mapping[str, int]
"""Of one request, by disjoint class."""
INSTEAD = {"cache_read": "input", "cache_creation": "input", "cache_creation_1h": "cache_creation"}
"""What stands in for a class without a price of its own."""


def cost(tokens: Tokens, listed: Sequence[str]) -> Decimal | None:
    """Of one request, in dollars; None where some of its tokens have no price."""
    total = Decimal(0)
    for name, count in tokens.items():
        priced = name if name in listed else INSTEAD.get(name, name)
        if count and priced not in listed:
            return None
        total += count * PRICES[priced] / 1_000_000 if count else 0
    return total


def row(number: int, model: str, tokens: Tokens, **columns: object) -> Row:
    """Call `number`, of one of three days and two customers; `columns` replaces what it names."""
    counted = {column: sum(tokens[name] for name in classes) for column, classes in USED.items()}
    found = {"request_id": f"r-{number}", "customer_id": f"c-{number % 2}", "is_failed": "", **counted}
    (made,) = calls(f"e-{number % 2}", 1, day=date(2026, 9, 1 + number % 3), model=model, **found)
    return made | columns


def database(folder: Path, rows: Sequence[Row], lists: Mapping[str, Sequence[str]]) -> tuple[Path, Config]:
    """A database of the calls, and its price list: by model the classes of tokens that have a price."""
    lines = [f"{model},{name},{PRICES[name]}\n" for model, listed in lists.items() for name in listed]
    (folder / "prices.csv").write_text("model,token_class,usd_per_million\n" + "".join(lines))
    config, db = Config(prices_file=folder / "prices.csv"), folder / "usage.duckdb"
    report = load([str(write_csv(folder / "log.csv", rows))], db, config=config)
    assert (report.refused, report.failed_checks) == ((), ())
    return db, config


def logged(
    folder: Path, requests: Sequence[tuple[str, Tokens]], lists: Mapping[str, Sequence[str]]
) -> tuple[Path, Config]:
    """A database of requests (model, tokens by disjoint class) that all came off, and its price list."""
    return database(folder, [row(number, *each) for number, each in enumerate(requests)], lists)


def use(**tokens: int) -> dict[str, int]:
    """So many tokens, and none of the other classes."""
    return dict.fromkeys(PRICES, 0) | tokens
