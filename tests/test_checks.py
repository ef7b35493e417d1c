"""Every check of queries/5_checks holds on a sound database and fails once the thing it guards is broken."""

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from audit import sql
from audit.config import Config
from audit.intake.loading import load
from audit.scope import Question, settle
from audit.warehouse import Warehouse

SAMPLE = Path(__file__).parent / "data" / "samples" / "litellm" / "litellm_1.106.2_spend_logs.jsonl"
BREAKS = {
    "chk_rows_read_are_loaded_duplicate_or_rejected": "update files set read_count = read_count + 1",
    "chk_loaded_rows_are_there": "insert into set_aside select file_id, 1, 'duplicate' from files",
    "chk_every_request_is_in_one_cell": "delete from traffic_cells where model like '%mini%'",
    "chk_daily_usage_equals_cells": "update daily_usage set usage_output_tokens = usage_output_tokens + 1",
    "chk_cached_tokens_are_part_of_input": "update traffic_cells set usage_cache_read_input_tokens = 1000000",
    "chk_every_routable_cell_has_one_workload": "delete from workload_rules",
    "chk_dispositions_add_up_to_all_requests": (
        "insert into workload_rules select * replace ('w-twin' as workload_id) from workload_rules"
    ),
    "chk_every_workload_has_its_own_id": "update workload_rules set workload_id = 'w-twin'",
    "chk_rejects_are_located_or_no_calls": "update files set rejected_count = 1, read_count = read_count + 1",
    "chk_no_record_counts_twice": "insert into rejects select file_id, 1, 0, 9, 'no json', null from files",
    "chk_daily_costs_equal_cell_costs": "update daily_usage set usage_output_tokens = usage_output_tokens + 1",
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "usage.duckdb"
    assert load([str(SAMPLE)], path).failed_checks == ()
    return path


@pytest.fixture
def copy(sound: Path, tmp_path: Path) -> Iterator[Warehouse]:
    shutil.copy(sound, tmp_path / "usage.duckdb")
    with Warehouse.create(tmp_path / "usage.duckdb") as warehouse:
        yield warehouse


def failing(warehouse: Warehouse) -> set[str]:
    settle(warehouse, Question(today=date(2026, 11, 22)), Config())
    return {query.name for query in sql.in_folders("5_") if warehouse.rows(f"select * from ({query.select})")}


def test_every_check_has_a_way_to_break_it() -> None:
    assert set(BREAKS) == {query.name for query in sql.in_folders("5_")}


def test_a_sound_database_passes_every_check(copy: Warehouse) -> None:
    assert failing(copy) == set()


@pytest.mark.parametrize("name", BREAKS)
def test_a_check_fails_when_what_it_guards_is_broken(name: str, copy: Warehouse) -> None:
    copy.execute(BREAKS[name])
    assert name in failing(copy)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("chk_rejects_are_located_or_no_calls", "update stored_facts set reject_reason = 'not a model call: SPAN'"),
        ("chk_no_record_counts_twice", "insert into set_aside select file_id, 1, 'twice' from files, range(2)"),
        (
            "chk_no_record_counts_twice",
            "insert into set_aside select file_id, 1, 'duplicate' from files; "
            "insert into rejects select file_id, 1, 0, 9, 'no json', null from files",
        ),
        (
            "chk_no_record_counts_twice",
            "insert into unparsed_records select file_id, 1, 1 from files; "
            "insert into rejects select file_id, unnest([1, 2]), 0, 9, 'no json', null from files",
        ),
    ],
)
def test_a_check_fails_in_each_way_it_names(name: str, broken: str, copy: Warehouse) -> None:
    copy.execute(broken)
    assert name in failing(copy)
