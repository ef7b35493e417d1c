"""Exports of one format that show the same usage, in a way that nobody but the user can settle.

Buckets with different figures: one export was filtered, or they are of two organisations. Calls under other ids, or at
other times under the same: two instrumentations recorded them. Their sum may count calls twice and either alone may
lack some, so that there is no total until an export is taken out, or the user says that they are different traffic.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import combinations_with_replacement
from shlex import quote
from typing import Any, cast

from audit.counting import number_of
from audit.intake.buckets import ALL, DIMENSIONS, OWNED, common, keep_bucket_rows, keep_islands
from audit.intake.double_tracing import SECONDS, double_traced
from audit.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Dispute:
    """Two exports of one format that cannot both be right, or not in one sum."""

    source: str
    file: str
    other: str
    sentence: str

    @property
    def way_out(self) -> str:
        """What to do about it."""
        take_out = (
            f"`audit unload {quote(self.file)}`, or the other, takes one out"
            if self.file != self.other
            else "Unload it, export the spans of one instrumentation, and load those"
        )
        return f'{take_out}; if they are different traffic, say so: [sources] add_up = ["{self.source}"] in audit.toml'


def keep_disputes(warehouse: Warehouse, loads: Collection[int] | None) -> None:
    """Look for disputes and keep them, so that no report has to look at requests for them.

    Only the formats of `loads`, whose cells are summed already, are looked at anew; all where it is None.
    """
    gone = {str(path) for (path,) in warehouse.rows("select path from request_files where kept <> 'rows'")}
    untouched = [dispute for dispute in disputes(warehouse) if {dispute.file, dispute.other} & gone]
    formats = _formats(warehouse)
    if loads is not None:
        changed = ", ".join(map(str, loads))
        concerned = {
            name
            for (name,) in warehouse.rows(
                f"select source_format from files where load_id in ({changed}) "
                f"union select source_format from traffic_cells where load_id in ({changed})"
            )
        }
        untouched += [dispute for dispute in disputes(warehouse) if dispute.source not in concerned]
        formats = {name: count for name, count in formats.items() if name in concerned}
    # a dispute about requests that are gone stays as it was found while they were there
    found = sorted(dict.fromkeys([*untouched, *_found(warehouse, formats)]), key=lambda dispute: dispute.source)
    warehouse.set("disputes", json.dumps([asdict(dispute) for dispute in found]))


def disputes(warehouse: Warehouse, settled: Iterable[str] = ()) -> list[Dispute]:
    """The disputes as the last load or rebuild found them, but for the formats that are settled."""
    kept = cast("list[dict[str, Any]]", json.loads(warehouse.setting("disputes") or "[]"))
    return [Dispute(**each) for each in kept if each["source"] not in settled]


def _formats(warehouse: Warehouse) -> dict[str, int]:
    """How many files with requests that count each format has."""
    rows = warehouse.rows(
        "select source_format, count(*) from files where loaded_count > 0 and target = 'request_facts' "
        "group by source_format order by source_format"
    )
    return {str(name): int(str(count)) for name, count in rows}


def _found(warehouse: Warehouse, formats: Mapping[str, int]) -> list[Dispute]:
    found: list[Dispute] = []
    for name, count in formats.items():
        found += _of_buckets(warehouse, name) if count != 1 else ()
        found += _of_calls(warehouse, name)
    return found


def _of_calls(warehouse: Warehouse, source_format: str) -> list[Dispute]:
    found: list[Dispute] = []
    for pairs in double_traced(warehouse, source_format):
        how = "come in pairs" if pairs.file == pairs.other else f"have a twin in {pairs.other}"
        alike = (
            f"id, model ({pairs.model}) and tokens, but other starts. They seem to be the same calls"
            if pairs.has_same_ids
            else f"model ({pairs.model}), tokens and start within {SECONDS} s, but other ids. Two instrumentations "
            "seem to have recorded them"
        )
        sentence = (
            f"{pairs.twins:,} of the {number_of(pairs.requests, 'request')} of {pairs.file} {how}: the same {alike}"
        )
        found.append(Dispute(source_format, pairs.file, pairs.other, sentence))
    return found


def _of_buckets(warehouse: Warehouse, source_format: str) -> list[Dispute]:
    if not warehouse.rows(f"select 1 from loaded_facts where source_format = ? and {OWNED} limit 1", [source_format]):
        return []
    keep_bucket_rows(warehouse, source_format, "true")
    shapes = [str(shape) for (shape,) in warehouse.rows("select distinct shape from bucket_rows order by shape")]
    found: list[Dispute] = []
    for shape, other in combinations_with_replacement(shapes, 2):
        if shape == other:
            keep_islands(warehouse, f"shape = '{shape}'", "file_id", ALL)
        else:
            keep_islands(warehouse, f"shape in ('{shape}', '{other}')", f"shape = '{shape}'", common(shape, other))
        parties = warehouse.rows(PARTIES)
        if parties:
            (file, shape_of, more, tokens, times, model), (file2, shape_of2, more2, tokens2, *_) = parties[:2]
            sentence = (
                f"{file}{_more(more)} and {file2}{_more(more2)} both show {source_format} of {model or 'all models'} "
                f"at the same times ({times:,} of them) with other figures: {number_of(tokens, 'token')} by "
                f"{_groups(shape_of)}, and {number_of(tokens2, 'token')} by {_groups(shape_of2)}"
            )
            found.append(Dispute(source_format, str(file), str(file2), sentence))
    return found


def _more(count: object) -> str:
    others = int(str(count)) - 1
    return f" (and {number_of(others, 'more file')})" if others else ""


def _groups(shape: object) -> str:
    named = [name for name, digit in zip(DIMENSIONS, str(shape), strict=True) if digit != "0"]
    return ", ".join(named) or "time alone"


PARTIES = f"""
select min(path), min(shape), count(distinct bucket_islands.file_id), sum(tokens),
    (select count(*) from (select min(start_time) as since from bucket_islands group by owner, island)),
    min(nullif(dimensions[{list(DIMENSIONS).index("model") + 1}], ''))
from bucket_islands inner join files using (file_id)
group by party order by sum(tokens) desc, min(path)
"""
