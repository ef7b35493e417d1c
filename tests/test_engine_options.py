"""Asking for Spark where it cannot be had, or for what it has not, is one error with the way out."""

import socket
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import audit
from audit.cli import app
from audit.errors import ConfigError

LOG = str(Path(__file__).parent / "data" / "samples" / "litellm" / "spend_logs_written_here.jsonl")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--engine", "sparc"], "there are duckdb and spark"),
        (["--master", "local[2]"], "--engine spark"),
        (["--engine", "spark", "--retry-rejects"], "which Spark does not bring home"),
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(options: list[str], said: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["load", LOG, "--db", str(tmp_path / "x.duckdb"), *options])
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())


def test_without_pyspark_the_error_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with pytest.raises(ConfigError, match=r"pip install 'traffic-audit\[spark\]'"):
        audit.load(LOG, db=tmp_path / "x.duckdb", engine="spark")


def test_without_java_the_error_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("SPARK_REMOTE", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="apt-get install openjdk-17-jre-headless"):
        audit.load(LOG, db=tmp_path / "x.duckdb", engine="spark")


def test_a_master_and_a_remote_are_two_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_REMOTE", "sc://host:15002/;token=planted")
    with pytest.raises(ConfigError, match="sc://host:15002 name two places to run") as raised:
        audit.load(LOG, db=tmp_path / "x.duckdb", engine="spark", master="local[2]")
    assert "planted" not in str(raised.value)


def test_a_server_that_does_not_answer_is_named_without_its_token_and_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyspark.sql.connect.client")
    for name in ("grpc_proxy", "https_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and listens to nobody
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("SPARK_REMOTE", f"sc://{address}/;user_id=ann;token=planted")
        with pytest.raises(ConfigError, match=f"nothing answers at {address}") as raised:
            audit.load(LOG, db=tmp_path / "x.duckdb", engine="spark")
    assert "planted" not in str(raised.value)


@pytest.mark.parametrize("address", ["sc:/host", "sc://host:port", "host:15002"])
def test_a_remote_that_is_no_address_is_quoted(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark.sql.connect.client")
    monkeypatch.setenv("SPARK_REMOTE", address)
    with pytest.raises(ConfigError, match=f"SPARK_REMOTE={address}: "):
        audit.load(LOG, db=tmp_path / "x.duckdb", engine="spark")


def test_without_the_client_of_connect_the_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setitem(sys.modules, "pyspark.sql.connect.client", None)
    monkeypatch.setenv("SPARK_REMOTE", "sc://127.0.0.1")
    with pytest.raises(ConfigError, match=r"pip install 'traffic-audit\[spark-connect\]'"):
        audit.load(LOG, db=tmp_path / "x.duckdb", engine="spark")
