"""Which of several records with one id a script counts."""

from itertools import permutations
from pathlib import Path

import duckdb
import pytest
from exports import Row, spend_log
from handed_over import SALT, script, table_of

ONE_ID: dict[str, Row] = {
    "cheapest, but failed": {"spend": "0.1", "status": "failure", "request_tags": '["app:d"]'},
    "dear": {"spend": "0.5", "status": "success", "request_tags": '["app:z"]'},
    "cheap": {"spend": "0.3", "status": "success", "request_tags": '["app:a"]'},
    "as cheap, with a later tag": {"spend": "0.3", "status": "success", "request_tags": '["app:b"]'},
    "without a price": {"spend": None, "status": "success", "request_tags": '["app:y"]'},
}


@pytest.mark.parametrize("order", [*permutations(ONE_ID)][::17])
def test_of_records_with_one_id_the_cheapest_that_did_not_fail_counts_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...]
) -> None:
    monkeypatch.setenv("AUDIT_SALT", SALT)
    table = table_of(tmp_path / "logs.parquet", [spend_log(1) | ONE_ID[name] for name in order])
    with duckdb.connect() as con:
        con.execute(f"create table logs as from '{table}'")
        con.execute(script("duckdb", endpoint="tag:app:"))
        cells = con.execute(
            "select endpoint, outcome, request_count, billed_cost::double from cells where handed_over = 'cell'"
        ).fetchall()
        counted = con.execute("select record_count from cells where name = 'duplicate_count'").fetchall()
    assert cells == [("app:b", "billed", 1, 0.3)]
    assert counted == [(4,)]
