"""Paired outcomes kept in the database: what was asked of both models, resolved to the traffic it speaks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from audit.catalog.models import canonical
from audit.errors import InputError
from audit.evidence.outcomes import read_outcomes
from audit.schema import TABLES
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of one outcomes file."""

    path: str
    pairs: int
    already_known: bool
    """The same bytes were added before; nothing changed."""
    unknown_requests: int
    """Pairs whose request_id is in no export: left out."""
    unknown_endpoints: tuple[str, ...]
    """Endpoints without traffic in the database: kept, and of no effect until such traffic is loaded."""


def add_outcomes(db: Path, file: Path, *, today: date, scale: str = "1") -> Added:
    """Add the pairs of an outcomes file to the database at `db`; adding it again changes nothing.

    A pair with a request_id is placed by the request's endpoint, model, flags and token bins, so that a refit of the
    workloads orphans nothing. Raises InputError when no pair has anything to do with the traffic.
    """
    outcomes = read_outcomes(file, scale=scale)
    with Warehouse.create(db) as warehouse:
        known = warehouse.count(
            "select count(*) from paired_outcomes where outcome_file_hash = ?", [outcomes.file_hash]
        )
        if known:
            return Added(path=str(file), pairs=known, already_known=True, unknown_requests=0, unknown_endpoints=())
        warehouse.temporary("new_outcomes", _canonical(outcomes.frame, today))
        endpoints = {str(name) for (name,) in warehouse.rows("select distinct endpoint from traffic_cells")}
        placed = _placed(warehouse, outcomes.file_hash)
        unknown = outcomes.frame.height - placed.height
        if placed.is_empty():
            raise InputError(
                f"{file}: none of the {outcomes.frame.height:,} request_ids is in {db}; load their export first"
            )
        with warehouse.transaction():
            warehouse.insert("paired_outcomes", placed)
        strange = sorted({str(name) for name in placed["endpoint"].unique()} - endpoints)
    return Added(
        path=str(file),
        pairs=placed.height,
        already_known=False,
        unknown_requests=unknown,
        unknown_endpoints=tuple(strange),
    )


def stored_outcomes(warehouse: Warehouse) -> Sequence[dict[str, object]]:
    """One row per endpoint, pair of models and grader: pairs, mean scores and when they were observed."""
    frame = warehouse.frame(
        """
        select endpoint, incumbent_model, candidate_model, grader, scope, count(*) as pairs,
            avg(incumbent_score) as incumbent_mean, avg(candidate_score) as candidate_mean,
            count(*) filter (where parse_failed) as parse_failures,
            cast(min(observed_on) as varchar) as observed_from, cast(max(observed_on) as varchar) as observed_to
        from paired_outcomes
        group by endpoint, incumbent_model, candidate_model, grader, scope
        order by endpoint, incumbent_model, candidate_model, grader
        """
    )
    return list(frame.iter_rows(named=True))


def _canonical(frame: "pl.DataFrame", today: date) -> "pl.DataFrame":
    """Model ids as the traffic has them: an alias means the snapshot of the day the pair was observed."""
    import polars as pl

    rows = frame.select("incumbent_model", "candidate_model", "observed_on").iter_rows()
    resolved = [(canonical(one, day or today), canonical(other, day or today)) for one, other, day in rows]
    return frame.with_columns(
        incumbent_model=pl.Series([one for one, _ in resolved], dtype=pl.String),
        candidate_model=pl.Series([other for _, other in resolved], dtype=pl.String),
    )


def _placed(warehouse: Warehouse, file_hash: str) -> "pl.DataFrame":
    columns = list(TABLES["paired_outcomes"])
    from_log = ("operation_name", "has_tools", "is_json", "length_band", "input_bin", "output_bin", "cache_read_bin")
    found = warehouse.frame(
        f"""
        with logged as (
            select requests.*, row_number() over (partition by request_id order by start_time) as turn
            from requests
            where outcome = 'billed' and request_id in (select request_id from new_outcomes)
        )
        select new_outcomes.* exclude (endpoint, incumbent_output_tokens, record_number, workload),
            '{file_hash}' as outcome_file_hash,
            coalesce(logged.endpoint, new_outcomes.endpoint) as endpoint,
            coalesce(new_outcomes.incumbent_output_tokens, logged.usage_output_tokens) as incumbent_output_tokens,
            logged.template_hash, cast(logged.start_time as date) as request_date,
            logged.model, logged.reasoning_bin, {", ".join(f"logged.{name}" for name in from_log)}
        from new_outcomes
        left join logged on new_outcomes.request_id = logged.request_id and logged.turn = 1
        where new_outcomes.scope = 'endpoint' or logged.request_id is not null
        """
    )
    return found.select(columns)
