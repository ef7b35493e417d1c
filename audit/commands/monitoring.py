"""The command that watches a rollout."""

from pathlib import Path
from typing import Annotated

import typer

from audit.commands.options import CHECK_FAILED, Json, Quiet, Settings, Since, Sources, Until


def monitor(
    exports: Annotated[
        list[str] | None,
        typer.Argument(metavar="NEW_EXPORTS", help="Exports since the stage began; none: what --db holds."),
    ] = None,
    plan: Annotated[Path, typer.Option("--plan", help="The plan, as `audit plan --json` wrote it.")] = Path(
        "plan.json"
    ),
    stage: Annotated[int, typer.Option("--stage", min=1, help="The stage of the plan that is on, from 1.")] = 1,
    db: Annotated[
        Path | None,
        typer.Option("--db", envvar="AUDIT_DB", help="Load into this database; a passing one if left out."),
    ] = None,
    outcomes: Annotated[
        list[Path] | None,
        typer.Option("--outcomes", help="Pairs, or scores of one model (model, score), since then; repeatable."),
    ] = None,
    scale: Annotated[str, typer.Option("--scale", help="The range of their scores: '5' is 0 to 5.")] = "1",
    since: Since = None,
    until: Until = None,
    source: Sources = None,
    format: Annotated[
        str | None, typer.Option("--format", help="Read as this format; `audit formats` lists them.")
    ] = None,
    map_file: Annotated[Path | None, typer.Option("--map", help="A TOML column map for the exports.")] = None,
    endpoint: Annotated[
        str | None,
        typer.Option("--endpoint", help="Where the endpoint is: tag:PREFIX, route, prompt_name, metadata.KEY."),
    ] = None,
    config: Settings = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write it as one offline HTML page.")] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """What came of a stage of the rollout: realised saving, errors, quality, drift; exit 3 where a stop rule fires.

    New traffic is held against the plan as often as you like: the tests allow for it. --since is the day the stage
    began, by default the first after the plan's own traffic.
    """
    from audit.console.terminal import note, print_json
    from audit.library.watching import monitor as watch

    found = watch(
        exports or (),
        plan=plan,
        db=db,
        stage=stage,
        outcomes=outcomes or (),
        scale=scale,
        since=since,
        until=until,
        sources=source or (),
        format=format,
        map_file=map_file,
        endpoint=endpoint,
        config=config,
        html=html,
        progress=not quiet,
    )
    if as_json:
        print_json(found)
    else:
        from audit.console.monitor import print_monitor

        print_monitor(found)
    if html is not None:
        typer.echo(str(html), err=as_json)
    if found["stopped"] is not None:
        note(f"audit: {found['words']}")
        raise typer.Exit(CHECK_FAILED)
