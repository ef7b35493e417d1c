"""A session of Spark: in this process, on a cluster, or behind Spark Connect."""

import logging
import os
import shutil
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from audit.errors import ConfigError, InputError
from audit.progress import Progress, silent

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOCAL = "local[*]"
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
    try:
        with warnings.catch_warnings():
            # PySpark looks for a pandas that nothing here needs, and complains of its version
            warnings.simplefilter("ignore", FutureWarning)
            from pyspark.errors import PySparkException
            from pyspark.sql import SparkSession
    except ImportError as error:
        raise ConfigError("--engine spark needs PySpark: pip install 'traffic-audit[spark]'") from error
    remote = os.environ.get("SPARK_REMOTE") if master is None else None
    if remote is None and not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        raise ConfigError("--engine spark needs Java 17 or newer: apt-get install openjdk-17-jre-headless")
    before = SparkSession.getActiveSession()
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    builder = SparkSession.builder.appName("traffic-audit")
    if remote is not None:
        builder = builder.remote(remote)
    else:
        builder = builder.master(master or LOCAL).config(map=dict(QUIET))
        if (master or LOCAL).startswith("local"):
            builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
            # 200 by default, of which each costs more than the few rows of a part that one machine has
            builder = builder.config("spark.sql.shuffle.partitions", str(2 * (os.cpu_count() or 1)))
    try:
        with progress("starting Spark"):
            spark = builder.getOrCreate()
        for name, value in NEEDED.items():
            spark.conf.set(name, value)
    except (PySparkException, RuntimeError) as error:
        where = f"SPARK_REMOTE={remote}" if remote is not None else f"--master {master or LOCAL}"
        raise ConfigError(f"{where}: no session of Spark could be had there ({first_line(error)})") from error
    try:
        yield spark
    except PySparkException as error:
        raise InputError(f"Spark cannot finish ({first_line(error)}); nothing was changed") from error
    finally:
        if before is None:
            spark.stop()


def first_line(error: Exception) -> str:
    """What Spark says is wrong, without its stack of calls."""
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
