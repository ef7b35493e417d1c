"""Which requests to replay on the candidate, and the files that replay them."""

import re
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

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
from audit.counting import number_of

if TYPE_CHECKING:
    from audit.sampling.document import SampleDocument


def sample(
    db: Db = DEFAULT_DB,
    config: Settings = None,
    incumbent: Incumbent = "gpt-4o",
    candidate: Candidate = "gpt-4o-mini",
    since: Since = None,
    until: Until = None,
    budget: Annotated[
        float | None, typer.Option("--budget", metavar="USD", help="The most that the replay may cost, on Batch.")
    ] = None,
    pairs: Annotated[
        int | None, typer.Option("--pairs", min=1, help="Requests to replay; without it, enough to decide.")
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option("--margin", min=0.01, max=100, help="Points of quality that may be lost, instead of by stakes."),
    ] = None,
    again: Annotated[
        str,
        typer.Option(
            "--again",
            metavar="N|N%",
            help="Requests that the incumbent answers once more, for its own noise: a number or a share.",
        ),
    ] = "0",
    endpoint: Annotated[list[str] | None, typer.Option("--endpoint", help="Only this endpoint; repeatable.")] = None,
    workload: Annotated[
        list[str] | None, typer.Option("--workload", help="Only this workload, by its id; repeatable.")
    ] = None,
    source: Sources = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed draws the same requests.")] = 1,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new folder for the sample.")] = Path(
        "audit-sample"
    ),
    redact: Annotated[
        bool, typer.Option("--redact", help="Replace personal data by placeholders; needs traffic-audit[redact].")
    ] = False,
    map_files: Annotated[
        list[Path] | None, typer.Option("--map", help="A column map that exports were loaded with; repeatable.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sampled.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Choose requests to replay on the candidate, and write them as input for the OpenAI Batch API."""
    from audit.console.terminal import note, print_json
    from audit.library.opened import Audit
    from audit.sampling.redact import finds_names

    if redact and not finds_names():
        note("note: --redact finds names of people and places only where a model of spaCy is installed")
    document = Audit(db).sample(
        None if dry_run else out,
        budget=budget,
        pairs=pairs,
        again=_again(again),
        margin=margin,
        endpoints=endpoint or (),
        workloads=workload or (),
        seed=seed,
        redact=redact,
        maps=map_files or (),
        progress=not quiet,
        **asked(config, incumbent, candidate, since, until, source),
    )
    if as_json:
        print_json(document)
    else:
        _print(document, None if dry_run else out)


def _again(text: str) -> int | float:
    """A number of requests, or a share of them.

    >>> _again("100"), _again("10%"), _again("0.1")
    (100, 0.1, 0.1)
    """
    number = re.fullmatch(r"(\d+)|(\d+(?:\.\d+)?)%|(0?\.\d+)", text.strip())
    share = (float(number[2]) / 100 if number[2] else float(number[3] or 0)) if number else 2.0
    if number is None or share > 1:
        raise typer.BadParameter(f"{text!r} is neither a number (100) nor a share (10%)", param_hint="--again")
    return int(number[1]) if number[1] else share


def _print(document: "SampleDocument", out: Path | None) -> None:
    from audit.console.terminal import note, paragraph, print_table

    verb = "would be replayed" if out is None else "to replay"
    print(
        f"{number_of(document['pairs'], 'request')} {verb} on {document['pair']['candidate']}, about "
        f"{_usd(document['cost'])}"
    )
    columns = ("workload", "spend", "pairs", "needed", "margin", "±", "power", "cost")
    print_table("Pairs by workload", columns, _rows(document))
    paragraph(
        "needed: pairs, with those measured before, that show in four samples of five that the loss is within the "
        "margin, if there is none. power: in how many this sample shows it, if there is none, and if it is half the "
        f"margin (Holm over workloads tested: {document['tests']}; a report plans one workload more at a time, as "
        "--workload does). ±: half of the 95 % interval to expect, in points."
    )
    if all(row["power_if_equal"] < LIKELY for row in document["workloads"]):
        paragraph(_why_thin(document))
    for role, cost in document["costs"].items():
        if cost:
            print(f"{ROLES[role]}: {_usd(cost)} on Batch")
    for reason, left in _left_out(document).items():
        paragraph(f"left out: {', '.join(left)}: {reason}")
    texts = document["texts"]
    if out is None or texts is None:
        paragraph("answers that the log does not have cost more: the incumbent has to give them again")
        return
    if texts["unavailable"]:
        note(
            f"warning: the text of {texts['unavailable']:,} of {number_of(document['pairs'], 'request')} "
            "cannot be read again; "
            f"{out / UNAVAILABLE_CSV} lists them with the reason, for a harness that has them; until it has replayed "
            "them, the sample speaks only for the others"
        )
    for name, count in document["dropped"].items():
        note(
            f"note: {number_of(count, 'request')} had the parameter {name}, which chat completions do not "
            "have; it is left out"
        )
    for file in document["files"]:
        print(f"{out / str(file['name'])}: {number_of(file['requests'], 'request')} for {file['model']}")
    if document["files"]:
        print(f"{out} holds prompts; only you can read it")
        print("next: run the files through the OpenAI Batch API or your own harness, then")
        print(f"      audit outcomes add OUTPUT --sample {quote(str(out))}")
    if texts["unavailable"]:
        paragraph(
            "next: replay the listed requests in your own harness, score both answers, keep sample_id and weight; then"
        )
        print("      audit outcomes add SCORES.csv")


LIKELY = 0.5
"""Power below which a sample is expected to leave a question open."""

UNAVAILABLE_CSV = "unavailable.csv"
ROLES = {
    "candidate": "answers of the candidate",
    "incumbent": "answers of the incumbent that the log does not have",
    "again": "the incumbent once more, for its own noise",
    "elsewhere": "answers of the candidate to requests whose text is not in the export",
}


def _why_thin(document: "SampleDocument") -> str:
    """What keeps a sample from deciding anything: its size, or the log's."""
    within_reach = (
        row["pairs_measured"] + sum(part["available"] for part in row["strata"]) >= row["pairs_to_decide"]
        for row in document["workloads"]
    )
    if not any(within_reach):
        return "the log has too few requests to decide any of them: load more of it, or accept a larger margin"
    return (
        "too thin to decide any of them, as things look: spend it on one (--workload), or give more; without a budget "
        "the sample is as large as the decisions ask for"
    )


def _rows(document: "SampleDocument") -> Iterator[tuple[object, ...]]:
    for row in document["workloads"]:
        before = f" + {row['pairs_measured']:,}" if row["pairs_measured"] else ""
        yield (
            f"{row['workload_id']} {row['endpoint']}",
            f"{row['cost_share']:.0%}",
            f"{row['pairs']:,} of {row['requests']:,}{before}",
            row["pairs_to_decide"],
            f"{row['margin']:g}",
            f"{row['half_width']:.1f}",
            f"{row['power_if_equal']:.0%}, {row['power_at_half_margin']:.0%}",
            _usd(row["cost"]),
        )


def _left_out(document: "SampleDocument") -> dict[str, list[str]]:
    """Workloads with their spend, by the reason why they are not sampled."""
    found: dict[str, list[str]] = {}
    for left in document["left_out"]:
        text = f"{left['workload_id']} {left['endpoint']} ({_usd(left['list_cost'])})"
        found.setdefault(left["reason"], []).append(text)
    return found


def _usd(amount: float) -> str:
    """Dollars with as many digits as say something: a replay costs less than a cent or some hundreds."""
    return f"${amount:,.2f}" if amount >= 0.1 or amount == 0 else f"${amount:.4f}" if amount >= 0.0001 else "<$0.0001"
