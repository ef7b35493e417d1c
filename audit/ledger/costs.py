"""Where a bill comes from: files that are read for the occasion, or the costs in the database."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from audit.counting import number_of
from audit.errors import AuditError, DatabaseError, InputError
from audit.ledger.document import Reconciliation
from audit.ledger.reconcile import reconcile
from audit.pipeline import Result
from audit.progress import Progress, silent
from audit.report.reconciled import TieOut
from audit.scope import Question
from audit.warehouse import Warehouse

WAYS = "`audit reconcile FILE` reads a cost export, `audit load FILE` keeps it; `audit formats` lists those of costs"

MAP_A_BILL = (
    "say which column is what: `audit formats --map flat_bill > map.toml`, put the names of your columns into it, and "
    "give --map map.toml"
)


def take_loaded(warehouse: Warehouse) -> bool:
    """Make the costs in the database the bill; whether there are any."""
    warehouse.execute("create or replace temp view bill_lines as select * from loaded_costs")
    return bool(warehouse.rows("select 1 from bill_lines limit 1"))


def take_files(
    warehouse: Warehouse, paths: Sequence[str], map_file: Path | None = None, progress: Progress = silent
) -> list[str]:
    """Make the cost exports at `paths` the bill, for this connection only; what is to be said of them.

    Raises InputError for one that cannot be read, or that holds requests.
    """
    from audit.intake.loading import load

    with TemporaryDirectory() as folder, progress("reading the bill"):
        db = Path(folder) / "bill.duckdb"
        report = load(paths, db, map_file=map_file)
        if report.refused:
            from audit.readers.registry import MAP_A_LOG

            said = report.refused[0]
            raise InputError(
                said.replace(MAP_A_LOG, MAP_A_BILL)
                if MAP_A_LOG in said
                else f"{said}. If it is a bill of your own, {MAP_A_BILL}"
            )
        with Warehouse.read(db) as read:
            others = read.rows("select path, source_format from files where target <> 'billed_costs'")
            if others:
                path, kind = others[0]
                raise InputError(f"{path}: holds requests ({kind}) and no costs; `audit load` takes it. {WAYS}")
            frame = read.frame("select * from loaded_costs")
            lost = lines_left_out(read)
    if frame.is_empty():
        raise InputError(f"{paths[0]}: holds no cost that can be read{f': {lost[0]}' if lost else ''}")
    warehouse.temporary("bill_lines", frame)
    return [*report.warnings, *lost]


def lines_left_out(warehouse: Warehouse) -> list[str]:
    """What is to be said of the lines of bills that were rejected: a bill without them may tie out with nothing."""
    lost, read = warehouse.rows(
        "select sum(rejected_count - not_call_count)::bigint, sum(read_count)::bigint from files "
        "where target = 'billed_costs'"
    )[0]
    if not lost:
        return []
    path, number, reason = warehouse.rows(
        "select path, record_number, reason from rejects inner join files using (file_id) "
        "where target = 'billed_costs' and not starts_with(reason, 'not a cost') "
        "order by file_id, record_number limit 1"
    )[0]
    verb = "is" if lost == 1 else "are"
    lines = f"{lost:,} of {number_of(read, 'line')} of the bill {verb} left out"
    return [f"{lines}, first record {number:,} of {path}: {reason}"]


def reconciled(warehouse: Warehouse, question: Question) -> Reconciliation:
    """The bill that was taken against the traffic of a settled scope.

    Raises AuditError where they share no day, and what `reconcile` raises.
    """
    found = reconcile(warehouse, question)
    if found is None:
        bill, log = (
            warehouse.rows(f"select cast(min({column}) as date), cast(max({column}) as date) from {relation}")[0]
            for column, relation in (("period_start", "bill_lines"), ("usage_hour", "hourly_costs"))
        )
        raise AuditError(
            f"the bill covers {bill[0]} to {bill[1]} and the log {log[0]} to {log[1]}: no day has both; load the logs "
            "of those days, or give the bill of these"
        )
    return found


def add_tie_out(warehouse: Warehouse, question: Question, result: Result) -> None:
    """Say in a finished report whether the costs in the database tie out; nothing where there are none."""
    if not take_loaded(warehouse):
        return
    try:
        found = reconcile(warehouse, question)
    except (DatabaseError, InputError) as error:
        result.document.setdefault("warnings", []).append(f"the bill cannot be held against the log: {error}")
        return
    if found is not None:
        result.document["reconciliation"] = tie_out_of(found)


def tie_out_of(found: Reconciliation) -> TieOut:
    """What a report says of a reconciliation."""
    totals = found["totals"]
    return {
        "ties_out": found["ties_out"],
        "billed": totals["billed"],
        "list_cost": totals["list_cost"],
        "difference": totals["difference"],
        "unexplained_share": totals["unexplained_share"],
        "limit": found["limit"],
        "start": found["bill"]["start"],
        "end": found["bill"]["end"],
        "causes": found["causes"],
    }
