"""The generated parts of the documents: `--write` writes them again, a test fails when they are stale."""

import io
import json
import os
import re
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import cast

from tests import docs_relations
from tests.benchmarks.peers import shown
from tests.docs_relations import table
from tests.docs_scale import scale

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
COMMANDS = ROOT / "audit" / "commands" / "README.md"
OF_SAMPLES = ROOT / "tests" / "data" / "README.md"
PAGE = Path(__file__).parent / "benchmarks" / "page.json"
MONITOR = Path(__file__).parent / "benchmarks" / "monitor.json"
BACKTEST = Path(__file__).parent / "benchmarks" / "backtest.json"
PEERS = Path(__file__).parent / "benchmarks" / "peers.json"
FEWEST_ROUTING = 0.05
"""Share of the samples that must route something before the saving of what they route is worth a figure."""
PUBLIC = {
    "zeroeval_gpt4o0513_vs_mini": "ZeroEval, gpt-4o-2024-05-13 to mini: 4 tasks, 0/1",
    "zeroeval_gpt4o0806_vs_mini": "ZeroEval, gpt-4o-2024-08-06 to mini: 3 tasks, 0/1",
    "shaberi_ja_gpt4o0513_vs_mini": "Shaberi, gpt-4o-2024-05-13 to mini: 4 Japanese sets, graded",
    "routellm_gpt4turbo_vs_mixtral": "RouteLLM, gpt-4-1106-preview to Mixtral: 58 subjects, 0/1",
}
TODAY = date(2026, 11, 22)
"""The day the example is read on: retirement dates and the age of prices depend on it."""
DEMO_LINES = 44
SAMPLES = Path(__file__).parent / "data" / "samples"


def documents() -> dict[Path, dict[str, str]]:
    """Every document with its blocks by name."""
    return {
        README: generated(),
        COMMANDS: {"help": _help()},
        OF_SAMPLES: {"samples": _samples()},
        docs_relations.RELATIONS: docs_relations.generated(),
    }


def generated() -> dict[str, str]:
    """Every block by its name in the README."""
    return {
        "demo": _demo(),
        "commands": _commands(),
        "page": _page(),
        "formats": _formats(),
        "backtest": _backtest(),
        "targets": _targets(),
        "monitor": _monitor(),
        "peers": shown.block(json.loads(PEERS.read_text(encoding="utf-8"))),
        "assumptions": _assumptions(),
        "scale": scale(),
    }


def with_blocks(text: str, blocks: dict[str, str]) -> str:
    """The README with the generated blocks in place of those between its markers."""
    for name, block in blocks.items():
        pattern = re.compile(f"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)", re.DOTALL)
        text, count = pattern.subn(lambda found, block=block: f"{found[1]}{block}\n{found[2]}", text)
        assert count == 1, f"no document has a place for {name}"
    return text


def _demo() -> str:
    from rich.console import Console

    from audit.demo import run_demo
    from audit.progress import silent
    from audit.report.text import render_text

    with tempfile.TemporaryDirectory() as folder:
        document = run_demo(Path(folder), progress=silent, today=TODAY).document
    out = io.StringIO()
    render_text(document, Console(file=out, width=80, color_system=None))
    lines = [line.rstrip() for line in out.getvalue().splitlines()[:DEMO_LINES]]
    return "\n".join(["What `make demo` prints, first lines:", "", "```text", *lines, "…", "```"])


def _every_command() -> list[tuple[list[str], str]]:
    """The words that call each command, in the order of the help, and the first line of its own help."""
    from typer.core import TyperGroup
    from typer.main import get_command

    from audit.cli import SECTIONS, app

    found: list[tuple[list[str], str]] = []
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    for name in (name for names in SECTIONS.values() for name in names):
        command = group.commands[name]
        if not isinstance(command, TyperGroup) or command.invoke_without_command:
            found.append((["audit", name], command.help or ""))
        if isinstance(command, TyperGroup):
            found += [(["audit", name, each], below.help or "") for each, below in command.commands.items()]
    return [(words, said.splitlines()[0]) for words, said in found]


def _commands() -> str:
    return table(("command", "does"), ((f"`{' '.join(words)}`", line) for words, line in _every_command()))


def _help() -> str:
    """The help of every command at 80 columns, as a terminal shows it."""
    from typer.testing import CliRunner

    from audit.cli import app

    texts: list[str] = []
    for words, _ in _every_command():
        shown = CliRunner().invoke(app, [*words[1:], "--help"], env={"COLUMNS": "80"}, prog_name="audit")
        assert shown.exit_code == 0, shown.output
        texts.append("\n".join(line.rstrip() for line in shown.output.strip().splitlines()))
    return "\n".join(["```text", "\n\n".join(texts), "```"])


