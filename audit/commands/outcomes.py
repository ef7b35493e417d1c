"""Paired outcomes: what both models scored on the same prompts."""

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

    from audit.console.outcomes import print_added, print_answers, print_scores
    from audit.console.terminal import print_json
    from audit.grading.harness_files import recognised
    from audit.library.outcomes import Outcomes

    outcomes = Outcomes(db)
    of_harness = {"--harness": harness, "--incumbent": incumbent, "--candidate": candidate, "--endpoint": endpoint}
    if sample is not None:
        if given := [option for option, value in of_harness.items() if value is not None]:
            raise typer.BadParameter(f"{given[0]} belongs to the results of a harness; a sample knows its own")
        answers = outcomes.add_answers(
            files, sample, references=references, scale=scale, config=config, progress=not quiet
        )
        print_json(asdict(answers)) if as_json else print_answers(answers)
        return
    if references is not None:
        raise typer.BadParameter("--references belongs to the answers of a sample; name its folder with --sample")
    if harness is not None or recognised(files[0]) is not None:
        scores = outcomes.add_scores(
            files, harness=harness, incumbent=incumbent, candidate=candidate, endpoint=endpoint, scale=scale
        )
        print_json(asdict(scores)) if as_json else print_scores(scores)
        return
    if given := [option for option, value in of_harness.items() if value is not None]:
        raise typer.BadParameter(f"{given[0]} belongs to the results of a harness; a table has a column for it")
    added = outcomes.add(files, scale=scale)
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
    from audit.console.outcomes import print_stored
    from audit.console.terminal import print_json
    from audit.evidence.outcome_listing import stored_outcomes
    from audit.warehouse import Warehouse

    with Warehouse.read(db) as warehouse:
        rows = stored_outcomes(warehouse, endpoint or ())
    if as_json:
        print_json(rows)
    elif rows:
        print_stored(rows)
    else:
        print("no paired outcomes; `audit outcomes add FILE` adds some")
