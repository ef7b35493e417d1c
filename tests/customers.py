"""A small log of three customers and some requests of nobody, on endpoints with each kind of verdict."""

from pathlib import Path

from audit.assumptions import Assumptions
from audit.config import Config
from audit.intake.loading import load
from tests.exports import Row, write_csv
from tests.logged import SMALL, calls, outcomes_file

ENDPOINTS = ("sort", "talk", "draw", "plan")
CONFIG = Config(stakes=dict.fromkeys(ENDPOINTS, "low"))
ASSUMPTIONS = Assumptions()
FORMULA = "=HYPERLINK(1)"
"""The id of a customer, as somebody may choose it to harm whoever opens a table."""


def of(customer: str, endpoint: str, count: int, **columns: object) -> list[Row]:
    """`count` calls of a customer; their ids are its own."""
    rows = (row | {"customer_id": customer} | columns for row in calls(endpoint, count))
    return [row | {"request_id": f"{customer}/{'/'.join(columns)}/{row['request_id']}"} for row in rows]


def customers_database(folder: Path) -> Path:
    """`sort` routes, `talk` is a pilot, `draw` is gated, `plan` keeps; one model has no price, some requests fail."""
    rows: list[Row] = [
        *of("acme", "sort", 250, conversation_id="a"),
        *of("acme", "talk", 120, usage_cache_read_input_tokens=400, conversation_id="b"),
        *of("acme", "draw", 10, has_images=True, image_count=2, conversation_id="c"),
        *of("bolt", "sort", 90, usage_output_tokens=900),
        *of("bolt", "plan", 220, usage_input_tokens=70_000),
        *of("bolt", "talk", 15, model=SMALL),
        *of("bolt", "sort", 5, is_failed=True),
        *of(FORMULA, "talk", 130, usage_input_tokens=3000, usage_cache_read_input_tokens=1500),
        *of(FORMULA, "house", 7, model="house-llama-70b", provider_name="self"),
        *of("", "sort", 60),
        *of("", "plan", 40),
    ]
    db = folder / "usage.duckdb"
    log = write_csv(folder / "log.csv", _filled(rows))
    report = load([str(log)], db)
    assert (report.refused, report.failed_checks, report.total("rejected")) == ((), (), 0)
    outcomes_file(db, [(None, 1, 1)] * 500, endpoint="sort")
    outcomes_file(db, [(None, 1, 0 if number % 3 == 0 else 1) for number in range(300)], endpoint="plan")
    return db


def _filled(rows: list[Row]) -> list[Row]:
    names = dict.fromkeys(name for row in rows for name in row)
    return [dict.fromkeys(names, "") | row for row in rows]
