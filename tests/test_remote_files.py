"""Exports in buckets of S3, against moto's server on loopback; a missing client of any kind."""

import gzip
import importlib
import json
import logging
import sys
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest
import zstandard
from exports import spend_log, spend_logs, write_csv, write_jsonl
from typer.testing import CliRunner

from audit.cli import app
from audit.errors import InputError
from audit.intake.load_report import LoadReport
from audit.intake.loading import load
from audit.intake.rejects import listed
from audit.readers import remote
from audit.readers.finding import find
from audit.readers.locations import RemoteFile
from audit.warehouse import Warehouse

CALLS = 3000
KEY, SECRET = "AKIAPLANTEDKEY", "planted/secret+of+a+test"
PREFIX = "s3://exports/2026/"


def packed(folder: Path) -> dict[str, bytes]:
    """The same calls in every container; the JSON lines end with a broken line and one more call."""
    lines = write_jsonl(folder / "a.jsonl", [*spend_logs(CALLS), "oops", spend_log(CALLS)]).read_bytes()
    table = write_csv(folder / "a.csv", spend_logs(CALLS)).read_bytes()
    with duckdb.connect() as con:
        con.execute(f"copy (from read_csv('{folder / 'a.csv'}')) to '{folder / 'a.parquet'}' (row_group_size 2048)")
    return {
        "log.jsonl": lines,
        "log.jsonl.gz": gzip.compress(lines),
        "log.jsonl.zst": zstandard.ZstdCompressor().compress(lines),
        "table.csv": table,
        "table.csv.gz": gzip.compress(table),
        "table.csv.zst": zstandard.ZstdCompressor().compress(table),
        "document.json": json.dumps(spend_logs(CALLS)).encode(),
        "table.parquet": (folder / "a.parquet").read_bytes(),
    }


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return packed(tmp_path_factory.mktemp("contents"))


