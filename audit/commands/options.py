"""Options that several commands share, and the exit codes of the contract."""

from pathlib import Path
from typing import Annotated

import typer

ERROR, CHECK_FAILED = 1, 3

Db = Annotated[Path, typer.Option("--db", envvar="AUDIT_DB", help="The DuckDB file.")]
Settings = Annotated[Path | None, typer.Option("--config", help="Settings; ./audit.toml where it exists.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress.")]
DEFAULT_DB = Path("usage.duckdb")
