"""Tables of a PostgreSQL database, against a real server on loopback."""

import json
import tempfile
from collections.abc import Generator
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from exports import spend_logs, write_csv
from postgres_server import PASSWORD, REASON, program, running
from said import asked
from typer.testing import CliRunner

from audit.cli import app
from audit.errors import AuditError, InputError, UnknownNameError
from audit.intake.load_report import LoadReport
from audit.intake.loading import load
from audit.intake.rejects import listed
from audit.readers import postgres
from audit.readers.finding import find
from audit.warehouse import Warehouse

pytestmark = pytest.mark.skipif(program("initdb") is None or program("pg_ctl") is None, reason=REASON)

CALLS = 400
SPEND_LOGS = """
    create table "LiteLLM_SpendLogs" (
        request_id text primary key, call_type text not null, api_key text not null default '',
        spend double precision not null default 0, total_tokens integer not null default 0,
        prompt_tokens integer not null default 0, completion_tokens integer not null default 0,
        "startTime" timestamp(3) not null, "endTime" timestamp(3) not null, "completionStartTime" timestamp(3),
        model text not null default '', model_group text default '', custom_llm_provider text default '',
        "user" text default '', metadata jsonb default '{}', cache_hit text default '', request_tags jsonb default '[]',
        status text, messages jsonb default '{}'
    )
"""
"""The columns of LiteLLM's table that matter here, with their types and defaults, after its schema.prisma."""
KEPT = (
    "request_id", "call_type", "spend", "prompt_tokens", "completion_tokens", "startTime", "endTime", "model",
    "model_group", "custom_llm_provider", "metadata", "cache_hit", "request_tags", "status",
)  # fmt: skip


@pytest.fixture(scope="module")
def port() -> Generator[int, None, None]:
    """A server with the database `litellm`, and a user `reader` who may read one table of it."""
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder, running(Path(folder)) as number:
        owner = f"host=127.0.0.1 port={number} user=owner password={PASSWORD}"
        with psycopg.connect(f"{owner} dbname=postgres", autocommit=True) as con:
            con.execute("create database litellm")
            con.execute("alter database litellm set datestyle = 'German'")
            con.execute("alter database litellm set timezone = 'Asia/Tokyo'")
        with psycopg.connect(f"{owner} dbname=litellm") as con:
            con.execute(SPEND_LOGS)
            columns = ", ".join(f'"{name}"' for name in KEPT)
            values = ", ".join(["%s"] * len(KEPT))
            with con.cursor() as cursor:
                cursor.executemany(
                    f'insert into "LiteLLM_SpendLogs" ({columns}) values ({values})',  # pyright: ignore[reportArgumentType]
                    [[_given(name, row[name]) for name in KEPT] for row in spend_logs(CALLS)],
                )
            con.execute("create table teams (id int, name text)")
            con.execute('create view recent as select * from "LiteLLM_SpendLogs" limit 10')
            con.execute("create schema other")
            con.execute('create table other."Odd ""table"", #1" as select * from "LiteLLM_SpendLogs" limit 3')
            con.execute("create table other.teams (id int, name text)")
            con.execute(
                'create table arrays as select request_id, "startTime", model, prompt_tokens, '
                "completion_tokens, array['chat', 'b'] as request_tags from \"LiteLLM_SpendLogs\" limit 5"
            )
            con.execute(f"create role reader login password '{PASSWORD}'")
            con.execute("create role stranger login password 'another'")
            con.execute('grant select on "LiteLLM_SpendLogs" to reader')
        yield number


def _given(name: str, value: object) -> object:
    if name.endswith("Time"):
        return datetime.fromisoformat(str(value)).replace(tzinfo=None)
    return value


