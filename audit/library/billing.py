"""A bill against the traffic of a database."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from audit.errors import AuditError
from audit.ledger.costs import WAYS, lines_left_out, reconciled, take_files, take_loaded
from audit.library.asking import Settled
from audit.progress import shown
from audit.scope import nothing_loaded, settle
from audit.warehouse import Warehouse

if TYPE_CHECKING:
    from audit.ledger.document import Reconciliation


def reconcile(
    db: Path, costs: Sequence[str], map_file: Path | None, asked: Settled, *, progress: bool
) -> "Reconciliation":
    """The bill in `costs`, or in the database, against its traffic."""
    with Warehouse.read(db) as warehouse, shown(not progress) as telling:
        if (error := nothing_loaded(warehouse)) is not None:
            raise error
        if costs:
            notes = take_files(warehouse, costs, map_file, telling)
        elif take_loaded(warehouse):
            notes = lines_left_out(warehouse)
        else:
            raise AuditError(f"{db}: holds no bill. {WAYS}")
        settle(warehouse, asked.question, asked.config)
        with telling("holding the bill against the log"):
            return {**reconciled(warehouse, asked.question), "notes": notes}
