"""Paired outcomes: what both models scored on the same prompts."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from audit.commands.options import DEFAULT_DB, Db, Json, Quiet, Settings


def add(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Output and error files of a batch (with --sample), results of an eval harness, or a CSV, JSONL or "
            "Parquet with one row per pair.",
        ),
    ],
    db: Db = DEFAULT_DB,
    config: Settings = None,
    sample: Annotated[
        Path | None, typer.Option("--sample", help="The folder of `audit sample` that the answers are to.")
    ] = None,
    references: Annotated[
        Path | None,
        typer.Option("--references", help="What is known: sample_id or request_id, and expected or scores of people."),
    ] = None,
    harness: Annotated[
        str | None,
        typer.Option(
            "--harness",
            help="Read as results of promptfoo, inspect_ai, openai_evals, openai_evals_api, braintrust or langsmith; "
            "recognised if left out.",
        ),
    ] = None,
    incumbent: Annotated[
        str | None, typer.Option("--incumbent", help="In results of a harness: MODEL, or MODEL=NAME IN THE FILE.")
    ] = None,
    candidate: Annotated[str | None, typer.Option("--candidate", help="Likewise.")] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="The traffic that tests speak for which name none.")
    ] = None,
    scale: Annotated[
        str, typer.Option("--scale", help="The range of the scores: '5' is 0 to 5, '1-10' is 1 to 10.")
    ] = "1",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Add paired outcomes; adding the same again changes nothing."""
    from dataclasses import asdict

    from audit.config import read_config
    from audit.console import print_added, print_json
    from audit.progress import shown

    settings, today = read_config(config), date.today()
    of_harness = {"--harness": harness, "--incumbent": incumbent, "--candidate": candidate, "--endpoint": endpoint}
    if sample is not None:
        if given := [option for option, value in of_harness.items() if value is not None]:
            raise typer.BadParameter(f"{given[0]} belongs to the results of a harness; a sample knows its own")
        from audit.grading.answer_log import add_answers
        from audit.outcome_console import print_answers

        with shown(quiet) as progress:
            answers = add_answers(
                db, files, sample, settings, today=today, references_file=references, scale=scale, progress=progress
            )
        print_json(asdict(answers)) if as_json else print_answers(answers)
        return
    if references is not None:
        raise typer.BadParameter("--references belongs to the answers of a sample; name its folder with --sample")
    from audit.evidence.outcome_log import add_outcomes
    from audit.grading.harness_files import recognised
    from audit.grading.harness_map import harness_map
    from audit.grading.score_log import add_scores
    from audit.outcome_console import print_scores

    known = recognised(files[0]) if harness is None else harness_map(harness)
    if known is not None:
        scores = add_scores(
            db, files, known, today=today, incumbent=incumbent, candidate=candidate, endpoint=endpoint, scale=scale
        )
        print_json(asdict(scores)) if as_json else print_scores(scores)
        return
    if given := [option for option, value in of_harness.items() if value is not None]:
        raise typer.BadParameter(f"{given[0]} belongs to the results of a harness; a table has a column for it")
    added = [add_outcomes(db, file, today=today, scale=scale) for file in files]
    if as_json:
        documents = [asdict(each) for each in added]
        print_json(documents[0] if len(documents) == 1 else documents)
    else:
        for each in added:
            print_added(each)


def show(
    db: Db = DEFAULT_DB,
    endpoint: Annotated[
        list[str] | None, typer.Option("--endpoint", metavar="NAME", help="Only this endpoint; repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The paired outcomes in the database, by endpoint and pair of models, and the incumbent's noise ceiling."""
    from audit.console import print_json
    from audit.errors import ConfigError, UnknownNameError
    from audit.evidence.outcome_listing import stored_outcomes
    from audit.outcome_console import print_stored
    from audit.warehouse import Warehouse

    with Warehouse.read(db) as warehouse:
        rows = stored_outcomes(warehouse)
    if endpoint:
        known = {str(row["endpoint"]) for row in rows if row["endpoint"]}
        for name in endpoint:
            if name not in known:
                raise ConfigError(f"--endpoint: {UnknownNameError('endpoint with outcomes', name, known)}")
        rows = [row for row in rows if row["endpoint"] in endpoint]
    if as_json:
        print_json(rows)
    elif rows:
        print_stored(rows)
    else:
        print("no paired outcomes; `audit outcomes add FILE` adds some")