@pytest.fixture
def server(port: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the database for its owner, whose password is in the environment."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    return f"postgresql://owner@127.0.0.1:{port}/litellm"


def counts(report: LoadReport) -> dict[str, tuple[int, int, int, int]]:
    return {f.path.rpartition("/")[2]: (f.read, f.loaded, f.duplicate, f.rejected) for f in report.files}


def test_the_table_of_a_litellm_proxy_is_loaded_as_its_csv_export_would_be(server: str, tmp_path: Path) -> None:
    table, file = tmp_path / "table.duckdb", tmp_path / "file.duckdb"
    report = load([f"{server}#LiteLLM_SpendLogs"], table)
    assert counts(report) == {"litellm#LiteLLM_SpendLogs": (CALLS, CALLS, 0, 0)}
    load([str(write_csv(tmp_path / "a.csv", spend_logs(CALLS)))], file)
    columns = "request_id, start_time, duration_ms, usage_input_tokens, usage_output_tokens, tags, endpoint, model"
    with Warehouse.read(table) as one, Warehouse.read(file) as other:
        query = f"select {columns} from requests order by request_id"
        assert one.rows(query) == other.rows(query)
        assert len(one.rows(query)) == CALLS


def test_the_texts_of_its_rows_are_read_again_where_they_stayed_as_they_were(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(server, autocommit=True) as con:
        con.execute('create table said as select * from "LiteLLM_SpendLogs" limit 3')
        con.execute(
            "update said set messages = jsonb_build_array(jsonb_build_object('role', 'user', 'content', request_id))"
        )
        try:
            load([f"{server}#said"], tmp_path / "usage.duckdb")
            monkeypatch.setenv("PGUSER", "owner")
            texts = [each.body for each in asked(tmp_path / "usage.duckdb")]
            assert texts == [{"messages": [{"role": "user", "content": f"chatcmpl-{number}"}]} for number in range(3)]
            con.execute('update said set messages = \'[{"role": "user", "content": "x"}]\'')
            assert [each.body for each in asked(tmp_path / "usage.duckdb")] == [None] * 3
        finally:
            con.execute("drop table said")


def test_a_table_loaded_twice_changes_nothing(server: str, tmp_path: Path) -> None:
    load([f"{server}#LiteLLM_SpendLogs"], tmp_path / "usage.duckdb")
    again = load([f"{server}#LiteLLM_SpendLogs"], tmp_path / "usage.duckdb")
    assert counts(again) == {"litellm#LiteLLM_SpendLogs": (CALLS, 0, CALLS, 0)}


def test_without_a_table_those_of_the_schema_public_that_a_reader_knows_are_taken_and_no_views(
    server: str, tmp_path: Path
) -> None:
    assert [name.partition("#")[2] for name, _ in find([server], tmp_path)] == ["LiteLLM_SpendLogs", "arrays"]


@pytest.mark.parametrize(
    "name", ["public.LiteLLM_SpendLogs", "litellm_spendlogs", "recent", 'other.Odd%20"table",%20%231', "arrays"]
)
def test_a_table_or_view_is_named_with_or_without_its_schema_and_in_any_case(
    server: str, tmp_path: Path, name: str
) -> None:
    (file,) = load([f"{server}#{name}"], tmp_path / "usage.duckdb").files
    assert file.loaded == file.read > 0


def test_an_array_is_read_as_the_list_it_is(server: str, tmp_path: Path) -> None:
    load([f"{server}#arrays"], tmp_path / "usage.duckdb")
    with Warehouse.read(tmp_path / "usage.duckdb") as warehouse:
        assert warehouse.rows("select distinct tags from requests") == [(["chat", "b"],)]


def test_all_tables_of_one_address_show_one_moment_and_nothing_can_be_written(server: str) -> None:
    with postgres._connected(server, server) as con:  # pyright: ignore[reportPrivateUsage]
        ((level, read_only),) = con.execute(
            "select current_setting('transaction_isolation'), current_setting('transaction_read_only')"
        ).fetchall()
    assert (level, read_only) == ("repeatable read", "on")


def test_the_text_of_a_reject_of_a_table_is_there_only_where_it_was_kept(
    server: str, port: int, tmp_path: Path
) -> None:
    with psycopg.connect(f"host=127.0.0.1 port={port} user=owner password={PASSWORD} dbname=litellm") as con:
        con.execute("create table bad as select * from arrays")
        con.execute("update bad set completion_tokens = -5 where request_id = (select min(request_id) from bad)")
    try:
        for keep_raw in (False, True):
            db = tmp_path / f"{keep_raw}.duckdb"
            load([f"{server}#bad"], db, keep_raw=keep_raw)
            with Warehouse.read(db) as warehouse:
                (reject,) = listed(warehouse)
            assert "-5" in reject.reason
            assert (reject.text is not None, reject.unavailable is None) == (keep_raw, keep_raw)
    finally:
        with psycopg.connect(f"host=127.0.0.1 port={port} user=owner password={PASSWORD} dbname=litellm") as con:
            con.execute("drop table bad")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://owner@127.0.0.1:{port}/nowhere", "does not exist"),
        ("postgresql://owner:not-the-{word}@127.0.0.1:{port}/litellm", "password authentication failed"),
        ("postgresql://stranger:another@127.0.0.1:{port}/litellm#LiteLLM_SpendLogs", "grant select"),
        ("postgresql://owner@127.0.0.1:1/litellm", "onnection"),
        ("postgresql://owner@127.0.0.1:{port}/litellm#LiteLLM_SpendLog", "nearest: LiteLLM_SpendLogs"),
        ("postgresql://owner@127.0.0.1:{port}/postgres", "no table of the schema public is known"),
        ("postgresql://owner@127.0.0.1:{port}/litellm?password={word}&nonsense=1", "nonsense"),
    ],
)
def test_what_is_wrong_with_server_user_or_table_is_one_clear_error_without_the_password(
    server: str, port: int, tmp_path: Path, address: str, words: str
) -> None:
    assert server
    with pytest.raises(AuditError) as raised:
        load([address.format(port=port, word=PASSWORD)], tmp_path / "usage.duckdb")
    assert isinstance(raised.value, (InputError, UnknownNameError))
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)
    assert PASSWORD not in str(raised.value)
    assert raised.value.__cause__ is None


def test_the_password_is_in_no_database_and_on_no_stream(port: int, tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    address = f"postgresql://reader:{PASSWORD}@127.0.0.1:{port}/litellm?connect_timeout=5#LiteLLM_SpendLogs"
    result = CliRunner().invoke(app, ["load", address, "--db", str(db), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["rows"]["loaded"] == CALLS
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir()) + result.output.encode()
    assert b"/litellm#LiteLLM_SpendLogs" in kept
    assert PASSWORD.encode() not in kept
