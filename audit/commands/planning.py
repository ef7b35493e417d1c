"""From verdicts to a rollout in stages."""

from pathlib import Path
from typing import Annotated

import typer

from audit.commands.options import (
    DEFAULT_DB,
    Candidate,
    Db,
    Incumbent,
    Json,
    MonthlyRequests,
    Quiet,
    Settings,
    Since,
    Sources,
    Until,
    asked,
)
from audit.commands.policy import STAGES, Stages, parse_stages


def plan(
    db: Db = DEFAULT_DB,
    config: Settings = None,
    incumbent: Incumbent = "gpt-4o",
    candidate: Candidate = "gpt-4o-mini",
    since: Since = None,
    until: Until = None,
    source: Sources = None,
    monthly_requests: MonthlyRequests = None,
    stages: Stages = STAGES,
    checks_per_day: Annotated[
        int, typer.Option("--checks-per-day", min=1, help="Answers of a workload that can be compared a day.")
    ] = 200,
    successors: Annotated[
        bool, typer.Option("--successors", help="Also the same traffic on the models that follow this pair.")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Also write the JSON, for `audit monitor --plan`.")] = None,
    as_json: Json = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="The same as a checklist in GitHub's Markdown.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """The rollout in stages: what moves when, what is measured before, what stops it, and when it has paid off."""
    from audit.console.terminal import print_exactly
    from audit.library.opened import Audit
    from audit.output_files import new_file, written_whole

    if as_json and as_markdown:
        raise typer.BadParameter("--json and --markdown are two forms of the same; name one", param_hint="--markdown")
    file = None if out is None else new_file(out, force=True)
    made = Audit(db).plan(
        stages=parse_stages(stages),
        checks_per_day=checks_per_day,
        successors=successors,
        progress=not quiet,
        **asked(config, incumbent, candidate, since, until, source, monthly_requests),
    )
    if file is not None:
        with written_whole(file) as partial:
            partial.write_text(made.json(), encoding="utf-8")
    if as_json:
        print_exactly(made.json())
    elif as_markdown:
        print_exactly(made.markdown())
    else:
        from audit.console.plan import print_plan

        print_plan(made.document)
    if file is not None:
        typer.echo(str(file), err=True)
