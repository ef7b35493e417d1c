"""A script run where the logs are, and its result loaded here, give what a load of the same logs gives."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
from exports import START, Row, generated_log, spend_log, spend_logs
from handed_over import COLUMNS, COMPARED, SALT, as_table, hostile_rows, in_duckdb, reasons, rows_of, script, table_of

import audit
from audit.errors import AuditError, ConfigError, InputError
from audit.library.loading import load
from audit.library.scripting import warehouse_script


@pytest.fixture(autouse=True)
def _one_salt(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.setenv("AUDIT_SALT", SALT)


def result_of(folder: Path, rows: Sequence[Row], **options: str) -> Path:
    """The result of the script over these rows of LiteLLM's table."""
    return in_duckdb(table_of(folder / "logs.parquet", rows), script("duckdb", **options))


def both(logs: Path, cells: Path, endpoint: str | None = None, config: Path | None = None) -> tuple[Path, Path]:
    """Databases of the logs and of the cells."""
    here, there = (logs.with_name(f"{name}.duckdb") for name in ("here", "there"))
    load(logs, db=here, cells_only=True, keys=False, endpoint=endpoint, config=config)
    report = load(cells, db=there, config=config)
    assert (report.failed_checks, report.refused) == ((), ())
    return here, there


def assert_same(here: Path, there: Path) -> None:
    for compared in COMPARED:
        assert rows_of(there, compared) == rows_of(here, compared), compared


@pytest.mark.parametrize("endpoint", [None, "tag:endpoint:", "metadata.app's.part"])
def test_hostile_rows_give_the_same_cells_as_their_file(tmp_path: Path, endpoint: str | None) -> None:
    options = {} if endpoint is None else {"endpoint": endpoint}
    cells = result_of(tmp_path, hostile_rows(), **options)
    here, there = both(tmp_path / "logs.jsonl", cells, endpoint)
    assert_same(here, there)
    assert reasons(there) == reasons(here)


def test_names_of_endpoints_and_models_are_those_of_the_settings_it_is_loaded_with(tmp_path: Path) -> None:
    settings = tmp_path / "audit.toml"
    rule = '{ pattern = "^[a-z].*$", replacement = "renamed" }'
    settings.write_text(f'[endpoint]\nrewrite = [{rule}]\n[models]\n"Ünïcode" = "gpt-4o-mini"\n')
    here, there = both(tmp_path / "logs.jsonl", result_of(tmp_path, hostile_rows()), config=settings)
    assert_same(here, there)
    with duckdb.connect(there, read_only=True) as con:
        assert con.execute("select 1 from traffic_cells where endpoint = 'renamed' limit 1").fetchall()
        assert not con.execute("from traffic_cells where lower(model) = 'ünïcode'").fetchall()


