"""Options that several commands share, and the exit codes of the contract."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from audit.library.asking import Asked

ERROR, CHECK_FAILED = 1, 3

Db = Annotated[Path, typer.Option("--db", envvar="AUDIT_DB", help="The DuckDB file.")]
Settings = Annotated[Path | None, typer.Option("--config", help="Settings; ./audit.toml where it exists.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]
Incumbent = Annotated[str, typer.Option("--from", help="The model that serves the traffic today.")]
Candidate = Annotated[str, typer.Option("--to", help="The cheaper model.")]
Since = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day that counts.")]
Until = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day that no longer counts.")]
Sources = Annotated[
    list[str] | None,
    typer.Option("--source", help="A source format that counts, where several show the same traffic; repeatable."),
]
MonthlyRequests = Annotated[int | None, typer.Option(min=1, help="Scale to this many requests a month.")]
DEFAULT_DB = Path("usage.duckdb")


def asked(
    config: Path | None,
    incumbent: str,
    candidate: str,
    since: datetime | None,
    until: datetime | None,
    source: list[str] | None,
    monthly_requests: int | None = None,
) -> "Asked":
    """The options of a question as the keyword arguments that the library takes it in."""
    return {
        "config": config,
        "incumbent": incumbent,
        "candidate": candidate,
        "since": since,
        "until": until,
        "sources": source or (),
        "monthly_requests": monthly_requests,
    }
