"""What became of files, what a database holds of them, and what was rejected."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, TypeVar, cast

from audit.console.terminal import cell, note, print_table
from audit.counting import number_of

if TYPE_CHECKING:
    from audit.intake.loading import LoadReport
    from audit.intake.merging import Merged

T = TypeVar("T")

LEFT_TO_JSON = ("loaded_at", "id_collisions", "unpriced_requests", "unpriced_tokens", "without_price")
"""Keys of `audit status` that are no columns of its tables; what has no price follows them in sentences."""

EXCERPT = 100
"""Characters of a rejected record on a terminal; `--json` and `--csv` have all of it."""
FILES_SHOWN = 20
"""Files listed one by one; a folder can hold a hundred thousand, which `--json` and `audit sql` have in full."""

NOT_CALLS = "rejected record was never meant to be a request", "rejected records were never meant to be requests"


def print_load(report: "LoadReport") -> None:
    """The counts of a load, file by file, and what was refused."""
    counts = ("read", "loaded", "duplicate", "rejected")
    shown, more = folded(report.files)
    folder = common_folder([file.path for file in shown])
    rows: list[tuple[object, ...]] = [
        (file.path.removeprefix(folder), file.format, *(getattr(file, name) for name in counts)) for file in shown
    ]
    if more:
        rest = report.files[len(shown) :]
        sums = (sum(getattr(file, name) for file in rest) for name in counts)
        rows.append((f"and {number_of(more, 'more file')}", "", *sums))
    if len(report.files) > 1:
        rows.append(("all files", "", *(report.total(name) for name in counts)))
    if rows:
        print_table(f"Loaded from {folder}" if folder else "Loaded", ("file", "format", *counts), rows)
    collisions = sum(file.id_collisions for file in report.files)
    if collisions:
        note(
            f"note: {number_of(collisions, 'request shares', 'requests share')} an id with another of "
            "different content; both were loaded"
        )
    if not_calls := report.total("not_calls"):
        note(f"note: {number_of(not_calls, *NOT_CALLS)}: other spans of a trace, say")
    if report.total("rejected") > not_calls + report.total("rejected_there"):
        note("note: `audit rejects` lists the rejected records with their reasons")
    complain(report)


def print_merge(merged: "Merged") -> None:
    """The counts of a merge, database by database, as they stand in the sum."""
    counts = ("files", "read", "loaded", "duplicate", "rejected")
    rows = [(each["path"], *(each[name] for name in counts)) for each in merged.databases]
    print_table(f"Merged into {merged.db}", ("database", *counts), rows)
    if merged.repeated:
        note(f"note: {number_of(merged.repeated, 'request')} that several databases have counted once")
    for message in merged.warnings:
        note(f"warning: {message}")
    for failed in merged.failed_checks:
        note(f"check failed: {failed}")


def complain(report: "LoadReport") -> None:
    """Notes, warnings, refusals and failed checks of a load on standard error."""
    notes = [(file.path, text, count) for file in report.files for text, count in file.notes.items()]
    if len(notes) > FILES_SHOWN:
        for text in dict.fromkeys(text for _, text, _ in notes):
            counted = [count for _, other, count in notes if other == text]
            note(f"note: {number_of(len(counted), 'file')}: {number_of(sum(counted), 'record')}: {text}")
    else:
        for path, text, count in notes:
            note(f"note: {path}: {number_of(count, 'record')}: {text}")
    for kind, messages in (("warning", report.warnings), ("error", report.refused)):
        shown, more = folded(messages)
        for message in shown:
            note(f"{kind}: {message}")
        if more:
            note(f"{kind}: and {more:,} more like these; --json lists them all")
    for failed in report.failed_checks:
        note(f"check failed: {failed}")


def common_folder(paths: Sequence[str]) -> str:
    """The folder that all of several files lie in, with its slash: said once, it leaves room for their names.

    >>> common_folder(["logs/may/a.csv", "logs/june/b.csv"])
    'logs/'
    """
    folders = [path.split("/")[:-1] for path in paths] if len(paths) > 1 else []
    shared = [parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, zip(*folders, strict=False))]
    return "/".join([*shared, ""]) if any(shared) else ""


def excerpt(text: str) -> str:
    """The beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[: EXCERPT - 1]}…"


def folded(items: Sequence[T]) -> tuple[Sequence[T], int]:
    """The items to show, and how many more there are."""
    return (items, 0) if len(items) <= FILES_SHOWN + 1 else (items[:FILES_SHOWN], len(items) - FILES_SHOWN)


def print_status(document: Mapping[str, object]) -> None:
    """The tables of `audit status`."""
    window = cast("Mapping[str, object]", document["window"])
    start, end = _minute(window["start"]), _minute(window["end"])
    pairs = number_of(cast("int", document["paired_outcomes"]), "paired outcome")
    print(f"window {start} to {end} UTC, {pairs}")
    for name in ("files", "endpoints", "models"):
        rows = cast("Sequence[Mapping[str, object]]", document[name])
        if rows:
            columns = [column for column in rows[0] if column not in LEFT_TO_JSON]
            shown, more = (rows, 0) if name == "models" else folded(rows)
            folder = common_folder([str(row["path"]) for row in shown]) if name == "files" else ""
            print_table(
                f"{name.capitalize()} in {folder}" if folder else name.capitalize(),
                [column.replace("_requests", "").replace("_", " ") for column in columns],
                (
                    [str(row[column]).removeprefix(folder) if column == "path" else row[column] for column in columns]
                    for row in shown
                ),
            )
            if more:
                print(f"and {number_of(more, f'more {name[:-1]}')}; --json lists them all\n")
    _print_unpriced([each for each in cast("Sequence[Mapping[str, object]]", document["models"]) if not each["priced"]])
    for overlap in cast("Sequence[Mapping[str, object]]", document["overlaps"]):
        note(f"warning: {overlap['text']}")
    for dispute in cast("Sequence[Mapping[str, object]]", document["disputes"]):
        note(f"warning: {dispute['sentence']}")
    for bill in cast("Sequence[Mapping[str, object]]", document["billed_costs"]):
        amount = f"{float(str(bill['amount'])):,.2f} {str(bill['currency']).upper()}"
        print(f"billed {amount} from {bill['start']} to {bill['end']}")
    requests = cast("Mapping[str, int]", document["requests"])
    print_table("Requests by outcome", ("outcome", "requests"), requests.items())


def _print_unpriced(models: Sequence[Mapping[str, object]]) -> None:
    """What no dollar figure has, and for want of which prices."""
    shown, more = folded(models)
    for each in shown:
        billed, tokens = (cast("int", each[name]) for name in ("billed_requests", "unpriced_tokens"))
        classes = ", ".join(cast("Sequence[str]", each["without_price"])) or "any class of tokens"
        print(
            f"unpriced: {each['unpriced_requests']:,} of {number_of(billed, 'billed request')} of "
            f"{cell(each['model'] or '(no model)')}, with {number_of(tokens, 'token')}: no price for {classes}"
        )
    if more:
        print(f"and {number_of(more, 'more model')} with unpriced requests; --json lists them all")


def _minute(moment: object) -> str:
    return str(moment).removesuffix("+00:00").replace("T", " ") if moment else "-"
