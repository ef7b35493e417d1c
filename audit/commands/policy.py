"""From verdicts to routing rules: the policy, its form for routers, and what it would have done with the log."""

from pathlib import Path
from typing import Annotated

import typer

from audit.commands.options import (
    DEFAULT_DB,
    Candidate,
    Db,
    Incumbent,
    Json,
    Quiet,
    Settings,
    Since,
    Sources,
    Until,
    asked,
)

Stages = Annotated[str, typer.Option("--stages", help="Shares that a rule climbs, from its first stage on.")]
STAGES = "0.01,0.1,0.5,1"


def policy(
    context: typer.Context,
    db: Db = DEFAULT_DB,
    config: Settings = None,
    incumbent: Incumbent = "gpt-4o",
    candidate: Candidate = "gpt-4o-mini",
    since: Since = None,
    until: Until = None,
    source: Sources = None,
    target: Annotated[
        str | None, typer.Option("--target", help="The router to write it for; none: the neutral JSON.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write it to this file.")] = None,
    stages: Stages = STAGES,
    stage: Annotated[int | None, typer.Option("--stage", min=1, help="As it is in this stage, from 1.")] = None,
    include: Annotated[
        str | None, typer.Option("--include", help="pilot: rules for workloads to be measured, at the first stage.")
    ] = None,
    with_classifier: Annotated[
        bool,
        typer.Option("--classifier", help="The candidate judges every request of a rule first; its cost is counted."),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """The routing policy that the verdicts allow, by what a router can see; what it cannot tell apart stays."""
    if context.invoked_subcommand is not None:
        _nothing_before(context)
        return
    from audit.console.terminal import note, print_exactly
    from audit.library.opened import Audit
    from audit.output_files import new_file, written_whole
    from audit.policy.targets import refuse_unknown

    if target is not None:
        refuse_unknown(target)
    if include not in (None, "pilot"):
        raise typer.BadParameter(f"--include {include!r}: only pilot can be included")
    file = None if out is None else new_file(out, force=True)
    made = Audit(db).policy(
        stages=parse_stages(stages),
        stage=stage,
        with_pilots=include == "pilot",
        with_classifier=with_classifier or target == "model-based",
        progress=not quiet,
        **asked(config, incumbent, candidate, since, until, source),
    )
    text = made.json() if target is None else made.render(target)
    if file is None:
        print_exactly(text)
    else:
        with written_whole(file) as partial:
            partial.write_text(text, encoding="utf-8")
        typer.echo(str(file))
    for line in [*made.document["notes"], *([] if target is None else made.cannot_express(target))]:
        note(f"note: {line}")


def simulate(
    policy: Annotated[
        str, typer.Argument(metavar="POLICY", help="ours, none, all (that no gate stops), or a policy file.")
    ] = "ours",
    db: Db = DEFAULT_DB,
    config: Settings = None,
    incumbent: Incumbent = "gpt-4o",
    candidate: Candidate = "gpt-4o-mini",
    since: Since = None,
    until: Until = None,
    source: Sources = None,
    at_ceiling: Annotated[
        bool,
        typer.Option("--at-ceiling", help="Take answers of unmeasured length to be no longer than today's."),
    ] = False,
    frontier: Annotated[
        bool, typer.Option("--frontier", help="Also cost against loss of all policies between none and all.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """What a policy would have done with the log: requests, spend, saving, quality loss, escalations, latency."""
    from audit.console.terminal import print_json
    from audit.library.opened import Audit

    found = Audit(db).simulate(
        policy,
        at_ceiling=at_ceiling,
        frontier=frontier,
        progress=not quiet,
        **asked(config, incumbent, candidate, since, until, source),
    )
    if as_json:
        print_json(found)
        return
    from audit.console.policy import print_simulation

    print_simulation(found)


def _nothing_before(context: typer.Context) -> None:
    """BadParameter where options stand before the subcommand: it would never see them."""
    for name in context.params:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            word = context.invoked_subcommand
            raise typer.BadParameter(
                f"options of {word} come after it: audit policy {word} --{name.replace('_', '-')} …"
            )


def parse_stages(text: str) -> tuple[float, ...]:
    """The shares in `0.01,0.1`; ConfigError quotes what is no number."""
    from audit.errors import ConfigError

    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise ConfigError(f"--stages {text!r}: give shares separated by commas, such as {STAGES}") from error
