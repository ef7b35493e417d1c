"""A package on logs of several sizes: some runs of its commands, what they took and what they said."""

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.peers.adapters import Found, Peer
from tests.benchmarks.peers.environments import environment
from tests.benchmarks.peers.logs import Logs
from tests.benchmarks.peers.measuring import Limits, Run, measure

LONG_SECONDS = 60
"""What takes longer is run once."""
SMALLER = 10
"""A package that does not finish the smallest log is tried on one that is so many times smaller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is run, and where."""

    rows: Sequence[int]
    runs: int
    limits: Limits
    environments: Path
    work: Path
    outputs: Path | None


def on_logs(peer: Peer, logs: Logs, plan: Plan, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """A result per number of rows, fewest first.

    A log that would keep a package busy beyond the limit, were it only linear in the rows, is not run.
    """
    programs = environment(peer.requirements, plan.environments) if peer.requirements else Path(sys.executable).parent
    done: list[dict[str, Any]] = []
    sizes = list(plan.rows)
    while sizes:
        rows = sizes.pop(0)
        expected = done[-1]["runs"][0]["seconds"] * rows / done[-1]["rows"] if done else 0
        if expected <= plan.limits.seconds:
            with logs.log(rows, peer.reads) as log:
                result: dict[str, Any] = {"rows": rows, **_some_runs(peer, programs, log, plan)}
        else:
            result = {"rows": rows, "runs": [], "expected_seconds": round(expected)}
            sizes = []
        say(_line(result))
        done.append(result)
        if result.get("exit_code", 0) != 0:
            sizes = [rows // SMALLER] if rows == plan.rows[0] else []
    return sorted(done, key=lambda each: each["rows"])


def _some_runs(peer: Peer, programs: Path, log: Path, plan: Plan) -> dict[str, Any]:
    found, runs = Found(None, None), list[dict[str, float]]()
    while len(runs) < plan.runs and not (runs and runs[-1]["seconds"] > LONG_SECONDS):
        commands = _once(peer, programs, log, plan)
        runs.append(_as_one(commands))
        last = commands[-1]
        if last.exit_code != 0:
            error = _last_line(last).replace(f"{plan.work.parent}/", "").replace(f"{plan.environments}/", "")
            return {"runs": runs, "exit_code": last.exit_code, "stopped": last.stopped, "error": error}
        found = peer.read_output([command.out for command in commands])
        for position, command in enumerate(commands if plan.outputs else (), start=1):
            assert plan.outputs is not None
            (plan.outputs / f"{peer.name}-{position}.txt").write_text(command.out, encoding="utf-8")
    return {"runs": runs, "exit_code": 0, "stopped": None, **asdict(found)}


def _once(peer: Peer, programs: Path, log: Path, plan: Plan) -> list[Run]:
    """All commands of a package in a new folder, which is its home, too; none after one that fails."""
    shutil.rmtree(plan.work, ignore_errors=True)
    plan.work.mkdir()
    for name, text in peer.files.items():
        (plan.work / name).parent.mkdir(exist_ok=True)
        (plan.work / name).write_text(text, encoding="utf-8")
    variables = {
        "HOME": str(plan.work),
        "PATH": f"{programs}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "COLUMNS": "200",  # so that no line is broken in which a figure is looked for
        "NO_COLOR": "1",
    }
    runs: list[Run] = []
    for program, *arguments in peer.commands:
        command = [str(programs / program), *(str(log) if each == "{log}" else each for each in arguments)]
        left = Limits(plan.limits.seconds - sum(run.seconds for run in runs), plan.limits.peak_mb)
        runs.append(measure(command, plan.work, variables, left))
        if runs[-1].exit_code != 0:
            break
    shutil.rmtree(plan.work)
    return runs


def _as_one(runs: Sequence[Run]) -> dict[str, float]:
    """Commands one after the other, as one."""
    return {
        "seconds": round(sum(run.seconds for run in runs), 2),
        "cpu_seconds": round(sum(run.cpu_seconds for run in runs), 2),
        "peak_mb": round(max(run.peak_mb for run in runs)),
    }


def _last_line(run: Run) -> str:
    """The line that most likely says why a command failed."""
    lines = [line.strip() for line in (run.error or run.out).splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def _line(result: dict[str, Any]) -> str:
    if not result["runs"]:
        return f"  {result['rows']:>9,} rows  not run: {result['expected_seconds']:,} s or more"
    times = ", ".join(f"{run['seconds']:.1f} s ({run['cpu_seconds']:.1f} s CPU)" for run in result["runs"])
    peak = max(run["peak_mb"] for run in result["runs"])
    said = json.dumps({name: result[name] for name in ("error", "total_cost", "saving") if name in result})
    ended = "" if result["exit_code"] == 0 else f" killed for {result['stopped']}" if result["stopped"] else " failed"
    return f"  {result['rows']:>9,} rows  {times}, {peak:,.0f} MB{ended}  {said}"
