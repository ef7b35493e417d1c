"""A rollout watched: new exports held against the plan they follow."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from audit.errors import ConfigError, InputError
from audit.library.asking import Day, day_of, path_of, paths_of, settled
from audit.progress import Progress, shown
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from datetime import date

    from audit.config import Config
    from audit.monitoring.single_scores import SingleScore
    from audit.report.monitor_document import Monitor


def monitor(
    exports: str | Path | Sequence[str | Path] = (),
    *,
    plan: str | Path,
    db: str | Path | None = None,
    stage: int = 1,
    outcomes: str | Path | Sequence[str | Path] = (),
    scale: str = "1",
    since: Day | None = None,
    until: Day | None = None,
    sources: Sequence[str] = (),
    format: str | None = None,
    map_file: str | Path | None = None,
    endpoint: str | None = None,
    config: str | Path | None = None,
    today: Day | None = None,
    html: str | Path | None = None,
    progress: bool = False,
) -> "Monitor":
    """What came of a stage of a rollout: the document of `audit monitor --json`.

    `exports` are loaded into `db`, or into a database that is gone afterwards; without any, `db` is looked at as it is.
    `stage` is the plan's, begun on `since` (the first day after the plan's traffic). `outcomes` are files of pairs, or
    of scores of one model. With `html` it is also written there, as one offline page.
    """
    from audit.monitoring.looking import first_day, stage_of
    from audit.monitoring.monitor import Look
    from audit.monitoring.monitor import monitor as watch
    from audit.output_files import page_file, written_whole
    from audit.planning.document import SCHEMA, Plan
    from audit.report.previous import read_document

    page = None if html is None else page_file(Path(html))
    if page is not None and page.resolve() == Path(plan).resolve():
        raise ConfigError(f"--html {html}: is the plan, which the page would replace; name another file")
    made_by = "`audit plan --json > FILE` writes one"
    known: Plan = read_document(Path(plan), Plan, SCHEMA, "plan", made_by)  # pyright: ignore[reportAssignmentType]
    asked = settled(config=config, sources=sources, today=today)
    named = [str(path) for path in ([exports] if isinstance(exports, str | Path) else exports)]
    if not named and db is None:
        raise ConfigError("no exports and no database to look at; name the new exports, or with --db where they are")
    # A question without an answer loads nothing.
    asked_stage, began = stage_of(known, stage), first_day(known, day_of("since", since))
    with ExitStack() as stack:
        telling = stack.enter_context(shown(not progress))
        path = path_of(db) or Path(stack.enter_context(TemporaryDirectory(prefix="audit-"))) / "new traffic"
        if named:
            _load(named, path, asked.config, format, map_file, endpoint, telling)
        else:
            Warehouse.read(path).con.close()  # to add outcomes would make what is not there
        singles, warnings = _add(paths_of(outcomes), path, asked.question.today, scale)
        look = Look(
            plan=known,
            stage=asked_stage,
            since=began,
            until=day_of("until", until),
            today=asked.question.today,
            singles=singles,
        )
        with Warehouse.read(path) as warehouse:
            found = watch(warehouse, look, asked.config, asked.assumptions, telling)
    found["notes"] += warnings
    if page is not None:
        from audit.report.html import render_monitor

        with written_whole(page) as partial:
            partial.write_text(render_monitor(found), encoding="utf-8")
    return found


def _load(
    exports: Sequence[str],
    db: Path,
    config: "Config",
    format: str | None,
    map_file: str | Path | None,
    endpoint: str | None,
    progress: Progress,
) -> None:
    """Load all of them: a look at a part of the traffic would be a look at something else."""
    from audit.config import with_endpoint
    from audit.intake.loading import load

    settings = config if endpoint is None else with_endpoint(config, endpoint)
    report = load(exports, db, config=settings, format=format, map_file=path_of(map_file), progress=progress)
    if report.refused:
        raise InputError("; ".join(report.refused))
    if report.failed_checks:
        raise InputError("; ".join(report.failed_checks))


def _add(files: Sequence[Path], db: Path, today: "date", scale: str) -> "tuple[list[SingleScore], list[str]]":
    """Pairs go into the database, as `audit outcomes add` puts them there; scores of one model are only looked at.

    What that command would warn of comes back beside the scores.
    """
    from audit.evidence.outcome_log import add_outcomes
    from audit.monitoring.single_scores import is_one_sided, read_single_scores

    found: list[SingleScore] = []
    warnings: list[str] = []
    for file in files:
        if is_one_sided(file):
            found += read_single_scores(file, today=today, scale=scale)
        else:
            added = add_outcomes(db, file, today=today, scale=scale)
            warnings += (f"{file.name}: {warning}." for warning in added.warnings)
    return found, warnings
