"""The whole tour on bundled real data: load, outcomes, report, HTML page.

What the data are, where they come from and what was changed is in `audit/data/demo/README.md`, which is copied along.
"""

from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import ConfigError
from audit.output_files import written_whole
from audit.progress import Progress, silent

if TYPE_CHECKING:
    from audit.evidence.outcome_log import Added
    from audit.intake.loading import LoadReport
    from audit.report.document import ReportDocument

LOG, OUTCOMES, SETTINGS = "spend_logs.jsonl.gz", "outcomes.csv", "audit.toml"
DATABASE = "demo.duckdb"
"""Not the default name: the tour makes its database anew, and must never do that to somebody's own."""

AS_OF = date(2026, 11, 22)
"""The day the demo is looked at: once its models are switched off, outcomes of theirs decide nothing."""

NOTE = (
    "Demo data: real token counts and scores, but arrival times moved into one week and a chosen mix of endpoints; "
    f"daily and monthly figures only show how they look. As of {AS_OF}. README.md beside the log says more."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """What the tour made, all of it in `directory`."""

    directory: Path
    db: Path
    html: Path
    today: date
    """The day it was looked at."""
    loaded: "LoadReport"
    outcomes: "Added"
    document: "ReportDocument"


def run_demo(directory: Path, *, today: date = AS_OF, progress: Progress = silent) -> DemoResult:
    """Load the demo's log and outcomes in `directory`, report on them and write the page there.

    An audit.toml that is already there is kept and counts, so that one can change it and run again. Raises ConfigError
    when another file of a name that the demo needs is in the way.
    """
    from audit.assumptions import assumptions_from
    from audit.config import read_config
    from audit.evidence.outcome_log import add_outcomes
    from audit.intake.loading import load
    from audit.pipeline import run_report
    from audit.report.html import render_html
    from audit.scope import Question
    from audit.warehouse import Warehouse

    db, html = directory / DATABASE, directory / "report.html"
    with progress("copying the demo data"):
        _copy(directory)
        for old in (db, db.with_name(f"{DATABASE}.wal")):
            old.unlink(missing_ok=True)
    config = read_config(directory / SETTINGS)
    loaded = load([str(directory / LOG)], db, config=config, progress=progress)
    with progress("adding paired outcomes"):
        added = add_outcomes(db, directory / OUTCOMES, today=today)
    with Warehouse.read(db) as warehouse:
        question, assumptions = Question(today=today), assumptions_from(config.assumptions)
        document = run_report(warehouse, question, config, assumptions, progress).document
    document["warnings"] = [NOTE, *document.get("warnings", [])]
    with progress("writing the page"), written_whole(html) as partial:
        partial.write_text(render_html(document), encoding="utf-8")
    return DemoResult(
        directory=directory, db=db, html=html, today=today, loaded=loaded, outcomes=added, document=document
    )


def _copy(directory: Path) -> None:
    """Put the bundled files into `directory`, made where it does not exist."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{directory}: cannot be made ({error.strerror}); name another directory") from error
    for bundled in files("audit").joinpath("data", "demo").iterdir():
        content, target = bundled.read_bytes(), directory / bundled.name
        if not target.exists():
            target.write_bytes(content)
        elif bundled.name != SETTINGS and target.read_bytes() != content:
            raise ConfigError(f"{target}: in the way, the demo has a file of this name; name another directory")
