"""Exports behind http, against a server on loopback: ranges, redirects, signatures, and what breaks."""

import gzip
from pathlib import Path

import pytest
from exports import spend_logs, write_jsonl
from typer.testing import CliRunner
from web_server import SIGNATURE, served

from audit.cli import app
from audit.errors import InputError
from audit.intake.loading import load
from audit.readers import locations
from audit.readers.addresses import scrubbed, shown
from audit.readers.finding import find
from audit.readers.locations import RemoteFile
from audit.warehouse import Warehouse

CALLS = 2000
SECRET = SIGNATURE.partition("=")[2]


@pytest.fixture
def log(tmp_path: Path) -> bytes:
    return write_jsonl(tmp_path / "source.jsonl", spend_logs(CALLS)).read_bytes()


def test_a_file_behind_a_redirect_and_a_signature_is_streamed_and_its_name_is_without_the_signature(
    tmp_path: Path, log: bytes
) -> None:
    with served({"/signed/log.jsonl": log}) as server:
        address = f"{server.address}/moved/signed/log.jsonl?{SIGNATURE}"
        ((name, place),) = find([address], tmp_path)
        assert name == f"{server.address}/moved/signed/log.jsonl"
        assert isinstance(place, RemoteFile)
        (file,) = load([address], tmp_path / "usage.duckdb").files
    assert (file.path, file.loaded) == (name, CALLS)


def test_a_server_without_ranges_is_read_once_into_a_copy(tmp_path: Path, log: bytes) -> None:
    with served({"/log.jsonl.gz": gzip.compress(log)}, has_ranges=False) as server:
        ((_, place),) = find([f"{server.address}/log.jsonl.gz"], tmp_path)
        assert isinstance(place, Path)
        (file,) = load([f"{server.address}/log.jsonl.gz"], tmp_path / "usage.duckdb").files
    assert file.loaded == CALLS


def test_two_addresses_that_differ_in_their_query_alone_are_two_files(tmp_path: Path, log: bytes) -> None:
    with served({"/log.jsonl": log}) as server:
        found = find([f"{server.address}/log.jsonl?part=1", f"{server.address}/log.jsonl?part=2"], tmp_path)
        report = load([f"{server.address}/log.jsonl?part={part}" for part in (1, 2)], tmp_path / "usage.duckdb")
        assert [name for name, _ in found] == [f"{server.address}/log.jsonl", f"{server.address}/log.jsonl (2)"]
    assert [(file.loaded, file.duplicate) for file in report.files] == [(CALLS, 0), (0, CALLS)]


def test_a_server_that_fails_in_the_middle_refuses_that_file_and_leaves_the_others(
    tmp_path: Path, log: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locations, "BLOCK", 4096)
    good = tmp_path / "good.jsonl"
    good.write_bytes(log)
    with served({"/log.jsonl": log * 12}, breaks_at=6_000_000) as server:
        address = f"{server.address}/log.jsonl?{SIGNATURE}"
        report = load([address, str(good)], tmp_path / "usage.duckdb")
    (refused,) = report.refused
    assert refused.startswith(f"{server.address}/log.jsonl: cannot be read to its end (")
    assert "reading failed at byte" in refused
    assert SECRET not in refused
    assert [(file.path, file.loaded) for file in report.files] == [(str(good), CALLS)]


@pytest.mark.parametrize(
    ("path", "words"),
    [("/none.jsonl", "no such bucket, folder or object"), ("/signed/log.jsonl", "403")],
)
def test_what_the_server_refuses_is_one_clear_error_without_the_signature(
    tmp_path: Path, log: bytes, path: str, words: str
) -> None:
    wrong = SIGNATURE + "ofsomebodyelse"
    with served({"/signed/log.jsonl": log}) as server:
        result = CliRunner().invoke(
            app, ["load", f"{server.address}{path}?{wrong}", "--db", str(tmp_path / "usage.duckdb")]
        )
    assert isinstance(result.exception, InputError)
    assert words in str(result.exception)
    assert SECRET not in str(result.exception) + result.output


def test_a_server_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^http://127\.0\.0\.1:1/a\.csv: cannot be reached \("):
        load(["http://ann:word-of-ann@127.0.0.1:1/a.csv"], tmp_path / "usage.duckdb")


def test_the_signature_is_in_no_database_and_on_no_stream(tmp_path: Path, log: bytes) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    with served({"/signed/log.jsonl": log}) as server:
        address = f"http://ann:word-of-ann@127.0.0.1:{server.server_port}/signed/log.jsonl?{SIGNATURE}"
        result = CliRunner().invoke(app, ["load", address, "--db", str(folder / "usage.duckdb")])
    assert result.exit_code == 0, result.output
    kept = b"".join(path.read_bytes() for path in folder.iterdir()) + result.output.encode()
    assert b"/signed/log.jsonl" in kept
    assert SECRET.encode() not in kept
    assert b"word-of-ann" not in kept


def test_a_reject_behind_a_signature_is_not_read_again(tmp_path: Path, log: bytes) -> None:
    db = tmp_path / "usage.duckdb"
    with served({"/signed/log.jsonl": log + b"oops\n"}) as server:
        load([f"{server.address}/signed/log.jsonl?{SIGNATURE}"], db)
        result = CliRunner().invoke(app, ["rejects", "--db", str(db), "--json"])
    assert "the export is no longer there or cannot be reached" in result.output
    with Warehouse.read(db) as warehouse:
        assert warehouse.count("select count(*) from rejects") == 1


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://ann:pw@host:8443/a/b.csv?sig=x&se=2026#top", "https://host:8443/a/b.csv"),
        ("s3://key:word@bucket/a@b.csv?versionId=x", "s3://bucket/a@b.csv"),
        ("abfss://box@acc.dfs.core.windows.net/a.csv?sv=1&sig=abc", "abfss://box@acc.dfs.core.windows.net/a.csv"),
        ("postgres://ann:p%40ss@h1,h2/db?password=x#public.calls", "postgres://h1,h2/db#public.calls"),
    ],
)
def test_what_is_shown_of_an_address_opens_no_door(address: str, name: str) -> None:
    assert shown(address) == name


def test_a_message_is_rid_of_the_secrets_of_the_address_and_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token-of-a-session")
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", "AccountKey=abcd1234")
    address = "https://ann:p%40ssword@host/a.csv?sig=ab%2Bcdef"
    said = f"GET {address} failed\n for ann p@ssword p%40ssword ab+cdef token-of-a-session AccountKey=abcd1234"
    found = scrubbed(said, address)
    assert found == "GET https://host/a.csv failed for ann *** *** *** *** ***"
