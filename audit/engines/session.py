"""A session of Spark: in this process, on a cluster, or behind Spark Connect."""

import logging
import os
import re
import shutil
import socket
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from audit.errors import ConfigError, InputError
from audit.progress import Progress, silent
from audit.readers.addresses import scrubbed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL = "local[*]"
REMOTE = "SPARK_REMOTE"
PROXIES = ("grpc_proxy", "https_proxy", "http_proxy")
"""Variables by which gRPC reaches a server that a plain connection may not."""
PACKAGES = {"s3a": "hadoop-aws", "azurebfs": "hadoop-azure", "gs": "hadoop-gcp"}
"""Modules of Hadoop that have the file systems of object stores, by the package of their classes."""
CALLING = "An error occurred while calling"
"""How the bridge to Java begins, before what went wrong there."""
PATIENCE = 10
"""Seconds for a first connection to a server of Spark Connect, whose client would go on trying for ten minutes."""
UNKNOWN = "..."
"""Stands for an address of which nobody knows which part is its secret."""
QUIET = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}
NEEDED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    # else a row of a CSV file with too few fields shows only where a missing one is asked for
    "spark.sql.csv.parser.columnPruning.enabled": "false",
}
"""What the relations mean the same by as on DuckDB."""


@contextmanager
def session(master: str | None, progress: Progress = silent) -> Generator["SparkSession", None, None]:
    """A session, stopped in the end unless there was one before.

    Without a `master` it is behind the address in SPARK_REMOTE where that is set, else on this machine. Raises
    ConfigError where Spark or its Java is not there, or cannot be reached.
    """
    remote = os.environ.get(REMOTE) or None
    place = f"{REMOTE}={_without_secrets(remote)}" if remote is not None else f"--master {master or LOCAL}"
    if remote is not None and master is not None:
        raise ConfigError(f"--master {master} and {place} name two places to run; leave out one of them")
    with warnings.catch_warnings():
        # PySpark looks for a pandas that nothing here needs, and complains of its version
        warnings.simplefilter("ignore", FutureWarning)
        try:
            from pyspark.errors import PySparkException
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise ConfigError("--engine spark needs PySpark: pip install 'traffic-audit[spark]'") from error
        if not is_behind_connect() and not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
            raise ConfigError("--engine spark needs Java 17 or newer: apt-get install openjdk-17-jre-headless")
        try:
            with progress("starting Spark"):
                if remote is not None:
                    _find_server(remote, place)
                before = SparkSession.getActiveSession()
                spark = _builder(master, remote).getOrCreate()
                for name, value in NEEDED.items():
                    spark.conf.set(name, value)
        except (PySparkException, RuntimeError) as error:
            raise ConfigError(f"{place}: no session of Spark could be had there ({first_line(error)})") from error
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    try:
        yield spark
    except (PySparkException, *_of_java()) as error:
        raise InputError(f"Spark cannot finish ({first_line(error)}){_way_out(error)}; nothing was changed") from error
    finally:
        if before is None:
            spark.stop()


def is_behind_connect() -> bool:
    """Whether SPARK_REMOTE names a server, which sees other files than this machine and needs no Java here."""
    remote = os.environ.get(REMOTE, "")
    return remote != "" and not remote.startswith("local")


def is_on_this_machine(master: str | None) -> bool:
    """Whether Spark runs where this process does, and so reads the same files."""
    return not is_behind_connect() and (master or LOCAL).startswith("local")


def _builder(master: str | None, remote: str | None) -> "SparkSession.Builder":
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("traffic-audit")
    if remote is not None:
        return builder.remote(remote)
    builder = builder.master(master or LOCAL).config(map=dict(QUIET))
    if (master or LOCAL).startswith("local"):
        builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
        # 200 by default, of which each costs more than the few rows of a part that one machine has
        builder = builder.config("spark.sql.shuffle.partitions", str(2 * (os.cpu_count() or 1)))
    return builder


def _find_server(remote: str, place: str) -> None:
    """Raise ConfigError where the client of Spark Connect is not there, or nothing answers it."""
    try:
        from pyspark.sql.connect.client import DefaultChannelBuilder
    except ImportError as error:
        raise ConfigError(f"{place} needs Spark Connect: pip install 'traffic-audit[spark-connect]'") from error
    if remote.startswith("local"):
        return
    wrong = ConfigError(f"{place}: is no address of Spark Connect, sc://HOST:PORT/;NAME=VALUE;NAME=VALUE")
    if UNKNOWN in place:
        raise wrong
    try:
        host, _, port = DefaultChannelBuilder(remote).endpoint.rpartition(":")
    except ValueError:
        raise wrong from None  # what the client says of it quotes its token
    if any(os.environ.get(name) for name in PROXIES):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except OSError as error:
        raise ConfigError(
            f"{place}: nothing answers at {host}:{port} ({error}); start the server of Spark Connect there, or name "
            "another"
        ) from error


def _of_java() -> "tuple[type[Exception], ...]":
    """What the bridge to Java raises for errors that PySpark has no name for; a client of Connect has no bridge."""
    try:
        from py4j.protocol import Py4JJavaError
    except ImportError:
        return ()
    return (Py4JJavaError,)


def _without_secrets(remote: str) -> str:
    """The address without its parameters, of which one may be a token, and without a name and password."""
    scheme, slashes, place = remote.partition("/;")[0].rpartition("://")
    # parameters that do not come after a slash are taken for a part of the host
    if ";" in place:
        return scheme + slashes + UNKNOWN
    host = place.rpartition("@")[2]
    return scheme + slashes + (host.partition("/")[0] if slashes else host)


def first_line(error: Exception) -> str:
    """What Spark says is wrong, without its stack of calls and without secrets of the environment."""
    lines = (line.removeprefix(": ") for line in str(error).splitlines())
    said = next((line for line in lines if line.strip() and not line.startswith(CALLING)), type(error).__name__)
    return scrubbed(said, "")


def _way_out(error: Exception) -> str:
    """What to do about a file system that Spark has no class for, which it names and leaves at that."""
    missing = re.search(r"org\.apache\.hadoop\.fs\.(\w+)\.\w+ not found", str(error))
    if missing is None:
        return ""
    package = PACKAGES.get(missing[1], "the one that has it")
    return (
        f"; give Spark the package org.apache.hadoop:{package} in the version of its own hadoop-client-api jar, by "
        "spark.jars.packages in the spark-defaults.conf of SPARK_CONF_DIR or on the cluster"
    )
