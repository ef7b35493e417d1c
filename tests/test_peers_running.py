"""Running other packages: limits hold, children count, converted logs say the same, ours runs as it is compared."""

import json
import os
import sys
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from select import select
from typing import Any

import pytest

from tests.benchmarks.peers.adapters import PEERS, Found, Peer
from tests.benchmarks.peers.environments import BUILT, environment
from tests.benchmarks.peers.logs import Logs
from tests.benchmarks.peers.measuring import Limits, Run, measure
from tests.benchmarks.peers.running import Plan, on_logs

ROWS = 600
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parent.parent)}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Logs:
    return Logs(tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="module")
def spend_logs(logs: Logs) -> Generator[list[dict[str, Any]]]:
    with logs.log(ROWS, None) as path:
        yield lines(path)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def run(script: str, folder: Path, **limits: float) -> Run:
    return measure([sys.executable, "-S", "-c", script], folder, ENVIRONMENT, Limits(**limits))


def plan(folder: Path, *rows: int, **limits: float) -> Plan:
    work = folder / "work"
    return Plan(rows=rows or (ROWS,), runs=1, limits=Limits(**limits), environments=folder, work=work, outputs=None)


@pytest.fixture
def alive(tmp_path: Path) -> Generator[int]:
    """The reading end of a pipe in the folder, whose end comes when nothing has it open for writing any more."""
    os.mkfifo(tmp_path / "alive")
    reading = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    yield reading
    os.close(reading)


def read_to_the_end(pipe: int) -> bytes:
    found = b""
    while select([pipe], [], [], 60)[0]:
        if not (part := os.read(pipe, 100)):
            return found
        found += part
    raise AssertionError(f"something still writes after {found!r}")


def test_a_command_is_killed_when_its_time_is_over(tmp_path: Path) -> None:
    done = run("import signal; signal.pause()", tmp_path, seconds=0)
    assert (done.stopped, done.exit_code) == ("time", -9)


def test_a_command_is_killed_with_its_children_when_together_they_take_too_much_memory(
    tmp_path: Path, alive: int
) -> None:
    child = (
        "import signal; alive = open('alive', 'w'); alive.write('x'); alive.flush(); "
        "held = b'x' * 100_000_000; signal.pause()"
    )
    both = f"import subprocess, sys; held = [subprocess.Popen([sys.executable, '-S', '-c', {child!r}]) for _ in '12']"
    done = run(f"{both}; [each.wait() for each in held]", tmp_path, peak_mb=200)
    assert (done.stopped, done.exit_code) == ("memory", -9)
    assert done.peak_mb > 200
    assert read_to_the_end(alive) == b"xx"


def test_the_time_of_children_counts(tmp_path: Path) -> None:
    child = "import time; sum(range(5_000_000)); print(time.process_time())"
    done = run(f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {child!r}])", tmp_path)
    assert done.exit_code == 0
    assert done.cpu_seconds > float(done.out)


def test_what_a_command_prints_and_its_failure_are_kept(tmp_path: Path) -> None:
    done = run("import sys; print('told'); sys.exit('broken')", tmp_path)
    assert (done.out, done.error, done.exit_code, done.stopped) == ("told\n", "broken\n", 1, None)


def test_pairs_hold_the_counts_of_every_request_that_the_provider_served(
    logs: Logs, spend_logs: list[dict[str, Any]]
) -> None:
    with logs.log(ROWS, "openrouter_pairs") as path:
        pairs = lines(path)
    served = [each for each in spend_logs if each["cache_hit"] != "True"]
    assert 0 < len(served) < ROWS
    assert Counter(
        (each["response"]["id"], each["model"], each["usage"]["prompt_tokens"], each["usage"]["completion_tokens"])
        for each in pairs
    ) == Counter(
        (each["request_id"], "openai/" + each["model"], each["prompt_tokens"], each["completion_tokens"])
        for each in served
    )
    assert all(each["request"]["messages"] for each in pairs)


def test_records_hold_every_request_once_with_cached_tokens_apart(logs: Logs, spend_logs: list[dict[str, Any]]) -> None:
    with logs.log(ROWS, "records") as path:
        records = lines(path)
    served = {each["request_id"]: each for each in spend_logs if each["cache_hit"] != "True"}
    assert {each["id"] for each in records} == set(served)
    assert len(records) == len(served)
    for each in records:
        assert each["input_tokens"] + each["cache_read_tokens"] == served[each["id"]]["prompt_tokens"]
        assert each["task_type"] == json.loads(served[each["id"]]["request_tags"])[0]
    assert any(each["cache_read_tokens"] for each in records)


def test_traffic_audit_and_bare_duckdb_run_and_agree_on_the_cost(logs: Logs, tmp_path: Path) -> None:
    ours, bare = (
        on_logs(next(peer for peer in PEERS if peer.name == name), logs, plan(tmp_path), say=print)[0]
        for name in ("traffic-audit", "bare DuckDB")
    )
    known = float(logs.known[ROWS]["list_cost"])
    assert round(ours["total_cost"], 9) == round(bare["total_cost"], 9) == known
    assert ours["saving"].startswith("expected $")


def peer(script: str) -> Peer:
    def nothing(_: object) -> Found:
        return Found(None, None)

    return Peer(name="other", commands=(("python", "-c", script, "{log}"),), read_output=nothing)


def test_a_package_that_does_not_finish_is_tried_on_a_smaller_log(logs: Logs, tmp_path: Path) -> None:
    large = "sum(1 for _ in open(sys.argv[1])) >= 100"
    script = f"import signal, sys\nif {large}:\n    held = b'x' * 300_000_000\n    signal.pause()"
    smaller, asked = on_logs(peer(script), logs, plan(tmp_path, ROWS, 10 * ROWS, peak_mb=200), say=print)
    assert (smaller["rows"], smaller["exit_code"]) == (ROWS // 10, 0)
    assert (asked["rows"], asked["stopped"]) == (ROWS, "memory")


def test_a_log_that_would_take_beyond_the_limit_is_not_run(logs: Logs, tmp_path: Path) -> None:
    script = "import time; time.sleep(0.1)"
    asked, larger = on_logs(peer(script), logs, plan(tmp_path, ROWS, 10_000 * ROWS), say=print)
    assert asked["exit_code"] == 0
    assert larger["runs"] == []
    assert larger["expected_seconds"] == round(10_000 * asked["runs"][0]["seconds"])


def test_a_package_that_fails_says_why_without_naming_a_folder(logs: Logs, tmp_path: Path) -> None:
    script = "import os, sys; sys.exit(f'no format in {os.getcwd()}/x')"
    found = on_logs(peer(script), logs, plan(tmp_path), say=print)
    assert [each["error"] for each in found] == ["no format in work/x"] * 2


def test_an_installation_that_failed_is_said_and_is_no_environment(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="pip install no-such-package-of-ours==1"):
        environment(["no-such-package-of-ours==1", "--no-index"], tmp_path)
    assert not list(tmp_path.rglob(BUILT))