def _page() -> str:
    """What `make bench-page` found last on the largest page that is promised."""
    found = json.loads(PAGE.read_text(encoding="utf-8"))
    of, weighs = found["document"], found["bytes"]
    return (
        f"{of['workloads']} workloads, {of['days']} days and {of['models']} models: {weighs['page'] / 1e6:.2f} MB, of "
        f"which Plotly {weighs['plotly'] / 1e6:.2f} MB; drawn after {found['until_drawn_ms'] / 1000:.1f} s "
        f"({found['main_thread_ms'] / 1000:.1f} s of them its own work) on the machine that measured it; "
        f"{found['requests']} requests to anywhere, {found['console_lines']} lines on the console, "
        f"{found['axe_violations']} violations of axe-core's rules."
    )


def _targets() -> str:
    from audit.policy.targets import TARGETS

    return table(("target", "what it writes"), ((f"`{name}`", said) for name, said in TARGETS.items()))


def _monitor() -> str:
    """What `make rollouts` found last: the worlds in which nothing is wrong, then the days until a fault is seen."""
    found = json.loads(MONITOR.read_text(encoding="utf-8"))
    rows: list[tuple[str, str, str]] = []
    for name, world in found["worlds"].items():
        days = "-" if world["median_days"] is None else f"{world['median_days']} ({world['days_of_nine_in_ten']})"
        rows.append((name, f"{world['stopped_share']:.1%}", days))
    heads = ("30 daily looks", "stopped", "days until then: median (nine in ten)")
    of = next(iter(found["worlds"].values()))["world"]
    said = f"{found['runs']:,} simulated rollouts each, {of['checks_per_day']} compared answers a day and workload:"
    return f"{said}\n\n{table(heads, rows)}"


def _formats() -> str:
    from audit.readers.registry import READERS

    rows = ((f"`{reader.format}`", reader.title, "; ".join(reader.lacks) or "-") for reader in READERS)
    return table(("format", "what it is", "lacks"), rows)


def _samples() -> str:
    """What becomes of every sample file, all loaded in one call: the counts that `audit load --json` states."""
    from audit.intake.loading import load

    with tempfile.TemporaryDirectory() as folder:
        report = load([str(SAMPLES)], Path(folder) / "usage.duckdb")
    files: list[tuple[str, ...]] = []
    for file in report.files:
        counts = (file.read, file.loaded, file.duplicate, file.rejected, file.not_calls)
        files.append((f"`{Path(file.path).relative_to(SAMPLES)}`", f"`{file.format}`", *map(str, counts)))
    heads = ("file", "format", "read", "loaded", "duplicate", "rejected", "of them no calls")
    refused = [f"- {text.replace(f'{SAMPLES}/', '')}" for text in sorted(report.refused)]
    return "\n".join([table(heads, sorted(files)), "", "Refused, each with its reason:", "", *refused])


def _backtest() -> str:
    """What `make backtest` found last: a run takes minutes, so its committed result is shown."""
    from audit.backtest.document import Backtest

    document = cast("Backtest", json.loads(BACKTEST.read_text(encoding="utf-8")))
    heads = (
        "data", "pairs", "undecided", "false `route`", "leans right (bare mean)", "95% interval covers",
        "saving's 90% interval covers: moved · routed · expected", "pooled: covers · error saved",
    )  # fmt: skip
    rows: list[tuple[str, ...]] = []
    for tried in document["populations"]:
        for found in tried["by_pairs"]:
            leaning, saving, pooled = found["leaning"], found["saving_coverage"], found["sharing"]
            assert pooled is not None
            routed = saving["measured"] if saving["samples_that_route"] >= FEWEST_ROUTING else None
            savings = " · ".join(map(_percent, (saving["if_moved"], routed, saving["expected"])))
            rows.append(
                (
                    PUBLIC[tried["name"]],
                    str(found["pairs"]),
                    _percent(found["decisions"]["undecided"]),
                    _percent(found["false_routes"]["share"]),
                    f"{_percent(leaning['own'])} ({_percent(leaning['plain'])})",
                    _percent(found["coverage"]["share"]),
                    savings if saving["if_moved"] is not None else "no lengths",
                    f"{_percent(pooled['coverage']['share'])} · {_percent(pooled['error_saved'])}",
                )
            )
    how = f"{document['resamples']:,} samples of each size, margin 5 points, seed {document['seed']}:"
    return "\n".join([how, "", table(heads, rows)])


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{round(100 * value, 1) + 0.0:.1f}%"


def _assumptions() -> str:
    from audit.assumptions import Assumptions

    rows = ((f"`{row['name']}`", str(row["value"]), row["source"]) for row in Assumptions().to_document())
    return table(("assumption", "value", "source"), rows)


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit("usage: docs.py --write")
    for document, blocks in documents().items():
        document.write_text(with_blocks(document.read_text(encoding="utf-8"), blocks), encoding="utf-8")
    os._exit(0)  # without the forty lines that DuckDB's binding prints when the interpreter goes down
