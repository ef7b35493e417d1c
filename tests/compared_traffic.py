"""Small logs in the tool's own words, and what `audit compare` makes of them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from audit.comparing.candidate_pairs import candidate_pairs
from audit.comparing.two_models import compare
from audit.config import Config
from audit.intake.loading import load
from audit.scope import Question
from audit.warehouse import Warehouse
from tests.loads import jsonl

ON = date(2026, 11, 25)
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
"""Inside one month in which no price of the models used here changes."""


def call(number: int, into: int, out: int, *, cached: int = 0, **columns: object) -> dict[str, object]:
    """One call of gpt-4o on the route `chat`, an hour after the call before; `columns` replaces what it names."""
    row: dict[str, object] = {
        "request_id": f"r{number}",
        "start_time": (START + timedelta(hours=number)).isoformat(),
        "provider_name": "openai",
        "model": "gpt-4o-2024-08-06",
        "route": "chat",
        "usage_input_tokens": into,
        "usage_cache_read_input_tokens": cached,
        "usage_output_tokens": out,
        "duration_ms": 2_000,
    }
    return row | columns


def database(folder: Path, rows: Iterable[dict[str, object]], config: Config | None = None) -> Path:
    """A database of these calls."""
    db = folder / "usage.duckdb"
    report = load([str(jsonl(folder / "log.jsonl", *rows))], db, config=config or Config())
    assert report.refused == ()
    assert report.total("rejected") == 0
    return db


def compared(db: Path, a: str = "gpt-4o", b: str = "gpt-4o-mini", config: Config | None = None) -> dict[str, Any]:
    """The comparison beside the traffic of a database."""
    with Warehouse.read(db) as warehouse:
        return compare(warehouse, Question(incumbent=a, candidate=b, today=ON), config or Config())


def pairs(db: Path, config: Config | None = None) -> dict[str, Any]:
    """The pairs worth a look in a database."""
    with Warehouse.read(db) as warehouse:
        return candidate_pairs(warehouse, config or Config(), ON)
