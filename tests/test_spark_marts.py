"""What a cost leaves out is the same on Spark as here: the relations that say it, run on the tables of one log."""

from decimal import Decimal
from typing import Any

import pytest

from audit import sql
from audit.assumptions import Assumptions
from audit.pipeline import run_report
from audit.scope import Question
from audit.warehouse import Warehouse
from tests.logged import TODAY
from tests.spark_engine import needs_spark, spark
from tests.unpriced import USED, database, row, use

pytestmark = needs_spark

RELATIONS = (
    "spend_by_day",
    "spend_by_day_and_model",
    "spend_by_endpoint",
    "spend_by_model",
    "list_cost_by_hour",
    "text_usage",
)
PARENTS = (
    "daily_usage",
    "spend_by_day",
    "report_sources",
    "price_cards",
    "cell_costs",
    "hourly_usage",
    "traffic_cells",
)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each relation has here; Spark gets the tables that they read."""
    folder = tmp_path_factory.mktemp("marts")
    rows = [
        *(row(number, "house-a", use(input=900, output=number % 2)) for number in range(12)),
        *(row(20 + number, "house-b", use(input=5)) for number in range(3)),
        row(30, "house-a", use(input=5), is_failed=True),
        row(31, "house-b", use(input=5), is_failed=True),
        row(32, "house-a", use(input=5)) | dict.fromkeys(USED, ""),
    ]
    db, config = database(folder, rows, {"house-a": ["input"]})
    with Warehouse.read(db) as warehouse:
        run_report(warehouse, Question(today=TODAY), config, Assumptions())
        for parent in PARENTS:
            path = folder / f"{parent}.parquet"
            warehouse.frame(f"select * from {parent}").write_parquet(path)
            spark().read.parquet(str(path)).createOrReplaceTempView(parent)
        return {name: in_order(warehouse.frame(f"select * from {name}").to_dicts()) for name in RELATIONS}


def in_order(rows: list[dict[str, Any]]) -> list[list[tuple[str, str]]]:
    return sorted([(name, _plain(value)) for name, value in sorted(each.items())] for each in rows)


def _plain(value: object) -> str:
    return str(value.normalize()) if isinstance(value, Decimal) else str(value)


@pytest.mark.parametrize("name", RELATIONS)
def test_a_relation_says_on_spark_what_its_cost_leaves_out_as_it_does_here(log: dict[str, Any], name: str) -> None:
    found = spark().sql(sql.transpile(sql.find(name), "spark")).collect()
    assert in_order([each.asDict() for each in found]) == log[name] != []
