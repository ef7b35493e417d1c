"""One command to its end, or to the end of its time or memory: what it took, the processes that it starts included."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Stopped = Literal["time", "memory"]
EVERY_SECONDS = 0.1
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
PEAK_BYTES = 1 if sys.platform == "darwin" else 1024
"""The unit in which the system states the most memory that a process held."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a command is killed."""

    seconds: float = 600
    peak_mb: float = 12_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a command took and printed."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    """The most that the command and its children held at one time, seen every tenth of a second."""
    exit_code: int
    stopped: Stopped | None
    out: str
    error: str


def measure(command: Sequence[str], folder: Path, environment: Mapping[str, str], limits: Limits) -> Run:
    """Run `command` in `folder` with nothing in its environment but `environment`."""
    out, error = folder / ".stdout", folder / ".stderr"
    with out.open("wb") as to_out, error.open("wb") as to_error:
        started = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=to_out, stderr=to_error, start_new_session=True
        )
        guard = _Guard(process.pid, limits)
        guard.start()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        guard.over.set()
        guard.join()
    return Run(
        seconds=seconds,
        cpu_seconds=used.ru_utime + used.ru_stime,
        peak_mb=max(guard.peak_mb, used.ru_maxrss * PEAK_BYTES / 1e6),
        exit_code=process.returncode,
        stopped=guard.stopped,
        out=out.read_text(encoding="utf-8", errors="replace"),
        error=error.read_text(encoding="utf-8", errors="replace"),
    )


class _Guard(threading.Thread):
    """Adds up the memory of a process and its descendants, and kills them at a limit.

    The main thread waits for the process itself, so that its time is not rounded to the moments of looking.
    """

    def __init__(self, pid: int, limits: Limits) -> None:
        super().__init__(daemon=True)
        self._pid, self._limits = pid, limits
        self.over = threading.Event()
        self.peak_mb = 0.0
        self.stopped: Stopped | None = None

    def run(self) -> None:
        ends = time.monotonic() + self._limits.seconds
        while not self.over.wait(EVERY_SECONDS):
            resident = sum(map(_resident_mb, _family(self._pid)))
            self.peak_mb = max(self.peak_mb, resident)
            if time.monotonic() > ends:
                self.stopped = "time"
            elif resident > self._limits.peak_mb:
                self.stopped = "memory"
            if self.stopped is not None and not self.over.is_set():
                os.killpg(self._pid, signal.SIGKILL)
                return


def _family(pid: int) -> list[int]:
    """`pid` and all that descend from it; `pid` alone where the system does not tell."""
    found = [pid]
    for each in found:
        for children in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found.extend(map(int, children.read_text().split()))
            except OSError:
                continue  # the thread has ended meanwhile
    return found


def _resident_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES / 1e6
    except (OSError, IndexError):
        return 0.0
