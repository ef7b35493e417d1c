"""The interactive app, run without a browser: it slices what the report says, and fetches nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TypedDict, cast

import pytest

import audit
from tests import run_notebooks as notebooks

RUN = """
import json, socket, sys

def refuse(*_): raise AssertionError("the app connects to something")
socket.socket.connect = refuse
socket.create_connection = refuse
socket.getaddrinfo = refuse

sys.path.insert(0, {folder!r})
from explore import app

outputs, values = app.run(defs={defs})
texts = [getattr(output, "text", str(output)) for output in outputs if output is not None]
report = values.get("report")
result = dict(
    outputs=texts,
    savings=report.document["savings"] if report else None,
    window=report.document["window"] if report else None,
    sums=values.get("sums"),
    chosen=values["chosen"]["endpoint"].unique().sort().to_list() if "chosen" in values else None,
    figures=sorted(values.get("figures", ())),
)
print(json.dumps(result))
"""


class Shown(TypedDict):
    """What one run of the app came to."""

    outputs: list[str]
    savings: dict[str, dict[str, dict[str, float]]] | None
    window: dict[str, str]
    sums: dict[str, float]
    chosen: list[str]
    figures: list[str]


def run(folder: Path, defs: str = "None", **environment: str) -> Shown:
    """The app in a fresh interpreter with sockets that refuse; `defs` replaces what the controls give."""
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(folder=str(notebooks.APP.parent), defs=defs)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(notebooks.ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return cast("Shown", json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> audit.DemoResult:
    return audit.run_demo(tmp_path_factory.mktemp("demo"))


def asked(demo: audit.DemoResult, **changes: object) -> str:
    """Definitions of the cell that reads the controls."""
    question = {"incumbent": "gpt-4o", "candidate": "gpt-4o-mini", "config": str(demo.directory / "audit.toml")}
    only = changes.pop("only", [])
    return repr({"question": question | changes, "only": only, "is_whole": True})


def test_the_app_shows_the_demos_report_and_its_parts_add_up(demo: audit.DemoResult, tmp_path: Path) -> None:
    shown = run(tmp_path)
    assert shown["savings"] == demo.document["savings"]
    for level, saved in demo.document["savings"].items():
        assert shown["sums"][level] == pytest.approx(float(saved["window"]["point"]))
    assert shown["sums"]["cost_share"] == pytest.approx(1)
    assert {"Workloads", "Over time", "Saving by evidence (all)"} <= set(shown["figures"])
    assert (tmp_path / "audit-demo" / "demo.duckdb").exists()


def test_choosing_endpoints_changes_what_is_shown_and_not_what_is_decided(
    demo: audit.DemoResult, tmp_path: Path
) -> None:
    whole = run(tmp_path, asked(demo), AUDIT_DB=str(demo.db))
    part = run(tmp_path, asked(demo, only=["crux", "gsm"]), AUDIT_DB=str(demo.db))
    assert part["chosen"] == ["crux", "gsm"]
    assert part["savings"] == whole["savings"]
    assert part["sums"]["measured"] == whole["sums"]["measured"] > 0
    assert part["sums"]["ceiling"] < whole["sums"]["ceiling"]


def test_a_wider_margin_routes_more_of_the_demo(demo: audit.DemoResult, tmp_path: Path) -> None:
    margins = dict.fromkeys(("low", "normal", "core"), 15.0)
    wide = run(tmp_path, asked(demo, assumptions={"margins": margins}), AUDIT_DB=str(demo.db))
    assert wide["sums"]["measured"] > run(tmp_path, asked(demo), AUDIT_DB=str(demo.db))["sums"]["measured"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"candidate": "gpt-4o-mni"}, "nearest: gpt-4o-mini"),
        ({"incumbent": "gpt-4.1"}, "No traffic of this model here"),
    ],
)
def test_a_question_without_an_answer_is_said_in_the_page(
    demo: audit.DemoResult, tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    assert any(said in text for text in run(tmp_path, asked(demo, **changes), AUDIT_DB=str(demo.db))["outputs"])
