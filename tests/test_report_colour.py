"""Colour is for people who watch: none in a pipe or a file, and the usual variables decide otherwise."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from exports import spend_logs, write_jsonl

import audit

AUDIT = str(Path(sys.executable).with_name("audit"))
COLOURS = ("\x1b[3", "\x1b[9", "\x1b[1;3")
BASE = {"PATH": "/usr/bin:/bin", "TERM": "xterm-256color"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loaded")
    audit.load(write_jsonl(path / "log.jsonl", spend_logs(300)), db=path / "usage.duckdb")
    return path


def piped(folder: Path, **environment: str) -> str:
    done = subprocess.run(
        [AUDIT, "report", "--quiet"], cwd=folder, capture_output=True, check=True, env=BASE | environment
    )
    return done.stdout.decode()


def watched(folder: Path, environment: dict[str, str], columns: int = 100) -> str:
    """What a terminal so wide receives."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with subprocess.Popen(
        [AUDIT, "report", "--quiet"],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env=BASE | environment,
    ):
        os.close(theirs)
        received = b""
        while True:
            try:
                part = os.read(ours, 65_536)
            except OSError:  # Linux says so when the other side is closed
                break
            if not part:
                break
            received += part
    os.close(ours)
    return received.decode()


def test_a_pipe_gets_no_colour_and_eighty_columns(folder: Path) -> None:
    text = piped(folder)
    assert "\x1b" not in text
    assert 70 < max(map(len, text.splitlines())) <= 80


def test_a_pipe_is_as_wide_as_it_is_told(folder: Path) -> None:
    assert max(map(len, piped(folder, COLUMNS="200").splitlines())) > 120
    assert max(map(len, piped(folder, COLUMNS="wide").splitlines())) <= 80


def test_force_color_colours_a_pipe_and_no_color_wins_over_it(folder: Path) -> None:
    assert any(code in piped(folder, FORCE_COLOR="1") for code in COLOURS)
    assert "\x1b" not in piped(folder, FORCE_COLOR="1", NO_COLOR="1")
    assert "\x1b" not in piped(folder, FORCE_COLOR="")


def test_a_terminal_gets_colour_and_its_own_width(folder: Path) -> None:
    text = watched(folder, {}, 150)
    assert any(code in text for code in COLOURS)
    assert "per 1,000 requests" in text


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_cannot_or_must_not_gets_none(folder: Path, environment: dict[str, str]) -> None:
    assert "\x1b" not in watched(folder, environment)
