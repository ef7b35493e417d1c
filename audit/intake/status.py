"""What is in a database: files, window, rows, endpoints, models, and what has no price or no token counts."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import cast

from audit.intake.disputes import disputes
from audit.intake.twins import overlaps
from audit.intake.unpriced import Unpriced, unpriced
from audit.warehouse import Warehouse

Document = dict[str, object]


def status(warehouse: Warehouse) -> Document:
    """The JSON of `audit status`: files, rows, window, outcomes, endpoints and models with their requests.

    A model is `priced` where all its billed requests are; `without_price` has the classes of tokens that have no price,
    which leave `unpriced_requests` in no dollar figure.
    """
    files = [
        dict(
            zip(
                (
                    "path",
                    "format",
                    "read",
                    "loaded",
                    "duplicate",
                    "rejected",
                    "not_calls",
                    "id_collisions",
                    "kept",
                    "loaded_at",
                ),
                (*row[:-1], _moment(row[-1])),
                strict=True,
            )
        )
        for row in warehouse.rows(
            "select path, source_format, read_count, loaded_count, duplicate_count, rejected_count, "
            "not_call_count, id_collision_count, kept, loaded_at from files order by file_id"
        )
    ]
    start, end = warehouse.rows("select min(first_time), max(last_time) from request_files where loaded_count > 0")[0]
    without = unpriced(warehouse)
    models = [
        {
            "provider_name": row[0],
            "model": row[1],
            "requests": _int(row[2]),
            "billed_requests": _int(row[3]),
            "unknown_usage_requests": _int(row[4]),
            "unpriced_requests": (lacking := without.get((str(row[0]), str(row[1])), Unpriced())).requests,
            "unpriced_tokens": lacking.tokens,
            "without_price": list(lacking.classes),
            "priced": not lacking.requests,
        }
        for row in warehouse.rows(
            """
            select provider_name, model, sum(request_count),
                sum(case when outcome = 'billed' then request_count else 0 end),
                sum(case when outcome = 'unknown_usage' then request_count else 0 end)
            from traffic_cells
            group by provider_name, model
            order by sum(request_count) desc, model
            """
        )
    ]
    outcomes = {
        row[0]: _int(row[1])
        for row in warehouse.rows(
            "select outcome, sum(request_count) from traffic_cells group by outcome order by outcome"
        )
    }
    endpoints = [
        {"endpoint": row[0], "requests": _int(row[1]), "workloads": _int(row[2])}
        for row in warehouse.rows(
            """
            select traffic_cells.endpoint, sum(request_count), max(rules.workload_count)
            from traffic_cells
            left join (select endpoint, count(*) as workload_count from workload_rules group by endpoint) as rules
                on traffic_cells.endpoint = rules.endpoint
            group by traffic_cells.endpoint order by sum(request_count) desc, traffic_cells.endpoint
            """
        )
    ]
    counts = ("read", "loaded", "duplicate", "rejected")
    return {
        "files": files,
        "rows": {name: sum(cast("int", file[name]) for file in files) for name in counts},
        "window": {"start": _moment(start), "end": _moment(end)},
        "requests": outcomes,
        "endpoints": endpoints,
        "models": models,
        "notes": [
            {"path": path, "note": text, "records": _int(count)}
            for path, text, count in warehouse.rows(
                "select path, note, record_count from file_notes inner join files using (file_id) "
                "order by file_id, note"
            )
        ],
        "overlaps": [asdict(overlap) | {"text": overlap.sentence} for overlap in overlaps(warehouse)],
        "disputes": [asdict(dispute) for dispute in disputes(warehouse)],
        "billed_costs": [
            {"currency": currency, "start": start, "end": end, "amount": amount}
            for currency, start, end, amount in warehouse.rows(
                "select currency, cast(min(cost_date) as varchar), cast(max(cost_date) as varchar), "
                "sum(cast(billed_amount as decimal(38, 12))) "
                "from billed_cost_by_day group by currency order by currency"
            )
        ],
        "paired_outcomes": warehouse.count("select count(*) from paired_outcomes"),
        "endpoint_rule": warehouse.setting("endpoint_rule"),
    }


def _moment(value: object) -> str | None:
    """A time of the database, which is UTC, as every JSON document of this program writes it."""
    return datetime.fromisoformat(str(value)).replace(tzinfo=UTC).isoformat() if value is not None else None


def _int(value: object) -> int:
    return int(str(value or 0))
