"""`audit sample` on the command line: what is printed, what is written, and how it fails."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from exports import generated_log
from samples_of import calls, database, replays

AUDIT = str(Path(sys.executable).with_name("audit"))


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [AUDIT, "sample", "--quiet", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log as an application would write it itself, with prompts and answers, loaded."""
    folder = tmp_path_factory.mktemp("cli")
    generated_log(folder / "log.jsonl", "openai", rows=5_000)
    done = subprocess.run([AUDIT, "load", "log.jsonl", "--quiet"], cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0
    return folder


def test_a_dry_run_says_what_it_would_show_and_cost_and_writes_nothing(folder: Path) -> None:
    done = run("--dry-run", "--pairs", "600", folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("600 requests would be replayed on gpt-4o-mini-2024-07-18, about $")
    assert max(map(len, done.stdout.splitlines())) <= 80
    words = " ".join(done.stdout.split())
    assert "±: half of the 95 % interval to expect" in words
    assert "Holm over workloads tested: " in words
    assert not (folder / "audit-sample").exists()


def test_a_sample_is_written_and_the_next_step_named(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "sample"
    done = run("--budget", "0.50", "--out", str(out), folder=folder)
    assert done.returncode == 0, done.stderr
    assert f"audit outcomes add OUTPUT --sample {out}" in done.stdout
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert len(replays(out)) == manifest["pairs"] > 100
    assert manifest["cost"] <= 0.5
    assert {each.endpoint for each in replays(out)} >= {"pr-review", "kb-answer", "support-chat"}


def test_json_is_the_manifest(folder: Path, tmp_path: Path) -> None:
    done = run("--pairs", "300", "--again", "10%", "--out", str(tmp_path / "s"), "--json", folder=folder)
    document = json.loads(done.stdout)
    assert document == json.loads((tmp_path / "s" / "manifest.json").read_text(encoding="utf-8"))
    assert document["again"] == {"share": 0.1, "count": 0}
    assert document["pair"] == {"incumbent": "gpt-4o", "candidate": "gpt-4o-mini-2024-07-18"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--again", "often"), "neither a number (100) nor a share (10%)"),
        (("--again", "120%"), "neither a number (100) nor a share (10%)"),
        (("--pairs", "0"), "Invalid value"),
        (("--margin", "0"), "Invalid value"),
    ],
)
def test_wrong_usage_is_exit_2(arguments: tuple[str, ...], said: str, folder: Path) -> None:
    done = run(*arguments, folder=folder)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--budget", "0.000001"), "the cheapest workload to begin with needs $"),
        (("--budget", "1", "--pairs", "100"), "give one of them"),
        (("--endpoint", "mail-drafts"), "nearest: mail-draft"),
        (("--workload", "w-1"), "unknown workload 'w-1'"),
        (("--to", "gpt-4o-mni"), "nearest: gpt-4o-mini"),
        (("--from", "gpt-4-turbo"), "no billed requests of gpt-4-turbo"),
        (("--out", "."), "is not an empty folder"),
        (("--db", "none.duckdb"), "audit load PATH"),
    ],
)
def test_what_cannot_be_done_is_one_line_on_standard_error(arguments: tuple[str, ...], said: str, folder: Path) -> None:
    done = run(*arguments, folder=folder)
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_endpoints_and_margins_are_chosen_by_option(tmp_path: Path) -> None:
    database(tmp_path, *calls("chat", 200), *calls("mail", 200, first=200))
    done = run("--endpoint", "mail", "--margin", "4", "--dry-run", "--json", folder=tmp_path)
    rows = json.loads(done.stdout)["workloads"]
    assert {row["endpoint"] for row in rows} == {"mail"}
    assert {row["margin"] for row in rows} == {4}
