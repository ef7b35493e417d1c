"""Asking for Spark where it cannot be had, or for what it has not, is one error with the way out."""

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
