"""A command as a process of its own, told apart from the one that starts it: what it said and what it took."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

AUDIT = str(Path(sys.executable).with_name("audit"))
LAUNCHER = """
import os, sys, time
started = time.monotonic()
process = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(process, 0)
seconds = time.monotonic() - started
with open(sys.argv[1], "w") as end:
    end.write(f"{os.waitstatus_to_exitcode(status)} {seconds} {used.ru_utime + used.ru_stime} {used.ru_maxrss}")
"""
"""A process counts the memory of the one that started it as its own, so the one that starts it has to be small."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a process ended."""

    code: int
    out: str
    error: str
    seconds: float
    processor_seconds: float
    """Of user and system, of children too that it waited for."""
    peak_mb: float
    """The most that it held itself, its children apart."""


def run(*command: object, environment: Mapping[str, str] | None = None) -> Done:
    """Run a command, whose program is a path, to its end."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error, tempfile.NamedTemporaryFile("r") as end:
        launched = [sys.executable, "-S", "-c", LAUNCHER, end.name, *map(str, command)]
        subprocess.run(launched, stdout=out, stderr=error, env={**os.environ, **(environment or {})}, check=True)
        texts: list[str] = []
        for stream in (out, error):
            stream.seek(0)
            texts.append(stream.read().decode())
        code, seconds, processor, kilobytes = end.read().split()
    return Done(int(code), texts[0], texts[1], float(seconds), float(processor), int(kilobytes) * 1024 / 1e6)


def audit(*arguments: object, environment: Mapping[str, str] | None = None) -> Done:
    """Run the installed `audit` to its end."""
    return run(AUDIT, *arguments, environment=environment)
