"""Test helper: one session of Spark for all tests of a process, and a cluster of two workers on loopback."""

import os
import shutil
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MUST = "AUDIT_TEST_SPARK"
"""Set by `make test-spark`: a machine without PySpark or Java then fails, where it skips otherwise."""
REASON = (
    "needs PySpark and Java 17 (pip install 'traffic-audit[spark]'; Debian: apt-get install openjdk-17-jre-headless)"
)
IS_THERE = find_spec("pyspark") is not None and shutil.which("java") is not None
HARMLESS = (
    "ignore:PySpark does not yet fully support pandas:FutureWarning",
    "ignore:unclosed <socket:ResourceWarning",  # of the bridge between Python and Java
)
"""What PySpark itself warns of."""
QUICK_JAVA = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1"}
"""Compiles once and plainly: half of the time of a short run of Spark goes into compiling better."""
needs_spark = [
    pytest.mark.spark,
    pytest.mark.skipif(not IS_THERE and not os.environ.get(MUST), reason=REASON),
    *(pytest.mark.filterwarnings(each) for each in HARMLESS),
]
"""The marks of a module whose tests run Spark."""


@cache
def spark() -> "SparkSession":
    """A session on this machine, kept until the process ends: starting Java takes longer than most tests."""
    from audit.engines.session import session

    opened = ExitStack()
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        for name, value in QUICK_JAVA.items():  # read once, when Java starts
            patch.setenv(name, value)
        found = opened.enter_context(session("local[2]"))
    _OPEN.append(opened)
    return found


_OPEN: list[ExitStack] = []


@contextmanager
def cluster(folder: Path) -> Generator[str, None, None]:
    """The address of a master with two workers of a core and 1 GB each, all processes of their own on loopback."""
    import pyspark

    program = Path(pyspark.__file__).parent / "bin" / "spark-class"
    port = free_port()
    started: list[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str) -> Path:
        log = folder / f"{name}.log"
        command = [str(program), f"org.apache.spark.deploy.{arguments[0]}", "--host", "127.0.0.1", *arguments[1:]]
        with log.open("wb") as said:
            started.append(
                subprocess.Popen(command, env=environment(), stdout=said, stderr=said, start_new_session=True)
            )
        return log

    address = f"spark://127.0.0.1:{port}"
    try:
        log = start("master", "master.Master", "--port", str(port), "--webui-port", "0")
        wait_for(log, "I have been elected leader", 1)
        for name in ("first", "second"):
            work = ("--webui-port", "0", "--cores", "1", "--memory", "1g", "--work-dir", str(folder / name), address)
            start(name, "worker.Worker", *work)
        wait_for(log, "Registering worker", 2)
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(timeout=30)


@contextmanager
def connect_server(folder: Path) -> Generator[str, None, None]:
    """The address of a server of Spark Connect on loopback, a process of its own."""
    import pyspark

    port = free_port()
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1", "spark.connect.grpc.binding.port": port,
        "spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": 4,
    }  # fmt: skip
    command = [
        str(Path(pyspark.__file__).parent / "bin" / "spark-submit"), "--master", "local[2]",
        "--class", "org.apache.spark.sql.connect.service.SparkConnectServer",
        *(part for name, value in settings.items() for part in ("--conf", f"{name}={value}")),
    ]  # fmt: skip
    log = folder / "connect.log"
    with log.open("wb") as said:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env=environment() | {"SPARK_DAEMON_MEMORY": "1g"},
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        wait_for(log, "Spark Connect server started at", 1)
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def environment() -> dict[str, str]:
    """That of a process of Spark's on loopback."""
    import pyspark

    return os.environ | QUICK_JAVA | {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "PYSPARK_PYTHON": sys.executable,
    }  # fmt: skip


def free_port() -> int:
    """A port of loopback that nothing listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(log: Path, words: str, times: int, seconds: float = 120) -> None:
    """Return once `words` stand in the file so many times; AssertionError with the file otherwise."""
    end = time.monotonic() + seconds
    while log.read_text(errors="replace").count(words) < times:
        assert time.monotonic() < end, log.read_text(errors="replace")[-2000:]
        time.sleep(0.1)
