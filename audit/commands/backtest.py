"""The method tried on pairs whose truth is known."""

from pathlib import Path
from typing import Annotated

import typer

from audit.commands.options import DEFAULT_DB, Db, Json, Quiet, Settings
from audit.counting import number_of


def backtest(
    data: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DATA", help="Outcomes files that name endpoints; none: those of the database."),
    ] = None,
    db: Db = DEFAULT_DB,
    config: Settings = None,
    pairs: Annotated[str, typer.Option("--pairs", help="Pairs drawn per endpoint, several numbers.")] = "20,50,100,200",
    resamples: Annotated[int, typer.Option("--resamples", min=1, max=100_000, help="Samples of each size.")] = 200,
    margin: Annotated[
        float | None,
        typer.Option("--margin", min=0.01, max=100, help="Accepted loss in points, in place of each endpoint's own."),
    ] = None,
    scale: Annotated[
        str, typer.Option("--scale", help="The range of the scores in DATA: '5' is 0 to 5, '1-10' is 1 to 10.")
    ] = "1",
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed gives the same figures.")] = 1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """How often verdicts, intervals and savings would have been right, on pairs whose truth is known.

    The pairs of an endpoint are taken for the whole truth; samples are drawn from them and decided as a report
    decides. The figures say how far to trust the method on data like these.
    """
    from audit.backtest.document import parse_pairs
    from audit.backtest.tables import table, title
    from audit.console.terminal import paragraph, print_json, print_table
    from audit.library.opened import Audit
    from audit.library.trials import run_backtest

    sizes, is_shown = parse_pairs(pairs), not quiet
    document = (
        run_backtest(
            data,
            pairs=sizes,
            resamples=resamples,
            margin=margin,
            scale=scale,
            seed=seed,
            config=config,
            progress=is_shown,
        )
        if data
        else Audit(db).backtest(
            pairs=sizes, resamples=resamples, margin=margin, seed=seed, config=config, progress=is_shown
        )
    )
    if as_json:
        print_json(document)
        return
    for tried in document["populations"]:
        print_table(title(tried), *table(tried))
    paragraph(f"{number_of(resamples, 'sample')} of each size, seed {seed}. The truth is {document['truth']}.")
