"""Where Spark runs and what it reads there: a server of Spark Connect, addresses of object stores."""

import importlib
import json
import logging
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

import pytest
from exports import spend_logs, write_jsonl

from audit.engines import loading as on_spark
from audit.engines.session import PACKAGES, is_on_this_machine, session
from audit.errors import InputError
from audit.intake.loading import load as load_here
from tests.spark_engine import connect_server, needs_spark, spark
from tests.spark_loads import SALT, assert_same, generated

pytestmark = needs_spark

SECRET = "planted/secret+of+a+test"
MOUNTED = "mounted"
"""The bucket that Hadoop finds on this machine, by its own view of other file systems under any scheme."""


def test_a_load_through_spark_connect_needs_no_java_here_and_gives_the_same(tmp_path: Path) -> None:
    paths = [
        generated(tmp_path, "spend.jsonl", 1500, "litellm", 60),
        generated(tmp_path, "flat.csv", 1000, "csv", 40, seed=3),
        generated(tmp_path, "flat.parquet", 1000, "csv", seed=4),
    ]
    here = load_here([str(path) for path in paths], tmp_path / "here.duckdb", keep="cells")
    no_java = tmp_path / "bin"
    no_java.mkdir()
    with connect_server(tmp_path) as remote:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "audit"), "load", *map(str, paths), "--engine", "spark",
             "--db", str(tmp_path / "spark.duckdb"), "--json"],
            capture_output=True, text=True, check=False,
            env={"SPARK_REMOTE": remote, "PATH": str(no_java), "HOME": str(tmp_path), "AUDIT_SALT": SALT},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    counted = json.loads(done.stdout)["rows"]
    assert counted == {name: here.total(name) for name in ("read", "loaded", "duplicate", "rejected")}
    assert_same(tmp_path)


def test_behind_connect_files_of_this_machine_are_not_those_of_spark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_REMOTE", "sc://host")
    assert not is_on_this_machine(None)
    monkeypatch.setenv("SPARK_REMOTE", "local[2]")
    assert is_on_this_machine(None)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Any, None, None]:
    """A client of S3 on loopback with two buckets of the same log, under a name that has to be encoded."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = cast("Any", importlib.import_module("moto.server"))
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "AKIAPLANTEDKEY",
        "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    client = cast("Any", importlib.import_module("s3fs")).S3FileSystem(skip_instance_cache=True)
    (tmp_path / "logs").mkdir()
    log = write_jsonl(tmp_path / "logs" / "a b%20\u00e9.jsonl", [*spend_logs(50), "oops"])
    for name in (MOUNTED, "elsewhere"):
        client.makedirs(name, exist_ok=True)
        client.pipe_file(f"{name}/logs/{log.name}", log.read_bytes())
    yield client
    running.stop()


def test_a_bucket_is_read_by_the_name_that_hadoop_gives_its_scheme(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del bucket
    monkeypatch.setenv("AUDIT_SALT", SALT)
    for name, value in {
        "fs.s3a.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        "fs.viewfs.overload.scheme.target.file.impl": "org.apache.hadoop.fs.LocalFileSystem",
        f"fs.viewfs.mounttable.{MOUNTED}.link./logs": f"file://{tmp_path}/logs",
    }.items():
        spark().conf.set(name, value)
    addresses = [f"s3://{MOUNTED}/logs/*.jsonl"]
    try:
        there = on_spark.load(addresses, tmp_path / "spark.duckdb", master="local[2]")
    finally:
        spark().conf.unset("fs.s3a.impl")
    load_here(addresses, tmp_path / "here.duckdb", keep="cells")
    assert (there.total("loaded"), there.total("rejected")) == (50, 1)
    assert_same(tmp_path)


def test_without_the_class_of_a_bucket_the_error_says_which_package_has_it(bucket: Any, tmp_path: Path) -> None:
    del bucket
    spark()
    with pytest.raises(InputError, match=r"S3AFileSystem not found\); .*org\.apache\.hadoop:hadoop-aws") as raised:
        on_spark.load(["s3://elsewhere/logs/*.jsonl"], tmp_path / "spark.duckdb", master="local[2]")
    assert SECRET not in str(raised.value)
    assert not (tmp_path / "spark.duckdb").exists()


ADDRESSES = {
    "s3a": "s3a://box/x",
    "azurebfs": "abfss://box@account.dfs.core.windows.net/x",
    "gs": "gs://box/x",
}


@pytest.mark.parametrize("package", PACKAGES)
def test_hadoop_misses_the_class_by_which_its_package_is_named(package: str) -> None:
    running = spark()
    with pytest.raises(InputError, match=rf"hadoop\.fs\.{package}\..*:{PACKAGES[package]} "), session("local[2]"):
        running.read.text(ADDRESSES[package])
