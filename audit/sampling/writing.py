"""The files of a sample folder, but for its manifest."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from audit.sampling.batch import BatchFile, BatchRequest, write_batches
from audit.sampling.draw import Drawn
from audit.sampling.folder import open_private, write_lines
from audit.sampling.found_texts import FoundTexts
from audit.sampling.manifest import ANSWERS, ROLES, UNAVAILABLE, Replay, Role, write_replays
from audit.sampling.selection import Selection

UNAVAILABLE_COLUMNS = ("sample_id", "weight", "request_id", "endpoint", "path", "record_number", "reason")


def write_files(folder: Path, selection: Selection, found: FoundTexts, candidate: str) -> list[BatchFile]:
    """Write batch files, answers, replays and what is unavailable; returns the batch files."""
    files = [
        file for role in ROLES for file in write_batches(folder, role, _requests(selection, found, role, candidate))
    ]
    write_lines(
        folder / ANSWERS,
        (
            {"sample_id": each.sample_id} | found.answer(each.sample_id)
            for each in selection.requests
            if each.sample_id in found.answered
        ),
    )
    replays = list(_replays(selection, found, candidate))
    write_replays(folder, replays)
    _write_unavailable(folder / UNAVAILABLE, replays)
    return files


def _requests(selection: Selection, found: FoundTexts, role: Role, candidate: str) -> Iterator[BatchRequest]:
    """Those of a role, by model."""
    asked = [
        (candidate if role == "candidate" else each.incumbent_model, each)
        for each in selection.requests
        if role in selection.roles[each.sample_id]
    ]
    for model, each in sorted(asked, key=lambda pair: (pair[0], pair[1].sample_id)):
        yield BatchRequest(
            sample_id=each.sample_id, model=model, body=found.body(each.sample_id), input_tokens=each.input_tokens
        )


def _replays(selection: Selection, found: FoundTexts, candidate: str) -> Iterator[Replay]:
    rates = {
        (each.population.workload_id, part.name): part.rate(count)
        for each in selection.plan.workloads
        for part, count in zip(each.population.parts, each.counts, strict=True)
        if count
    }
    for each in selection.requests:
        yield _replay(each, rates[each.workload_id, each.stratum], selection.roles[each.sample_id], found, candidate)


def _replay(each: Drawn, rate: float, roles: tuple[Role, ...], found: FoundTexts, candidate: str) -> Replay:
    return Replay(
        sample_id=each.sample_id,
        request_id=each.request_id,
        path=each.path,
        record_number=each.record_number,
        endpoint=each.endpoint,
        workload_id=each.workload_id,
        stratum=each.stratum,
        incumbent_model=each.incumbent_model,
        candidate_model=candidate,
        inclusion_probability=rate,
        template_hash=each.template_hash,
        request_date=each.request_date,
        incumbent_output_tokens=each.output_tokens,
        roles=roles,
        has_logged_answer=each.sample_id in found.answered,
        unavailable=found.reason(each.sample_id),
    )


def _write_unavailable(path: Path, replays: list[Replay]) -> None:
    """A CSV of the requests without a text; no file where there are none."""
    missing = [replay for replay in replays if replay.unavailable is not None]
    if not missing:
        return
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(UNAVAILABLE_COLUMNS)
    table.writerows(
        (
            each.sample_id,
            each.weight,
            each.request_id,
            each.endpoint,
            each.path,
            each.record_number,
            each.unavailable,
        )
        for each in missing
    )
    with open_private(path) as file:
        file.write(text.getvalue().encode())
