"""What is less than perfect about the data of a report, in counts, and the files it is from."""

from audit.catalog.prices import STANDARD_INSTEAD
from audit.intake.load_report import IS_REJECTED_THERE, REJECT_REASONS
from audit.scope import Scope
from audit.warehouse import Warehouse

AT_STANDARD_RATE = f"""
select coalesce(sum(request_count), 0) from cell_costs
where outcome = 'billed' and exists (
    select 1 from prices
    where prices.provider_name = cell_costs.provider_name and prices.model = cell_costs.model
        and prices.service_tier = cell_costs.service_tier and prices.length_band = cell_costs.length_band
        and cell_costs.billing_period >= prices.valid_from
        and cell_costs.billing_period < coalesce(prices.valid_to, date '9999-12-31')
        and prices.token_class in ('input', 'output') and ends_with(prices.source, '{STANDARD_INSTEAD}')
)
"""
"""Requests on a tier (batch, flex, priority, fast) that their provider's price list does not have."""


def data_quality(warehouse: Warehouse, scope: Scope) -> dict[str, object]:
    """What is less than perfect about the data, in counts."""
    buckets, assumed = warehouse.rows(
        "select coalesce(sum(case when request_grain = 'bucket' then request_count end), 0), "
        "coalesce(sum(case when is_price_assumed then request_count end), 0) from cell_costs"
    )[0]
    collisions, refused = warehouse.rows(
        "select coalesce(sum(id_collision_count), 0), coalesce(sum(rejected_count), 0) from request_files"
    )[0]
    return {
        "sources": list(scope.sources),
        "requests_in_sources_left_out": _counts(
            warehouse,
            "select source_format, sum(request_count) from traffic_cells "
            "anti join report_sources using (source_format) group by source_format order by source_format",
        ),
        "requests_in_buckets": int(str(buckets)),
        "requests_priced_before_first_known_price": int(str(assumed)),
        "requests_of_a_tier_priced_at_the_standard_rate": warehouse.count(AT_STANDARD_RATE),
        "id_collisions": int(str(collisions)),
        "rejected_records": int(str(refused)),
        "reject_reasons": _counts(
            warehouse,
            f"select reason, sum(records) from ({REJECT_REASONS}) inner join request_files using (file_id) "
            "group by reason order by sum(records) desc, reason limit 10",
        ),
        "records_that_are_no_model_calls": warehouse.count("select sum(not_call_count) from request_files"),
        "decided_for_records": _counts(
            warehouse,
            f"select note, sum(record_count) from file_notes where not {IS_REJECTED_THERE} "
            "group by note order by sum(record_count) desc, note",
        ),
    }


def _counts(warehouse: Warehouse, query: str) -> dict[str, int]:
    return {str(name): int(str(count)) for name, count in warehouse.rows(query)}


def files(warehouse: Warehouse) -> list[object]:
    """Every loaded file of requests with its counts."""
    rows = warehouse.rows(
        "select path, source_format, read_count, loaded_count, duplicate_count, rejected_count, seconds "
        "from request_files order by file_id"
    )
    names = ("path", "format", "read", "loaded", "duplicate", "rejected", "seconds")
    return [dict(zip(names, row, strict=True)) for row in rows]
