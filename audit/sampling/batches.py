"""The requests of OpenAI Batch files: an output names no input file, so each input of the same load is tried.

The one that makes the output lines show the facts they were loaded with is theirs. Where two do, with different
requests under the same custom ids, neither is taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from audit.errors import InputError
from audit.intake.records import lines_of
from audit.readers.export import Export, inspect
from audit.readers.openai_batch import AMBIGUOUS, INPUT
from audit.readers.sniff import Record
from audit.sampling.reread import Facts, Source, Unit, object_in
from audit.warehouse import Warehouse


def batch_inputs(warehouse: Warehouse, file_id: int) -> list[Export]:
    """The input files that were loaded in the same call as a file, as far as they are still there."""
    paths = warehouse.rows(
        "select distinct path from files where source_format = 'openai_batch' and file_id <> $file "
        "and load_id = (select load_id from files where file_id = $file)",
        {"file": file_id},
    )
    found: list[Export] = []
    for (path,) in paths:
        place = Path(str(path))
        if place.is_file():
            try:
                export = inspect(str(path), place)
            except InputError:
                continue
            if export.field_set >= INPUT:
                found.append(export)
    return found


def with_requests(
    source: Source,
    small: Export,
    units: Sequence[Unit],
    records: Mapping[int, Record],
    expected: Mapping[int, Facts],
    inputs: Sequence[Export],
) -> dict[int, Record]:
    """Number -> output line with the body of its request beside it, of the lines that show what was loaded.

    A line whose request is in no input file, or in several and not the same, has no body.
    """
    alone = source.staged(small, units, (small,)) or {}
    found = {number: line for number, line in records.items() if alone.get(number) == expected[number]}
    asked: dict[int, list[object]] = {}
    for export in inputs:
        lines = _lines(export, {str(record.get("custom_id")) for record in records.values()})
        if not lines:
            continue
        path = small.path.with_name(f"{small.path.name}.input") if isinstance(small.path, Path) else Path()
        path.write_bytes(b"".join(lines.values()))
        sent = replace(export, path=path, compression="none", size=path.stat().st_size)
        facts = source.staged(small, units, (small, sent)) or {}
        for number, record in records.items():
            line = lines.get(str(record.get("custom_id")))
            if line is not None and facts.get(number) == expected[number]:
                asked.setdefault(number, []).append((object_in(line) or {}).get("body"))
    for number, bodies in asked.items():
        is_one = all(body == bodies[0] for body in bodies)
        found[number] = {**records[number], "body": bodies[0] if is_one else AMBIGUOUS}
    return found


def _lines(export: Export, ids: set[str]) -> dict[str, bytes]:
    """Custom id -> its line in an input file; an id that is there twice has none."""
    found: dict[str, bytes] = {}
    twice: set[str] = set()
    for place in lines_of(export):
        if (line := object_in(place.raw)) is not None:
            custom_id = str(line.get("custom_id"))
            if custom_id in ids:
                twice |= {custom_id} & found.keys()
                found[custom_id] = place.raw.rstrip(b"\r\n") + b"\n"
    return {custom_id: line for custom_id, line in found.items() if custom_id not in twice}
