"""Small logs in canonical columns, outcomes for them, and the report on both, end to end."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from audit.assumptions import Assumptions
from audit.config import Config
from audit.evidence.outcome_log import add_outcomes
from audit.pipeline import run_report
from audit.report.document import ReportDocument, Workload
from audit.scope import Question
from audit.warehouse import Warehouse
from tests.exports import Row, write_csv

BIG, SMALL = "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"
TODAY = date(2026, 10, 1)


def calls(endpoint: str, count: int, *, day: date = date(2026, 9, 1), **columns: object) -> list[Row]:
    """`count` calls of one endpoint on one day, a few seconds apart, alike but for their ids."""
    start = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
    return [
        {
            "request_id": f"{endpoint}-{day}-{columns.get('model', BIG)}-{number}",
            "start_time": (start + timedelta(seconds=20 * number)).isoformat(),
            "endpoint": endpoint,
            "operation_name": "chat",
            "provider_name": "openai",
            "model": BIG,
            "usage_input_tokens": 1000,
            "usage_output_tokens": 100,
        }
        | columns
        for number in range(count)
    ]


def outcomes_file(
    db: Path, scores: Iterable[tuple[str | None, float, float]], *, endpoint: str = "tag", **columns: object
) -> None:
    """Add pairs (request id or None for the endpoint, incumbent score, candidate score) to the database."""
    rows: list[Row] = [
        {
            "request_id": request or "",
            "endpoint": endpoint,
            "incumbent_model": BIG,
            "candidate_model": SMALL,
            "incumbent_score": before,
            "candidate_score": after,
        }
        | columns
        for request, before, after in scores
    ]
    add_outcomes(db, write_csv(db.with_name(f"outcomes-{endpoint}-{len(rows)}.csv"), rows), today=TODAY)


def document(
    db: Path,
    *,
    since: date | None = None,
    today: date = TODAY,
    stakes: str = "low",
    endpoints: Sequence[str] = ("tag",),
) -> ReportDocument:
    """The report on gpt-4o and mini with a margin of five points on `endpoints`."""
    config = Config(stakes=dict.fromkeys(endpoints, stakes))  # pyright: ignore[reportArgumentType]
    with Warehouse.read(db) as warehouse:
        return run_report(warehouse, Question(since=since, today=today), config, Assumptions()).document


def workload_named(report: ReportDocument, endpoint: str) -> Workload:
    """The only workload of an endpoint."""
    (found,) = [workload for workload in report["workloads"] if workload["endpoint"] == endpoint]
    return found
