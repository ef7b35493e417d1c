"""A test of the user's own as a grader: a program that is given the answer and ends with 0 where it passes."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, cast

from audit.errors import ConfigError
from audit.grading.grader import Grader
from audit.grading.message import Answer
from audit.grading.text_graders import plain_text

TIMEOUT = 30.0
"""Seconds one run may take unless audit.toml says otherwise; a run that takes longer has not passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Grader):
    """1 if the command ends with 0, each answer by itself, in an empty folder that is deleted afterwards.

    The answer is the command's standard input, and where `file` is named also the content of that file in the folder.
    No shell is involved. What it runs may be code that a model wrote: it has the user's own rights.
    """

    kind: ClassVar[str] = "command"
    needs_reference: ClassVar[bool] = False
    command: Sequence[str]
    file: str = ""
    timeout: float = TIMEOUT

    def read(self, answer: Answer, /) -> str:
        """The text as it is."""
        return plain_text(answer)

    def score(self, given: object, _expected: object, /) -> float:
        """Whether the test passes in time."""
        text = cast("str", given)
        with tempfile.TemporaryDirectory(prefix="audit-") as folder:
            if self.file:
                (Path(folder) / self.file).write_text(text, encoding="utf-8")
            return float(self._status(text, folder) == 0)

    def _status(self, text: str, folder: str) -> int | None:
        """The exit code, None where the time was up; everything the command started ends with it."""
        try:
            process = subprocess.Popen(
                self.command,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise ConfigError(
                f"[graders] command {self.command[0]!r} cannot be started ({error.strerror}); give a program on "
                "PATH, or a file relative to audit.toml"
            ) from error
        try:
            process.communicate(text.encode("utf-8", "surrogateescape"), timeout=self.timeout)
            return process.returncode
        except subprocess.TimeoutExpired:
            return None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def resolved(command: Sequence[str], folder: Path) -> tuple[str, ...]:
    """The command with full paths in place of files that are named relative to `folder`, where audit.toml lies."""
    return tuple(str((folder / part).resolve()) if (folder / part).is_file() else part for part in command)
