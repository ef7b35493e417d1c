"""Paired outcomes kept in the database: what was asked of both models, resolved to the traffic it speaks for."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from audit.catalog.facts import first_party_names
from audit.catalog.models import canonical, is_known
from audit.counting import none_of, number_of
from audit.errors import InputError, UnknownNameError
from audit.evidence.outcomes import Outcomes, read_outcomes
from audit.schema import TABLES
from audit.warehouse import Warehouse
from audit.without_rows import need_rows

if TYPE_CHECKING:
    import polars as pl


SAME_PAIR = """placed_outcomes.scope = 'request' and paired_outcomes.scope = 'request'
    and paired_outcomes.incumbent_model = placed_outcomes.incumbent_model
    and paired_outcomes.candidate_model = placed_outcomes.candidate_model
    and paired_outcomes.grader is not distinct from placed_outcomes.grader
"""
"""With the request: what makes pairs of two files the same observation, of which the later counts."""

SAME_REQUEST = (
    "paired_outcomes.sample_id = placed_outcomes.sample_id",
    "paired_outcomes.request_id = placed_outcomes.request_id "
    "and (paired_outcomes.sample_id is null or placed_outcomes.sample_id is null)",
)
"""By the request's key where both know it; ids may be missing, and two requests may share one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of one outcomes file."""

    path: str
    pairs: int
    already_known: bool = False
    """The same bytes were added before; nothing changed."""
    replaced: int = 0
    """Pairs of earlier files of the same requests, models and grader, which these took the place of."""
    unknown_requests: int = 0
    """Pairs whose request is in no export: left out."""
    unknown_endpoints: tuple[str, ...] = ()
    """Endpoints without traffic in the database: kept, and of no effect until such traffic is loaded."""
    unknown_models: tuple[str, ...] = ()
    """Models that neither the catalogue nor the traffic has: kept, and of no effect but on a report about them."""
    doubts: tuple[str, ...] = ()
    """What looks wrong about pairs that were kept as they are, in words."""

    @property
    def waiting(self) -> list[str]:
        """What the pairs name that nobody knows, in words."""
        return [
            *(f"no traffic on endpoint {name!r} yet" for name in self.unknown_endpoints),
            *(str(UnknownNameError("model", name, first_party_names())) for name in self.unknown_models),
        ]

    @property
    def warnings(self) -> list[str]:
        """What was left out, what waits and what looks wrong, in words."""
        lost = number_of(self.unknown_requests, "pair names", "pairs name")
        return [
            *([f"{lost} a request that is in no loaded export; left out"] if self.unknown_requests else []),
            *(f"{unknown}; its pairs wait for it" for unknown in self.waiting),
            *self.doubts,
        ]


def add_outcomes(db: Path, file: Path, *, today: date, scale: str = "1") -> Added:
    """Add the pairs of an outcomes file to the database at `db`; adding it again changes nothing."""
    outcomes = read_outcomes(file, scale=scale)
    with Warehouse.change(db) as warehouse:
        return store_outcomes(warehouse, outcomes, today=today)


def store_outcomes(warehouse: Warehouse, outcomes: Outcomes, *, today: date) -> Added:
    """Store pairs under the hash of what they were read from; the same hash again changes nothing.

    A pair with a request_id or sample_id is placed by the request's endpoint, model, flags and token bins, so that a
    refit of the workloads orphans nothing. A pair of a request takes the place of an earlier file's of the same
    request, models and grader. Raises InputError when no pair has anything to do with the traffic.
    """
    known = warehouse.count("select count(*) from paired_outcomes where outcome_file_hash = ?", [outcomes.file_hash])
    if not known:
        _refuse_doubled(outcomes)
    warehouse.temporary("new_outcomes", _canonical(outcomes.frame, today))
    endpoints = {str(name) for (name,) in warehouse.rows("select distinct endpoint from traffic_cells")}
    served = {str(name) for (name,) in warehouse.rows("select distinct model from traffic_cells")}
    placed = _placed(warehouse, outcomes.file_hash)
    warehouse.temporary("placed_outcomes", placed)
    doubts = tuple(_doubts(warehouse, today))
    if known:
        return Added(path=str(outcomes.path), pairs=known, already_known=True, doubts=doubts)
    if placed.is_empty():
        need_rows(warehouse, "finding the request of a pair")
        raise InputError(
            f"{outcomes.path}: {none_of(outcomes.frame.height, 'request')} in {warehouse.path}; "
            "load their export first; a sample belongs to the database it was drawn from"
        )
    with warehouse.transaction():
        before = warehouse.count("select count(*) from paired_outcomes")
        replace_pairs(warehouse)
        replaced = before - warehouse.count("select count(*) from paired_outcomes")
        warehouse.insert("paired_outcomes", placed.select(list(TABLES["paired_outcomes"])))
    return Added(
        path=str(outcomes.path),
        pairs=placed.height,
        replaced=replaced,
        unknown_requests=outcomes.frame.height - placed.height,
        unknown_endpoints=tuple(sorted({str(name) for name in placed["endpoint"].unique()} - endpoints)),
        unknown_models=tuple(
            name
            for name in sorted({*placed["incumbent_model"].unique(), *placed["candidate_model"].unique()} - served)
            if not is_known(name)
        ),
        doubts=doubts,
    )