@pytest.fixture(scope="module")
def server() -> Generator[str, None, None]:
    """The address of an S3 server, in this process."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = cast("Any", importlib.import_module("moto.server"))
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture(scope="module")
def filled(server: str, contents: dict[str, bytes]) -> Generator[Any, None, None]:
    """The client that filled the bucket `exports`; the environment is that of a user who may read it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", server)
        patch.setenv("AWS_ACCESS_KEY_ID", KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        client = cast("Any", importlib.import_module("s3fs")).S3FileSystem(skip_instance_cache=True)
        client.makedirs("exports", exist_ok=True)  # moto keeps buckets for as long as the process lives
        for name, content in contents.items():
            client.pipe_file(f"exports/2026/{name}", content)
        client.pipe_file("exports/2026/_SUCCESS", b"")
        yield client


@pytest.fixture
def bucket(filled: Any) -> Generator[Any, None, None]:
    """The client of the filled bucket; what a test adds under `exports/own/` is gone after it."""
    yield filled
    if filled.exists("exports/own"):
        filled.rm("exports/own", recursive=True)


@pytest.fixture(params=["streamed", "copied"])
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether objects as small as those of these tests are read where they lie, or copied first."""
    monkeypatch.setattr(remote, "SMALL", 0 if request.param == "streamed" else 1 << 30)
    return cast("str", request.param)


def _post(address: str, body: bytes = b"") -> None:
    assert address.startswith("http://127.0.0.1:")
    headers = {"Content-Type": "application/octet-stream"}
    with urllib.request.urlopen(urllib.request.Request(address, body, headers, method="POST")) as answer:
        assert answer.status == 200


def counts(report: LoadReport) -> dict[str, tuple[int, int, int, int]]:
    return {f.path.rpartition("/")[2]: (f.read, f.loaded, f.duplicate, f.rejected) for f in report.files}


@pytest.mark.usefixtures("bucket", "small")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("log.jsonl", (CALLS + 2, CALLS + 1, 0, 1)),
        ("log.jsonl.gz", (CALLS + 2, CALLS + 1, 0, 1)),
        ("log.jsonl.zst", (CALLS + 2, CALLS + 1, 0, 1)),
        ("table.csv", (CALLS, CALLS, 0, 0)),
        ("table.csv.gz", (CALLS, CALLS, 0, 0)),
        ("table.csv.zst", (CALLS, CALLS, 0, 0)),
        ("document.json", (CALLS, CALLS, 0, 0)),
        ("table.parquet", (CALLS, CALLS, 0, 0)),
    ],
)
def test_an_object_of_every_container_is_read_as_the_same_file_on_disk(
    contents: dict[str, bytes], tmp_path: Path, name: str, expected: tuple[int, int, int, int]
) -> None:
    there, here = tmp_path / "there.duckdb", tmp_path / "here.duckdb"
    (tmp_path / name).write_bytes(contents[name])
    assert counts(load([PREFIX + name], there)) == {name: expected}
    assert counts(load([str(tmp_path / name)], here)) == {name: expected}
    columns = "request_id, start_time, usage_input_tokens, usage_output_tokens, model, row_number"
    with Warehouse.read(there) as warehouse, Warehouse.read(here) as local:
        query = f"select {columns} from requests order by row_number"
        assert warehouse.rows(query) == local.rows(query)
        places = "select record_number, byte_offset, byte_length, reason from rejects"
        assert warehouse.rows(places) == local.rows(places)
        assert warehouse.rows("select path, file_size from files") == [(PREFIX + name, len(contents[name]))]


@pytest.mark.usefixtures("bucket", "small")
def test_the_objects_of_a_prefix_and_of_a_pattern_are_listed_and_what_tools_leave_there_is_not(
    contents: dict[str, bytes], tmp_path: Path
) -> None:
    listed_names = [path for path, _ in find([PREFIX], tmp_path)]
    assert listed_names == sorted(PREFIX + name for name in contents)
    found = [path for path, _ in find([PREFIX + "*.jsonl.??", "s3://exports/**/table.csv"], tmp_path)]
    assert found == [PREFIX + "log.jsonl.gz", "s3://exports/2026/table.csv"]


@pytest.mark.usefixtures("bucket", "small")
def test_an_object_loaded_twice_changes_nothing(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    load([PREFIX + "log.jsonl"], db)
    assert counts(load([PREFIX + "log.jsonl"], db)) == {"log.jsonl": (CALLS + 2, 0, CALLS + 1, 1)}


@pytest.mark.usefixtures("bucket", "small")
@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz", "log.jsonl.zst"])
def test_the_text_of_a_reject_is_read_again_from_the_bucket(tmp_path: Path, name: str) -> None:
    db = tmp_path / "usage.duckdb"
    load([PREFIX + name], db)
    with Warehouse.read(db) as warehouse:
        (reject,) = listed(warehouse)
    assert (reject.path, reject.record_number, reject.text) == (PREFIX + name, CALLS + 1, "oops")


def test_a_reject_of_an_object_that_is_gone_says_so(bucket: Any, contents: dict[str, bytes], tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    bucket.pipe_file("exports/own/log.jsonl", contents["log.jsonl"])
    load(["s3://exports/own/log.jsonl"], db)
    bucket.rm("exports/own/log.jsonl")
    with Warehouse.read(db) as warehouse:
        (reject,) = listed(warehouse)
    assert reject.unavailable == "the export is no longer there or cannot be reached"


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", ["log.jsonl.gz", "log.jsonl.zst", "table.parquet"])
def test_an_object_that_is_cut_off_is_refused_and_the_others_are_loaded(
    bucket: Any, contents: dict[str, bytes], tmp_path: Path, name: str
) -> None:
    bucket.pipe_file("exports/own/" + name, contents[name][:-300])
    report = load(["s3://exports/own/", PREFIX + "table.csv"], tmp_path / "usage.duckdb")
    assert counts(report) == {"table.csv": (CALLS, CALLS, 0, 0)}
    (refused,) = report.refused
    assert refused.startswith(f"s3://exports/own/{name}: ")


@pytest.mark.usefixtures("bucket")
def test_a_large_object_is_streamed_and_a_small_one_is_copied(contents: dict[str, bytes], tmp_path: Path) -> None:
    ((_, large),), ((_, little),) = find([PREFIX + "log.jsonl"], tmp_path), find([PREFIX + "log.jsonl.gz"], tmp_path)
    assert len(contents["log.jsonl"]) > remote.SMALL > len(contents["log.jsonl.gz"])
    assert isinstance(large, RemoteFile)
    assert isinstance(little, Path)


@pytest.mark.usefixtures("bucket")
def test_no_more_than_so_much_is_copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(remote, "MOST_COPIED", 1)
    assert all(isinstance(place, RemoteFile) for _, place in find([PREFIX], tmp_path))


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("s3://nobody/log.jsonl", "s3://nobody/log.jsonl: no such bucket, folder or object"),
        ("s3://exports/2025/", "s3://exports/2025/: no such bucket, folder or object"),
        ("s3://exports/2026/*.xml", "s3://exports/2026/*.xml: holds no objects, or none matches"),
        ("ftp://ann:word@host/a.csv", "ftp://host/a.csv: addresses that begin with ftp:// are not read"),
    ],
)
def test_an_address_behind_which_there_is_nothing_is_one_clear_error(
    tmp_path: Path, address: str, message: str
) -> None:
    with pytest.raises(InputError) as raised:
        load([address], tmp_path / "usage.duckdb")
    assert str(raised.value).startswith(message)


@pytest.mark.usefixtures("bucket")
def test_wrong_credentials_are_refused_with_where_they_come_from_and_do_not_get_out(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _post(f"{server}/moto-api/reset-auth", b"0")
    try:
        for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            result = CliRunner().invoke(app, ["load", PREFIX, "--db", str(tmp_path / "usage.duckdb")])
            assert isinstance(result.exception, InputError)
            assert str(result.exception).startswith(f"{PREFIX}: cannot be reached (")
            assert "credentials come from AWS_PROFILE, or AWS_ACCESS_KEY_ID" in str(result.exception)
            assert KEY not in str(result.exception) + result.output
            assert SECRET not in str(result.exception) + result.output
            monkeypatch.delenv(variable)
    finally:
        _post(f"{server}/moto-api/reset-auth", b"inf")


@pytest.mark.usefixtures("bucket")
def test_the_secret_is_in_no_database_and_on_no_stream_after_a_load(tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    result = CliRunner().invoke(app, ["load", PREFIX, "--db", str(db)])
    assert result.exit_code == 0, result.output
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir()) + result.output.encode()
    assert b"s3://exports/2026/log.jsonl" in kept
    assert SECRET.encode() not in kept
    assert KEY.encode() not in kept


@pytest.mark.parametrize(
    ("address", "module", "extra"),
    [
        ("s3://b/a", "s3fs", "s3"),
        ("gs://b/a", "gcsfs", "gcs"),
        ("az://b/a", "adlfs", "azure"),
        ("https://h/a", "aiohttp", "http"),
    ],
)
def test_a_missing_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError) as raised:
        load([address], tmp_path / "usage.duckdb")
    assert f"needs the package {module}: pip install 'traffic-audit[{extra}]'" in str(raised.value)
