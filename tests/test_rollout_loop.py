"""From a log to a routed week and to one that is stopped: notebooks/rollout_loop.py, on LiteLLM's own Router."""

import json
import math
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from audit.cli import app
from tests.litellm_router import awaited, litellm
from tests.loads import loaded, query

SCRIPT = Path(__file__).parent.parent / "notebooks" / "rollout_loop.py"
TICKETS, MEMOS = 210, 35
"""Of a week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """The script's folder, its exit codes and what it printed."""

    folder: Path
    codes: list[int]
    said: str

    def payloads(self, week: int) -> list[dict[str, Any]]:
        """What LiteLLM logged of a week."""
        return [json.loads(line) for line in (self.folder / f"week-{week}.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The script, run once from end to end."""
    litellm()
    awaited(import_module("litellm.litellm_core_utils.logging_worker").GLOBAL_LOGGING_WORKER.flush())
    spec = spec_from_file_location("rollout_loop", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patched, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LiteLLM's, about its own dependencies
        spec.loader.exec_module(module)
        patched.setattr(module, "print", lines.append, raising=False)
        folder = tmp_path_factory.mktemp("rollout")
        with ThreadPoolExecutor(1) as thread:  # where no other event loop can be running
            codes = thread.submit(module.main, folder).result()
    return Ran(folder=folder, codes=codes, said="\n".join(lines))


def watched(ran: Ran, week: int, first: str) -> tuple[int, str]:
    """Exit code and standard error of `audit monitor` on a week that the script exported."""
    arguments = [str(ran.folder / f"week-{week}.jsonl"), "--plan", str(ran.folder / "plan.json"), "--stage", "3"]
    more = ["--outcomes", str(ran.folder / f"week-{week}-scores.csv"), "--since", first, "--quiet", "--json"]
    result = CliRunner().invoke(app, ["monitor", *arguments, *more, "--config", str(ran.folder / "audit.toml")])
    assert json.loads(result.stdout)["schema"] == "traffic-audit/monitor/1"
    return result.exit_code, result.stderr


def test_the_first_week_may_go_on_and_the_second_has_to_stop(ran: Ran) -> None:
    assert ran.codes == [0, 3]
    assert "triage: route" in ran.said
    assert "Wide enough for stage 4 (100 %)" in ran.said
    assert "Stop stage 3 (50 %): triage" in ran.said


def test_the_command_says_the_same_by_its_exit_code_and_one_line(ran: Ran) -> None:
    assert watched(ran, 2, "2026-09-15") == (0, "")
    code, error = watched(ran, 3, "2026-09-22")
    assert code == 3
    assert "loses more than 5 points of quality" in " ".join(error.split())


def test_half_of_the_tickets_moved_and_no_memo_did(ran: Ran) -> None:
    for week in (2, 3):
        served = Counter((each["request_tags"][0], each["model"]) for each in ran.payloads(week))
        moved = served["endpoint:triage", "openai/gpt-4o-mini"]
        assert moved + served["endpoint:triage", "openai/gpt-4o"] == TICKETS
        assert abs(moved - TICKETS / 2) < 5 * math.sqrt(TICKETS / 4)
        assert served["endpoint:memo", "openai/gpt-4o"] == MEMOS
        assert len(served) == 3


def test_what_litellm_logs_is_loaded_with_the_endpoints_of_the_policy(ran: Ran, tmp_path: Path) -> None:
    db = tmp_path / "usage.duckdb"
    (file,) = loaded(db, ran.folder / "week-2.jsonl").files
    assert file.format == "litellm_payload"
    assert query(db, "select endpoint, count(*) from requests group by endpoint order by endpoint") == [
        ("memo", MEMOS),
        ("triage", TICKETS),
    ]