def _doubts(warehouse: Warehouse, today: date) -> Iterator[str]:
    """What looks wrong about the pairs in `placed_outcomes`: their day, their endpoint, which model is which."""
    latest = today + timedelta(days=1)  # it is tomorrow already where somebody else is
    later, last = warehouse.rows(
        "select count(*), max(observed_on) from placed_outcomes where observed_on > cast(? as date)",
        [latest.isoformat()],
    )[0]
    if later:
        yield f"{number_of(later, 'pair was', 'pairs were')} observed after today, up to {last}; counted as of today"
    elsewhere = warehouse.rows(
        "select coalesce(request_id, sample_id), named_endpoint, endpoint, count(*) over () from placed_outcomes "
        "where named_endpoint <> endpoint order by 1 limit 1"
    )
    for request, named, endpoint, count in elsewhere:
        yield (
            f"{number_of(count, 'pair names', 'pairs name')} another endpoint than that of their request, as "
            f"{named!r} for {request!r} of {endpoint!r}; that of the request counts"
        )
    turned = warehouse.rows(
        """
        with served as (select distinct endpoint, model from traffic_cells)
        select any_value(incumbent_model), any_value(candidate_model), count(*)
        from placed_outcomes
        semi join served on placed_outcomes.endpoint = served.endpoint and candidate_model = served.model
        anti join served as own on placed_outcomes.endpoint = own.endpoint and incumbent_model = own.model
        group by incumbent_model, candidate_model order by all
        """
    )
    for incumbent, candidate, count in turned:
        yield (
            f"{number_of(count, 'pair calls', 'pairs call')} {incumbent} the incumbent, which serves none of "
            f"that traffic; {candidate}, the candidate there, does: are the columns swapped?"
        )


def replace_pairs(warehouse: Warehouse) -> None:
    """Take out the stored pairs of the same requests, models and graders as those in the table `placed_outcomes`."""
    for same in SAME_REQUEST:
        warehouse.execute(f"delete from paired_outcomes using placed_outcomes where {SAME_PAIR} and {same}")


def _refuse_doubled(outcomes: Outcomes) -> None:
    """InputError where the pairs of one request are two: neither can be the one that counts, and not both can.

    Counted twice, a pair would narrow the interval of the loss without having told anything.
    """
    import polars as pl

    for name in ("sample_id", "request_id"):
        asked = outcomes.frame.filter(pl.col("scope") == "request", pl.col(name).is_not_null())
        if name == "request_id":
            asked = asked.filter(pl.col("sample_id").is_null())
        key = [name, "incumbent_model", "candidate_model", "grader"]
        doubled = asked.filter(asked.select(key).is_duplicated())
        if not doubled.is_empty():
            raise InputError(
                f"{outcomes.path}: {number_of(doubled.height, 'pair')} share {name}, models and grader with "
                f"another, the first {doubled.row(0, named=True)[name]!r}; keep one of each"
            )


def _canonical(frame: "pl.DataFrame", today: date) -> "pl.DataFrame":
    """Model ids as the traffic has them: an alias means the snapshot of the day the pair was observed."""
    import polars as pl

    rows = frame.select("incumbent_model", "candidate_model", "observed_on").iter_rows()
    resolved = [(canonical(one, day or today), canonical(other, day or today)) for one, other, day in rows]
    return frame.with_columns(
        incumbent_model=pl.Series([one for one, _ in resolved], dtype=pl.String),
        candidate_model=pl.Series([other for _, other in resolved], dtype=pl.String),
        request_key=pl.Series([key and int(key, 16) for key in frame["sample_id"]], dtype=pl.UInt64),
    )


def _placed(warehouse: Warehouse, file_hash: str) -> "pl.DataFrame":
    """The pairs with what the log says of their requests, the columns of `paired_outcomes` and the endpoint named."""
    from_log = ("operation_name", "has_tools", "is_json", "length_band", "input_bin", "output_bin", "cache_read_bin")
    return warehouse.frame(
        f"""
        with asked as (
            select distinct request_key, case when request_key is null then request_id end as asked_id
            from new_outcomes
            where scope = 'request'
        ),
        found as (
            select asked.request_key as asked_key, null as asked_id, requests.*
            from requests
            inner join asked on requests.request_key = asked.request_key
            union all
            select null, asked.asked_id, requests.*
            from requests
            inner join asked on requests.request_id = asked.asked_id
        ),
        logged as (
            select
                coalesce('key ' || asked_key, 'id ' || asked_id) as place,
                found.*,
                row_number() over (partition by asked_key, asked_id order by start_time) as turn
            from found
            where outcome = 'billed'
        )
        select new_outcomes.* exclude (endpoint, incumbent_output_tokens, record_number, workload, request_key),
            '{file_hash}' as outcome_file_hash,
            coalesce(logged.endpoint, new_outcomes.endpoint) as endpoint, new_outcomes.endpoint as named_endpoint,
            coalesce(new_outcomes.incumbent_output_tokens, logged.usage_output_tokens) as incumbent_output_tokens,
            logged.template_hash, cast(logged.start_time as date) as request_date,
            logged.model, logged.reasoning_bin, {", ".join(f"logged.{name}" for name in from_log)}
        from new_outcomes
        left join logged
            on coalesce('key ' || new_outcomes.request_key, 'id ' || new_outcomes.request_id) = logged.place
            and logged.turn = 1
        where new_outcomes.scope = 'endpoint' or logged.place is not null
        """
    )
