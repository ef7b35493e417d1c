"""What a command writes takes the place of a file at once, and of nothing that is not a file."""

import errno
import os
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

import audit
from audit.cli import app
from audit.errors import ConfigError
from audit.output_files import new_file, written_whole

TOO_LONG = "x" * 300
"""A name that no file system takes, root or not."""


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "--html", TOO_LONG],
        ["compare", "gpt-4o", "gpt-4o-mini", "--html", TOO_LONG],
        ["policy", "--out", TOO_LONG],
        ["plan", "--out", TOO_LONG],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_file_that_the_system_refuses_is_one_error(
    arguments: list[str], demo: audit.DemoResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"x: cannot be written \(File name too long\); name a file where you may"):
        CliRunner().invoke(app, [*arguments, "--db", str(demo.db), "--quiet"], catch_exceptions=False)
    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_a_link_and_what_it_names_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    page, link = tmp_path / "kept" / "page.html", tmp_path / "link.html"
    link.symlink_to(page)
    for text in ("first", "second"):
        with written_whole(new_file(link, force=True)) as partial:
            partial.write_text(text)
        assert link.is_symlink()
        assert page.read_text() == text


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with written_whole(new_file(pipe, force=False)) as partial:
        partial.write_text("a page")
    reader.join(timeout=10)
    assert read == ["a page"]
    assert pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_device_without_room_is_one_error(demo: audit.DemoResult) -> None:
    with pytest.raises(ConfigError, match=r"/dev/full: cannot be written \(No space left on device\)"):
        CliRunner().invoke(
            app, ["policy", "--out", "/dev/full", "--db", str(demo.db), "--quiet"], catch_exceptions=False
        )


def test_of_a_file_that_no_longer_fits_nothing_is_left(
    demo: audit.DemoResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(path: Path, text: str, **_: object) -> int:
        path.write_bytes(text[: len(text) // 2].encode())
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(ConfigError, match=r"audit\.toml: cannot be written \(No space left on device\)"):
        audit.open(demo.db).init(tmp_path / "audit.toml")
    with pytest.raises(ConfigError, match=r"page\.html: cannot be written \(No space left on device\)"):
        audit.Report(document=demo.document).html(tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []
