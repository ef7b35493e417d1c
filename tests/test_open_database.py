"""An open database makes the relations that a statement names, and no others."""

from contextlib import suppress
from pathlib import Path

import pytest
from exports import spend_log, write_jsonl

from audit.intake.loading import load
from audit.warehouse import Warehouse

VIEWS = "select view_name from duckdb_views() where temporary and not internal"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    load([str(write_jsonl(tmp_path / "log.jsonl", [spend_log(number) for number in range(3)]))], tmp_path / "u.duckdb")
    return tmp_path / "u.duckdb"


def lose(warehouse: Warehouse, query: str) -> None:
    """Ask `query` in a transaction that fails."""
    with suppress(ZeroDivisionError), warehouse.transaction():
        warehouse.rows(query)
        raise ZeroDivisionError


def test_a_view_is_made_by_the_first_statement_that_names_it_with_all_that_it_reads(db: Path) -> None:
    with Warehouse.read(db) as warehouse:
        assert warehouse.rows(VIEWS) == []
        assert warehouse.count('SELECT count(*) FROM "Requests"') == 3
        assert {name for (name,) in warehouse.rows(VIEWS)} >= {"requests", "loaded_facts"}
        assert "customer_usage" not in {name for (name,) in warehouse.rows(VIEWS)}


def test_what_a_transaction_made_and_lost_is_made_again(db: Path) -> None:
    with Warehouse.create(db) as warehouse:
        lose(warehouse, "select count(*) from requests")
        assert warehouse.count("select count(*) from requests") == 3


def test_a_relation_that_was_replaced_stays_replaced(db: Path) -> None:
    with Warehouse.create(db) as warehouse:
        warehouse.execute("create or replace temp view requests as select 1 as one")
        lose(warehouse, "select * from requests")
        assert warehouse.rows("select * from requests") == [(1,)]
