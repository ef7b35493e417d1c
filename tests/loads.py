"""Files of JSON lines, and loads of whole files with what each must keep: no row lost, no check failed."""

import json
from collections.abc import Mapping
from pathlib import Path

from audit.intake.loading import LoadReport, load
from audit.measures import MEASURES
from audit.schema import TABLES
from audit.warehouse import Warehouse

KEY = [name for name in TABLES["traffic_cells"] if name not in MEASURES and name != "load_id"]
Counts = tuple[int, int, int, int]


def jsonl(path: Path, *records: Mapping[str, object]) -> Path:
    """The records as JSON lines."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def loaded(db: Path, *paths: Path) -> LoadReport:
    """The report of a load that refuses nothing and whose checks hold."""
    report = load([str(path) for path in paths], db)
    assert (report.refused, report.failed_checks) == ((), ())
    for file in report.files:
        assert file.read == file.loaded + file.duplicate + file.rejected
    return report


def counts(report: LoadReport) -> dict[str, Counts]:
    """Read, loaded, duplicate and rejected by name of the file."""
    return {Path(file.path).name: (file.read, file.loaded, file.duplicate, file.rejected) for file in report.files}


def cells(db: Path) -> list[tuple[object, ...]]:
    """The cells of all loads together."""
    sums = ", ".join(f"sum({name})" for name in MEASURES)
    return query(db, f"select {', '.join(KEY)}, {sums} from traffic_cells group by all order by all")


def query(db: Path, text: str) -> list[tuple[object, ...]]:
    """The rows of a query over the database."""
    with Warehouse.read(db) as warehouse:
        return warehouse.rows(text)
