"""Outputs that take nothing, names no terminal should obey, databases that are none: said in a line, never lost."""

import os
import shlex
import signal
import subprocess
from pathlib import Path

import polars as pl
import pytest

import audit
from audit.commands.options import ERROR
from audit.errors import ConfigError
from tests.test_cli import AUDIT, SAMPLE, run

NEEDS_FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
NAME = "a\x1b[31m\x07.jsonl"


def through_shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{shlex.quote(AUDIT)} {command}"], cwd=folder, capture_output=True, check=False, text=True
    )
    assert "Traceback" not in done.stderr
    assert "unexpected" not in done.stderr
    return done


@NEEDS_FULL
@pytest.mark.parametrize("command", ["--help", "load log.jsonl --quiet", "prices", "formats"])
def test_an_output_without_room_is_one_error(command: str, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(SAMPLE.read_bytes())
    done = through_shell(f"{command} > /dev/full", tmp_path)
    assert done.returncode == ERROR
    assert done.stderr == "audit: the output cannot be written (No space left on device); it is cut off\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_one_that_nobody_reads(closed: str, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(SAMPLE.read_bytes())
    assert through_shell(f"load log.jsonl {closed}", tmp_path).returncode == 0
    assert "4" in through_shell('query "select count(*) from requests"', tmp_path).stdout


def test_a_terminal_obeys_no_name_of_a_file(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(SAMPLE.read_bytes() + b"####\n")
    (tmp_path / f"empty {NAME}").touch()
    done = run("load", ".", folder=tmp_path)
    said = done.stdout + done.stderr + run("load", f"no {NAME}", folder=tmp_path).stderr
    assert said.count(r"a\x1b[31m\x07.jsonl") >= 4
    assert not {"\x1b", "\x07"} & set(said)


def test_a_file_whose_name_is_no_text_is_to_be_renamed_and_the_others_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_bytes(SAMPLE.read_bytes())
    (tmp_path / os.fsdecode(b"\xff.jsonl")).write_bytes(SAMPLE.read_bytes())
    done = run("load", ".", "--quiet", folder=tmp_path)
    assert done.returncode == ERROR
    assert done.stderr.endswith("error: \\udcff.jsonl: its name is not in UTF-8; rename the file\n")
    assert "log.jsonl" in done.stdout


@pytest.mark.parametrize("name", ["log.csv", "log.json", ":memory:"])
def test_a_load_into_what_keeps_no_rows_is_refused(name: str, tmp_path: Path) -> None:
    if name != ":memory:":
        (tmp_path / name).write_text("a,b\n1,2\n")
    done = run("load", str(SAMPLE), "--db", name, folder=tmp_path)
    assert (done.returncode, done.stdout) == (ERROR, "")
    assert done.stderr.startswith(f"audit: {name}: cannot be opened")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_load_that_is_told_to_end_leaves_no_copy_of_an_export(name: str, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [AUDIT, "load", "-", "--quiet"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(temporary)},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # where the tests themselves run under nohup, which the command would heed
        preexec_fn=lambda: signal.signal(signal.Signals[name], signal.SIG_DFL),
    ) as load:
        assert load.stdin is not None
        load.stdin.write(SAMPLE.read_bytes())
        load.stdin.flush()
        while not list(temporary.glob("audit-*/*")):
            assert load.poll() is None
        load.send_signal(signal.Signals[name])
        assert load.communicate(timeout=60)[1] == b"audit: interrupted; nothing was changed\n"
    assert load.returncode == 130
    assert list(temporary.iterdir()) == []


def test_what_is_in_memory_is_no_path(tmp_path: Path) -> None:
    frame = pl.DataFrame({"model": ["gpt-4o"]})
    with pytest.raises(ConfigError, match="paths holds a Series; write what is in memory to a file"):
        audit.load(frame, db=tmp_path / "usage.duckdb")  # pyright: ignore[reportArgumentType] - what notebooks do
