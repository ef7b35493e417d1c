"""The logs, made once a run, and converted once for each package that cannot read them."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.peers.adapters import Format

MAKE_LOG = Path(__file__).parent.parent.parent / "make_log.py"
CONVERSIONS = Path(__file__).with_name("conversions.py")
KNOWN = ("rows", "requests", "list_cost", "bytes")


class Logs:
    """Logs of LiteLLM's spend logs in a folder, by their number of rows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.known: dict[int, dict[str, Any]] = {}
        """What is known of each: `requests` and `list_cost` count a repeated request once."""

    @contextmanager
    def log(self, rows: int, reads: Format | None) -> Generator[Path]:
        """The log of so many rows as a package reads it; what had to be converted is removed again.

        Both are done by processes of their own: one that grows here would count in the memory of all that it starts.
        """
        path = self._folder / f"spend-logs-{rows}.jsonl"
        if rows not in self.known:
            command = [sys.executable, str(MAKE_LOG), "--rows", str(rows), "--format", "litellm", "--out", str(path)]
            said = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            self.known[rows] = {name: said[name] for name in KNOWN}
        if reads is None:
            yield path
            return
        converted = self._folder / f"{reads}-{rows}.jsonl"
        subprocess.run([sys.executable, str(CONVERSIONS), str(path), str(converted), reads], check=True)
        yield converted
        converted.unlink()