def test_a_generated_log_with_bad_lines_and_duplicates_gives_the_same_report(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    generated_log(log, "litellm", rows=20_000, bad=60)
    here, there = both(log, in_duckdb(as_table(log, tmp_path / "logs.parquet"), script("duckdb")))
    assert_same(here, there)
    assert rows_of(there, "files")[0][3] != 0, "no duplicate was found"
    documents = [json.loads(json.dumps(audit.open(db).report().document, default=str)) for db in (here, there)]
    for document in documents:
        del document["files"]
        # lines that cannot be read are rows of NULLs in the table, and say why in the file
        assert document["data_quality"].pop("reject_reasons")["usage_input_tokens twelve is not a count"] == 7
    assert documents[0] == documents[1]


def test_a_table_of_numbers_and_times_is_read_by_a_column_map(tmp_path: Path) -> None:
    table = tmp_path / "logs.parquet"
    generated_log(table, "csv", rows=3_000)
    with duckdb.connect() as con:
        columns = [str(name) for name, *_ in con.execute(f"describe from '{table}'").fetchall()]
    text = warehouse_script("logs", dialect="duckdb", format="flat_log", columns=columns, into="cells")
    here, there = both(table, in_duckdb(table, text))
    assert_same(here, there)


def test_columns_may_be_in_capitals_and_hold_json(tmp_path: Path) -> None:
    rows = spend_logs(40)
    text = table_of(tmp_path / "logs.parquet", rows)
    nested = tmp_path / "nested.parquet"
    items = ", ".join(
        f'cast("{name}" as json) as {name.upper()}' if name == "metadata" else f'"{name}" as {name.upper()}'
        for name in COLUMNS
    )
    with duckdb.connect() as con:
        con.execute(f"copy (select {items} from '{text}') to '{nested}'")
    columns = [f"{name.upper()}:json" if name == "metadata" else name.upper() for name in COLUMNS]
    script_text = warehouse_script("logs", dialect="duckdb", format="litellm_spend_logs", columns=columns, into="cells")
    here, there = both(tmp_path / "logs.jsonl", in_duckdb(nested, script_text))
    assert_same(here, there)


def test_the_same_result_loaded_again_changes_nothing(tmp_path: Path) -> None:
    cells = result_of(tmp_path, spend_logs(40))
    db = tmp_path / "usage.duckdb"
    load(cells, db=db)
    before = {compared: rows_of(db, compared) for compared in COMPARED}
    (again,) = load(cells, db=db).files
    assert (again.read, again.loaded, again.duplicate) == (40, 0, 40)
    assert {compared: rows_of(db, compared) for compared in COMPARED} == before


def test_parts_of_a_result_in_a_folder_are_one_result_in_any_order(tmp_path: Path) -> None:
    cells = result_of(tmp_path, spend_logs(200))
    parts = tmp_path / "parts"
    parts.mkdir()
    with duckdb.connect() as con:
        for part in range(3):
            con.execute(
                f"copy (select * exclude (n) from (select *, row_number() over () as n from '{cells}') "
                f"where n % 3 = {part} order by n desc) to '{parts / f'{3 - part}.parquet'}'"
            )
    (parts / "_SUCCESS").touch()
    here, there = both(tmp_path / "logs.jsonl", parts)
    assert_same(here, there)
    (again,) = load(cells, db=there).files
    assert again.loaded == 0


def test_months_follow_each_other_and_the_same_time_twice_is_refused(tmp_path: Path) -> None:
    months: list[Path] = []
    for name, rows in (("a", spend_logs(30)), ("b", [spend_log(n, start=START.replace(month=5)) for n in range(30)])):
        (tmp_path / name).mkdir()
        months.append(result_of(tmp_path / name, rows))
    (tmp_path / "c").mkdir()
    overlapping = result_of(tmp_path / "c", spend_logs(31))
    db = tmp_path / "usage.duckdb"
    for month in months:
        load(month, db=db)
    with pytest.raises(InputError, match=r"of a time that .* showed before"):
        load(overlapping, db=db)
    with duckdb.connect(db, read_only=True) as con:
        assert con.execute("select sum(request_count) from traffic_cells").fetchall() == [(60,)]


def test_a_reject_is_counted_by_its_reason(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    rows = [*spend_logs(5), spend_log(7, prompt_tokens="twelve"), spend_log(8, call_type="afile_list")]
    report = load(result_of(tmp_path, rows), db=db)
    assert (report.total("rejected"), report.total("not_calls")) == (2, 1)
    assert reasons(db) == {"usage_input_tokens twelve is not a count": 1}
    assert report.failed_checks == ()


def test_a_result_of_rejects_alone_is_loaded_with_a_warning(tmp_path: Path) -> None:
    rows = [spend_log(number, prompt_tokens="twelve") for number in range(3)]
    report = load(result_of(tmp_path, [*rows, spend_log(3, startTime=None)]), db=tmp_path / "usage.duckdb")
    assert report.total("rejected") == 4
    assert [said.partition(": ")[2] for said in report.warnings] == [
        "none of its 4 records could be loaded; of 3: usage_input_tokens twelve is not a count"
    ]


WRONG = (
    ("delete from changed where handed_over = 'cell' and output_bin = 8", "does not add up: the total of"),
    ("insert into changed from changed where handed_over = 'cell'", "does not add up: the total of request_count"),
    ("update changed set record_count = 41 where name = 'read_count'", "does not add up: read_count is 41"),
    ("update changed set record_count = -1 where name = 'not_call_count'", "a negative count"),
    ("update changed set value = '99' where name = 'version'", "of version 99, and version 2 is what"),
    ("delete from changed where name = 'loaded_count'", "does not say its loaded_count"),
    ("alter table changed drop column outcome", "lacks the column outcome"),
    ("alter table changed alter usage_date type varchar using 'never'", "cannot be read as the result of a script"),
    ("update changed set value = '0' where name = 'length_bands'", "other bands of input length"),
    ("update changed set record_count = 3 where name = 'bucket_count'", "holds 3 buckets of several requests"),
    ("update changed set record_count = 3 where name = 'nested_count'", "holds 3 calls inside of other calls"),
    ("insert into changed from changed", "holds more than one result"),
    ("insert into changed from changed where handed_over in ('cell', 'total')", "loaded_count is 40, and the requests"),
    ("update changed set handed_over = null where name = 'nested_count'", "holds 1 row that is none of a result"),
    ("update changed set handed_over = 'bill' where name = 'nested_count'", "holds 1 row that is none of a result"),
    ("delete from changed where name = 'bucket_count'", "does not say its bucket_count"),
    ("delete from changed where name = 'nested_count'", "does not say its nested_count"),
    ("update changed set record_count = null where name = 'first_time'", "does not say its first_time"),
    ("delete from changed where name = 'last_time'", "does not say its last_time"),
    ("update changed set usage_date = null where handed_over = 'cell'", "of its 40 requests 0 have a day"),
    ("update changed set request_model = null where handed_over = 'cell'", "of its 40 requests 0 have a day"),
    ("update changed set value = 'route:' where name = 'endpoint_rule'", None),
)


@pytest.mark.parametrize(("change", "said"), WRONG)
def test_a_result_that_was_changed_is_refused_and_changes_nothing(
    tmp_path: Path, change: str, said: str | None
) -> None:
    cells = result_of(tmp_path, spend_logs(40))
    changed = tmp_path / "changed.parquet"
    with duckdb.connect() as con:
        con.execute(f"create table changed as from '{cells}'")
        con.execute(change)
        con.execute(f"copy changed to '{changed}'")
    db, is_first = tmp_path / "usage.duckdb", said is not None
    if not is_first:
        load(result_of(tmp_path, [spend_log(1, start=START.replace(month=6))]), db=db)
    with pytest.raises(AuditError, match=said or "its endpoints are by route:, and those of .* by no rule"):
        load(changed, db=db)
    assert db.exists() is not is_first
    if not is_first:
        with duckdb.connect(db, read_only=True) as con:
            assert con.execute("select count(*) from files").fetchall() == [(1,)]


def test_a_new_database_takes_salt_and_endpoint_rule_from_its_first_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row for row in hostile_rows() if row.get("messages")]
    cells = result_of(tmp_path, rows, endpoint="tag:app:")
    monkeypatch.delenv("AUDIT_SALT")
    db = tmp_path / "usage.duckdb"
    load(cells, db=db)
    with duckdb.connect(db, read_only=True) as con:
        meta = dict(con.execute("select key, value from meta").fetchall())
    assert (meta["salt"], meta["endpoint_rule"]) == (SALT, "tag:app:")
    later = [row | {"startTime": "2026-06-01 00:00:00+00:00", "request_id": f"l{n}"} for n, row in enumerate(rows)]
    with pytest.raises(InputError, match=r"another salt than .*--db"):
        load(result_of(tmp_path, later, endpoint="tag:app:"), db=db)
    assert load(result_of(tmp_path, later, db=str(db)), db=db).total("loaded") == len(later)


def test_logs_and_results_are_not_loaded_in_one_call(tmp_path: Path) -> None:
    cells = result_of(tmp_path, spend_logs(4))
    with pytest.raises(InputError, match="load the one and then the other"):
        load([cells, tmp_path / "logs.jsonl"], db=tmp_path / "usage.duckdb")
    with pytest.raises(ConfigError, match="loaded without format, map and engine"):
        load(cells, db=tmp_path / "usage.duckdb", format="flat_log")


def test_logs_and_results_in_one_folder_are_refused(tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    result_of(tmp_path, spend_logs(4)).rename(mixed / "m.parquet")
    for name in ("a.parquet", "z.parquet", "a.jsonl", "z.jsonl"):
        logs = (tmp_path / "logs.parquet").with_suffix(Path(name).suffix)
        beside = logs.rename(mixed / name)
        with pytest.raises(InputError, match=f"mixed: holds the cells of a script .* and {name}, which does not"):
            load(mixed, db=tmp_path / "usage.duckdb")
        beside.rename(logs)


def test_two_results_in_one_folder_are_refused(tmp_path: Path) -> None:
    both_months = tmp_path / "both"
    both_months.mkdir()
    result_of(tmp_path, spend_logs(4)).rename(both_months / "a.parquet")
    result_of(tmp_path, [spend_log(9, start=START.replace(month=5))]).rename(both_months / "b.parquet")
    with pytest.raises(InputError, match="holds more than one result"):
        load(both_months, db=tmp_path / "usage.duckdb")


def test_a_table_of_buckets_is_refused_when_its_result_is_loaded(tmp_path: Path) -> None:
    rows = [spend_log(1, metadata=json.dumps({"batch_successful_requests": 3}))]
    with pytest.raises(InputError, match="holds 1 bucket of several requests"):
        load(result_of(tmp_path, rows), db=tmp_path / "usage.duckdb")


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"format": "langfuse"}, "records that are parts of one another"),
    ({"format": "openai_costs"}, "is a bill"),
    ({"format": "openai_batch"}, "records that are not one to a line or row"),
    ({"format": "flat_log"}, "name those of yours in --columns"),
    ({"format": "flat_log", "columns": ("start_time", "model")}, "has completion_tokens, prompt_tokens too"),
    ({"format": "litellm_spend_logs", "into": "logs"}, "is the table of the logs"),
    ({"format": "litellm_spend_logs", "into": "a..b"}, "is no name of a table in bigquery"),
    ({}, "name the format of the table"),
)


@pytest.mark.parametrize(("options", "said"), REFUSED)
def test_what_cannot_be_a_script_is_said(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        warehouse_script("logs", dialect="bigquery", **options)
