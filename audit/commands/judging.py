"""Paired outcomes from a judge and from people: the judge's batch, its verdicts, and the labels that check it."""

from pathlib import Path
from typing import Annotated

import typer

from audit.commands.options import DEFAULT_DB, Db, Json, Settings


def judge(
    outputs: Annotated[
        list[Path], typer.Argument(metavar="OUTPUT", help="Output and error files of the replayed batches.")
    ],
    sample: Annotated[Path, typer.Option("--sample", help="The folder of `audit sample` that the answers are to.")],
    model: Annotated[str, typer.Option("--judge", help="The model that compares: best of another family than both.")],
    rubric: Annotated[
        Path | None,
        typer.Option("--rubric", help="A text file that says what a better answer is; there is a usual one."),
    ] = None,
    endpoint: Annotated[list[str] | None, typer.Option("--endpoint", help="Only this endpoint; repeatable.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="A new folder; DIR/judge-MODEL-RUBRIC if left out.")] = None,
    labels: Annotated[int, typer.Option("--labels", min=0, help="Pairs drawn at random for people to label.")] = 150,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed draws the same pairs.")] = 1,
    config: Settings = None,
    as_json: Json = False,
) -> None:
    """Write the batch in which a judge model compares both answers in either order, and a sheet for people."""
    from dataclasses import asdict

    from audit.console.outcomes import print_batch
    from audit.console.terminal import print_json
    from audit.library.outcomes import Outcomes

    batch = Outcomes(DEFAULT_DB).judge(
        outputs,
        sample,
        model,
        rubric=rubric,
        endpoints=endpoint or (),
        out=out,
        labels=labels,
        seed=seed,
        config=config,
    )
    print_json(asdict(batch)) if as_json else print_batch(batch)


def judged(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that `audit outcomes judge` wrote.")],
    outputs: Annotated[list[Path], typer.Argument(metavar="OUTPUT", help="What the judge's batches returned.")],
    db: Db = DEFAULT_DB,
    config: Settings = None,
    as_json: Json = False,
) -> None:
    """Add a judge's verdicts as paired outcomes; adding the same again changes nothing."""
    from dataclasses import asdict

    from audit.console.outcomes import print_verdicts
    from audit.console.terminal import print_json
    from audit.library.outcomes import Outcomes

    added = Outcomes(db).judged(folder, outputs, config=config)
    print_json(asdict(added)) if as_json else print_verdicts(added)


def label(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="The sheet filled in, or a table with sample_id or request_id, and preference (incumbent, candidate, "
            "tie) or incumbent_human_score and candidate_human_score.",
        ),
    ],
    db: Db = DEFAULT_DB,
    scale: Annotated[
        str, typer.Option("--scale", help="The range of the scores: '5' is 0 to 5, '1-10' is 1 to 10.")
    ] = "1",
    as_json: Json = False,
) -> None:
    """Add people's labels to judged pairs; adding a file again changes nothing."""
    from dataclasses import asdict

    from audit.console.outcomes import print_labelled
    from audit.console.terminal import print_json
    from audit.library.outcomes import Outcomes

    labelled = Outcomes(db).label(file, scale=scale)
    print_json(asdict(labelled)) if as_json else print_labelled(labelled)
