"""Which requests exactly: the first of every stratum in an order that only the seed and the requests decide."""

from dataclasses import dataclass

import polars as pl

from audit.sampling.plan import Planned
from audit.sampling.population import HAS_PAIR, Frames
from audit.sampling.strata import CELL_KEY, stratify
from audit.warehouse import Warehouse


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A request that was drawn, where its record stands, and what a replay of it costs on Batch."""

    sample_id: str
    request_key: int
    request_id: str | None
    file_id: int
    record_number: int
    path: str
    workload_id: str
    endpoint: str
    stratum: str
    incumbent_model: str
    place: int
    """Its place in the random order of its stratum, from 1: any first so many are a random sample."""
    template_hash: str | None
    request_date: str
    input_tokens: int
    output_tokens: int
    candidate_cost: float
    incumbent_cost: float


def draw(warehouse: Warehouse, frames: Frames, workloads: tuple[Planned, ...], seed: int) -> list[Drawn]:
    """The requests of a plan, by workload, stratum and place.

    The order is that of md5(seed, request key): it depends neither on the order of loading nor on the engine's
    threads, and a larger sample with the same seed contains the smaller one (Ohlsson 1995, permanent random numbers).
    """
    wanted = pl.DataFrame(
        [
            (each.population.workload_id, part.name, count)
            for each in workloads
            for part, count in zip(each.population.parts, each.counts, strict=True)
            if count
        ],
        schema={"workload_id": pl.String, "stratum": pl.String, "wanted": pl.Int64},
        orient="row",
    )
    ratios = frames.verdicts.select("workload_id", "output_ratio_point")
    cells = stratify(frames.cells).join(wanted, on=["workload_id", "stratum"]).join(ratios, on="workload_id")
    prices = [name for name in cells.columns if name.endswith("_price")]
    warehouse.temporary(
        "sampled_cells",
        cells.select(*CELL_KEY, "workload_id", "stratum", "wanted", "output_ratio_point", *prices),
    )
    warehouse.execute(DRAWN.format(seed=int(seed), same=" and ".join(_same(name) for name in CELL_KEY)))
    return [_drawn(row) for row in warehouse.frame(PLACED).iter_rows(named=True)]


def _same(name: str) -> str:
    return f"requests.{name} is not distinct from sampled_cells.{name}"


DRAWN = f"""
create or replace temp table drawn as
with ordered as (
    select requests.request_key, requests.request_id, requests.file_id, requests.row_number, requests.endpoint,
        requests.model, requests.template_hash, cast(requests.start_time as date) as request_date,
        requests.usage_input_tokens, requests.usage_output_tokens,
        sampled_cells.workload_id, sampled_cells.stratum, sampled_cells.wanted,
        requests.usage_input_tokens * sampled_cells.candidate_input_price
            + requests.usage_output_tokens * sampled_cells.output_ratio_point * sampled_cells.candidate_output_price
            as candidate_cost,
        requests.usage_input_tokens * sampled_cells.incumbent_input_price
            + requests.usage_output_tokens * sampled_cells.incumbent_output_price as incumbent_cost,
        row_number() over (
            partition by sampled_cells.workload_id, sampled_cells.stratum
            order by md5('{{seed}}:' || cast(requests.request_key as varchar)), requests.file_id, requests.row_number
        ) as place
    from requests
    inner join report_sources on requests.source_format = report_sources.source_format
    inner join sampled_cells on {{same}}
    where requests.outcome = 'billed' and requests.request_grain = 'request' and not {HAS_PAIR}
)
select * from ordered where place <= wanted
"""

PLACED = """
with skipped as (
    select drawn.file_id, drawn.row_number, count(*) as record_count
    from drawn
    inner join unparsed_records
        on drawn.file_id = unparsed_records.file_id and unparsed_records.row_number <= drawn.row_number
    group by drawn.file_id, drawn.row_number
),
retried as (
    select file_id, row_number, min(record_number) as record_number
    from retried_records
    group by file_id, row_number
)
select drawn.*, files.path,
    coalesce(retried.record_number, drawn.row_number + coalesce(skipped.record_count, 0)) as record_number
from drawn
inner join files on drawn.file_id = files.file_id
left join skipped on drawn.file_id = skipped.file_id and drawn.row_number = skipped.row_number
left join retried on drawn.file_id = retried.file_id and drawn.row_number = retried.row_number
order by drawn.workload_id, drawn.stratum, drawn.place
"""
"""As `request_places`, for the few requests that were drawn instead of for all."""


def _drawn(row: dict[str, object]) -> Drawn:
    key = int(str(row["request_key"]))
    return Drawn(
        sample_id=f"{key:016x}",
        request_key=key,
        request_id=_text(row["request_id"]),
        file_id=int(str(row["file_id"])),
        record_number=int(str(row["record_number"])),
        path=str(row["path"]),
        workload_id=str(row["workload_id"]),
        endpoint=str(row["endpoint"]),
        stratum=str(row["stratum"]),
        incumbent_model=str(row["model"]),
        place=int(str(row["place"])),
        template_hash=_text(row["template_hash"]),
        request_date=str(row["request_date"]),
        input_tokens=int(str(row["usage_input_tokens"])),
        output_tokens=int(str(row["usage_output_tokens"])),
        candidate_cost=float(str(row["candidate_cost"] or 0)),
        incumbent_cost=float(str(row["incumbent_cost"] or 0)),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
