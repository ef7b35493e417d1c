"""The same calls seen through two formats: where sources overlap, and how many requests have a twin.

Two exports of one application (its proxy and its tracing, its requests and its provider's buckets) would count every
call twice. Nobody but the user knows whether they are the same traffic; what can be measured is said as a warning of
the load, by `audit status`, and instead of a report until somebody picks.
"""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, cast

from audit.counting import number_of
from audit.warehouse import Warehouse

SECONDS_APART = 5
"""Between the starts of twins, in whole seconds: a proxy logs when it forwards, a tracer when it is called."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two sources that show a model in the same stretch of time, the one with fewer requests there first."""

    source: str
    other: str
    model: str
    """The first of the models that both show."""
    requests: int
    """Of `source`, where both show traffic: in the common window and models, of buckets on the common days."""
    other_requests: int
    twins: int | None
    """Requests of `source` that `other` has too; None where one of them has buckets, or not all of its requests."""

    @property
    def sentence(self) -> str:
        """What is measured, in words."""
        head = f"{self.source} and {self.other} overlap in time and both show {self.model}: "
        if self.twins is None:
            return (
                f"{head}where both show a model on a day, {self.source} has {number_of(self.requests, 'request')} and "
                f"{self.other} {self.other_requests:,}"
            )
        return (
            f"{head}{self.twins:,} of {number_of(self.requests, 'request')} of {self.source} have a twin in "
            f"{self.other} (same model, tokens and start within {SECONDS_APART} s, or the same id)"
        )

    @property
    def way_out(self) -> str:
        """What to do about it."""
        return (
            "Calls that both show would count twice. Say which source counts: "
            f'[sources] use = ["{self.other}"] in audit.toml, or `audit report --source {self.other}` for once; '
            "name both if they are different traffic"
        )


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two sources that show a model between two moments."""

    names: tuple[str, str]
    model: str
    since: str
    until: str


def keep_overlaps(warehouse: Warehouse) -> None:
    """Measure every overlap and keep the figures, so that no report has to look at requests for them."""
    measured = [_measured(warehouse, pair) for pair in _overlapping(warehouse)]
    warehouse.set("overlaps", json.dumps([asdict(overlap) for overlap in measured]))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Requests of a source that count as those of another one, which showed the very same and was loaded before."""

    source: str
    other: str
    requests: int

    @property
    def sentence(self) -> str:
        """Why the source alone is not all of its traffic, and what to do about it."""
        same = number_of(self.requests, f"request of {self.source} is", f"requests of {self.source} are")
        return (
            f"{same} the very same as in {self.other}, loaded before, and counted there: name {self.other}, alone or "
            f"beside {self.source}; either way each of them counts once"
        )


def counted_elsewhere(warehouse: Warehouse, sources: Collection[str]) -> list[Elsewhere]:
    """What the sources leave to others that are not among them, as far as the rows of both are there; most first."""
    chosen = ", ".join("?" * len(sources))
    rows = warehouse.rows(
        f"""
        with mine as (
            select facts.source_format, facts.request_key
            from set_aside
            inner join files using (file_id)
            inner join request_facts as facts on facts.rowid = files.first_row + set_aside.row_number - 1
            where set_aside.reason = 'duplicate' and facts.source_format in ({chosen})
        )
        select mine.source_format, counted.source_format, count(*)
        from mine inner join loaded_facts as counted using (request_key)
        where counted.source_format not in ({chosen})
        group by mine.source_format, counted.source_format
        order by count(*) desc, mine.source_format, counted.source_format
        """,
        [*sources, *sources],
    )
    return [Elsewhere(str(source), str(other), int(str(count))) for source, other, count in rows]


def overlaps(warehouse: Warehouse) -> list[Overlap]:
    """The overlaps of the sources as they are now, measured where the last load did not."""
    kept = cast("list[dict[str, Any]]", json.loads(warehouse.setting("overlaps") or "[]"))
    known = {frozenset((each["source"], each["other"])): Overlap(**each) for each in kept}
    found = [known.get(frozenset(pair.names)) or _measured(warehouse, pair) for pair in _overlapping(warehouse)]
    # the windows of two sources can overlap though they never show a model at the same time
    return [overlap for overlap in found if overlap.requests]


def _overlapping(warehouse: Warehouse) -> list[_Pair]:
    windows = [
        (str(name), str(first), str(last))
        for name, first, last in warehouse.rows(
            "select source_format, min(first_time), max(last_time) from files where loaded_count > 0 "
            "group by source_format order by source_format"
        )
    ]
    found: list[_Pair] = []
    for (name, first, last), (other, other_first, other_last) in combinations(windows, 2):
        since, until = max(first, other_first), min(last, other_last)
        if since <= until:
            model = warehouse.value(f"select min(model) from ({MODELS}) where model <> ''", [name, other])
            if model is not None:
                found.append(_Pair((name, other), str(model), since, until))
    return found


def _measured(warehouse: Warehouse, pair: _Pair) -> Overlap:
    names = list(pair.names)
    if warehouse.rows(BUCKETS, names) or warehouse.rows(GONE, names):
        counts = [int(str(count)) for count in warehouse.rows(BY_DAY, names)[0]]
        few, many = sorted((0, 1), key=lambda place: counts[place])
        twins = None
    else:
        counts = [
            warehouse.count(CALLS.format(place=place), [name, *names, pair.since, pair.until])
            for place, name in enumerate(names)
        ]
        few, many = sorted((0, 1), key=lambda place: counts[place])
        twins = warehouse.count(TWINS.format(few=few, many=many, apart=SECONDS_APART))
    return Overlap(names[few], names[many], pair.model, counts[few], counts[many], twins)


BUCKETS = """
select 1 from traffic_cells
where source_format in (?, ?) and (request_grain = 'bucket' or source_format = 'openai_usage') limit 1
"""
GONE = """
select 1 from request_files where source_format in (?, ?) and kept <> 'rows' and loaded_count > 0 limit 1
"""
MODELS = """
    select model from traffic_cells where source_format = ? intersect
    select model from traffic_cells where source_format = ?
"""
BY_DAY = """
with days as (
    select source_format, usage_date, model, sum(request_count) as requests
    from daily_usage group by source_format, usage_date, model
)
select coalesce(sum(own.requests), 0), coalesce(sum(other.requests), 0)
from days as own inner join days as other using (usage_date, model)
where own.source_format = ? and other.source_format = ? and model <> ''
"""
CALLS = f"""
create or replace temp table calls_{{place}} as
select file_id, row_number, request_id, model, coalesce(usage_input_tokens, -1) as tokens_in,
    coalesce(usage_output_tokens, -1) as tokens_out, date_trunc('second', start_time) as second
from requests
where source_format = ? and model in ({MODELS}) and model <> ''
    and start_time between cast(? as timestamp) and cast(? as timestamp)
"""
TWINS = """
with twins as (
    select few.file_id, few.row_number
    from (
        select *, second + to_seconds(unnest(range(-{apart}, {apart} + 1))) as moment from calls_{few}
    ) as few
    semi join calls_{many} as many
        on few.model = many.model and few.tokens_in = many.tokens_in and few.tokens_out = many.tokens_out
        and few.moment = many.second
    union
    select few.file_id, few.row_number from calls_{few} as few
    semi join calls_{many} as many on few.request_id = many.request_id
)
select count(*) from twins
"""
