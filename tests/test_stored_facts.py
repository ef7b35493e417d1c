"""The table of facts has the columns that some load could fill, and the view over it shows what every file stated."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from exports import generated_log
from loads import jsonl, loaded, query
from staging import CONTEXT, judged, prepared

from audit.config import Config
from audit.errors import InputError
from audit.intake.loading import load
from audit.schema import REQUEST_FACTS, STORED_FACTS, USUAL
from audit.warehouse import Warehouse

SAMPLES = Path(__file__).parent / "data" / "samples"
SALTED = {"prompt_hash", "template_hash"}


def is_of_requests(path: Path) -> bool:
    try:
        reader, _ = prepared(path)
    except InputError:
        return False
    return not reader.needs_siblings and reader.target == "request_facts"


def batched(paths: Sequence[Path], size: int) -> Iterator[Sequence[Path]]:
    return (paths[start : start + size] for start in range(0, len(paths), size))


def stored(db: Path) -> set[str]:
    return {str(name) for (name, *_) in query(db, "describe stored_facts")}


def test_a_column_that_no_load_can_fill_is_not_stored_and_reads_as_null(tmp_path: Path) -> None:
    db, log = tmp_path / "usage.duckdb", tmp_path / "log.csv"
    generated_log(log, "csv", rows=200)
    loaded(db, log)
    assert set(STORED_FACTS) < stored(db)
    assert not stored(db) & {"tags", "parent_id", "prompt_hash", "billed_cost", "response_model"}
    assert [name for (name, *_) in query(db, "describe request_facts")] == [*REQUEST_FACTS, "rowid"]
    assert query(db, "select count(*), count(tags), count(billed_cost), count(route) from request_facts") == [
        (200, 0, 0, 200)
    ]


def test_a_column_that_is_the_same_in_every_row_of_a_format_is_not_stored_and_reads_as_that(tmp_path: Path) -> None:
    db, log = tmp_path / "usage.duckdb", tmp_path / "log.csv"
    generated_log(log, "csv", rows=200)
    loaded(db, log)
    same = {"request_count": 1, "image_count": 0, "service_tier": "default", "gateway_cache_hit": False}
    assert not stored(db) & same.keys()
    assert query(db, f"select distinct {', '.join(same)} from request_facts") == [tuple(same.values())]


def test_that_usage_is_known_is_told_by_its_tokens(tmp_path: Path) -> None:
    db, log = tmp_path / "usage.duckdb", tmp_path / "log.jsonl"
    line = {"start_time": "2026-03-02T09:00:00Z", "model": "gpt-4o", "usage_input_tokens": 3}
    jsonl(log, line | {"usage_output_tokens": 4}, line | {"usage_output_tokens": None}, line | {"start_time": "soon"})
    loaded(db, log)
    assert query(db, "select usage_known, usage_input_tokens from request_facts order by rowid") == [
        (True, 3),
        (False, None),
        (False, None),
    ]
    assert "usage_known" not in stored(db)


def test_a_format_that_states_more_makes_room_for_it_beside_what_is_there(tmp_path: Path) -> None:
    db, flat, proxy = tmp_path / "usage.duckdb", tmp_path / "log.csv", tmp_path / "proxy.jsonl"
    generated_log(flat, "csv", rows=300)
    generated_log(proxy, "litellm", rows=300)
    loaded(db, flat)
    before = query(db, "select * exclude (load_id) from request_facts order by rowid")
    loaded(db, proxy)
    assert "tags" in stored(db)
    assert query(db, "select * exclude (load_id) from request_facts where file_id = 1 order by rowid") == before
    assert query(db, "select count(tags), min(rowid), max(rowid) from request_facts where file_id = 2") == [
        (300, 300, 599)
    ]


def test_a_file_without_rows_does_not_say_what_the_next_of_its_kind_can_fill(tmp_path: Path) -> None:
    db, empty, full = tmp_path / "usage.duckdb", tmp_path / "a.csv", tmp_path / "b.csv"
    header = "start_time,model,usage_input_tokens,usage_output_tokens,user_id\n"
    empty.write_text(header)
    full.write_text(f"{header}2026-03-02T09:00:00Z,gpt-4o,3,4,u1\n")
    loaded(db, empty, full)
    assert query(db, "select start_time is not null, request_model, user_id from request_facts") == [
        (True, "gpt-4o", "u1")
    ]


def test_an_unusual_word_is_kept_and_the_usual_one_is_implied(tmp_path: Path) -> None:
    db, log = tmp_path / "usage.duckdb", tmp_path / "log.jsonl"
    line = {"start_time": "2026-03-02T09:00:00Z", "model": "gpt-4o", "usage_input_tokens": 3, "usage_output_tokens": 4}
    jsonl(log, line | {"request_id": "a", "service_tier": "flex"}, line | {"request_id": "b"})
    loaded(db, log)
    assert query(db, "select service_tier, operation_name from request_facts order by rowid") == [
        ("flex", "chat"),
        ("default", "chat"),
    ]
    assert query(db, "select count(service_tier) from stored_facts") == [(1,)]


def test_the_facts_of_every_sample_are_what_its_staging_query_states_whatever_was_loaded_before(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    config = Config(metadata_keys=CONTEXT.metadata_keys)
    names = [name for name in REQUEST_FACTS if name not in SALTED]
    known = [path for path in sorted(SAMPLES.rglob("*")) if path.is_file() and is_of_requests(path)]
    compared = 0
    for some in batched(known, 20):
        load([str(path) for path in some], db, config=config)
        for path in some:
            with Warehouse.read(db) as warehouse:
                shown = warehouse.rows(
                    f"select {', '.join(names)} from request_facts where file_id in "
                    "(select file_id from files where path = ?) order by rowid",
                    [str(path)],
                )
            rows = [dict(zip(names, row, strict=True)) for row in shown]
            if not rows:  # the same bytes as a sample before it
                continue
            for row, stated in zip(rows, judged(path), strict=True):
                expected = {
                    name: USUAL.get(name) if stated[name] is None else stated[name] for name in names if name in stated
                }
                assert row == row | expected, path
            compared += 1
    assert compared >= 50
