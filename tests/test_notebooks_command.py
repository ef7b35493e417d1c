"""`audit notebooks` hands the notebooks out and says how to open them."""

import json
import shlex
from pathlib import Path

import pytest

import audit
from audit.errors import ConfigError
from tests import run_notebooks
from tests.test_cli import run

NAMES = [*(path.name for path in run_notebooks.NOTEBOOKS), "explore.py", "rollout_loop.py"]


def test_the_notebooks_are_copied_with_their_questions_and_a_command_to_open_them(tmp_path: Path) -> None:
    done = run("notebooks", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "notebooks").iterdir()) == sorted(NAMES)
    for question in (
        "Where does the money go?",
        "How sure are we",
        "What moves the saving?",
        "Slice the traffic yourself",
    ):
        assert question in done.stdout
    assert "\n  jupyter lab notebooks\n  marimo run notebooks/explore.py\n" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_command_to_open_them_names_the_database_by_its_whole_path(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    audit.run_demo(folder)
    document = json.loads(run("notebooks", "mine", "--db", "a folder/demo.duckdb", "--json", folder=tmp_path).stdout)
    assert document["database"] == str(folder / "demo.duckdb")
    assert shlex.split(document["open"]["notebooks"]) == [
        "env",
        f"AUDIT_DB={folder / 'demo.duckdb'}",
        "jupyter",
        "lab",
        "mine",
    ]
    assert [Path(file["path"]).name for file in document["files"]] == NAMES


def test_a_notebook_that_was_run_is_kept_unless_it_is_said_otherwise(tmp_path: Path) -> None:
    audit.notebooks(tmp_path)
    audit.notebooks(tmp_path)
    changed = tmp_path / NAMES[1]
    original = changed.read_bytes()
    changed.write_bytes(original + b"\n")
    (tmp_path / NAMES[0]).unlink()
    with pytest.raises(ConfigError, match=rf"{NAMES[1]}: is there and differs.*--force"):
        audit.notebooks(tmp_path)
    assert not (tmp_path / NAMES[0]).exists()
    assert changed.read_bytes() == original + b"\n"
    assert [each.path.name for each in audit.notebooks(tmp_path, force=True)] == NAMES
    assert changed.read_bytes() == original


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file/notebooks: cannot be written \(Not a directory\)"):
        audit.notebooks(tmp_path / "file" / "notebooks")
