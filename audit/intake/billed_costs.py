"""What a provider billed, on its way into `billed_costs`: kept apart from the traffic, under the same guarantees.

Exports of costs overlap and are corrected later, so the newest file owns its days: per project, and for a grouped row
without a project, which speaks for all of them. Totals of the organization replace only each other.
"""

from audit.intake.load_report import NOT_A_CALL
from audit.warehouse import Warehouse

NO_COST = "not a cost"
"""How the reason of a reject begins whose record holds no figure by nature, such as a day without spend."""

CONTENT = """hash(period_start, period_end, amount, currency, line_item, quantity, quantity_unit, project_id,
    api_key_id, user_id)"""
"""What makes two rows equal; only ever compared within one statement."""

IS_EXPECTED = f"(starts_with(reject_reason, '{NOT_A_CALL}') or starts_with(reject_reason, '{NO_COST}'))"
"""Whether a reject needs nobody's attention."""


def set_aside_costs(warehouse: Warehouse, load_id: int) -> None:
    """Set aside the costs that the load `load_id` repeats or replaces, file by file in its order."""
    files = warehouse.rows(
        "select file_id from files where load_id = ? and target = 'billed_costs' and read_count > 0 order by file_id",
        [load_id],
    )
    for (file_id,) in files:
        warehouse.execute(
            f"""
            create or replace temp table cost_rows as
            select *, file_id = {file_id} as is_new, {CONTENT} as content,
                row_number() over (partition by file_id, {CONTENT} order by row_number) as occurrence
            from loaded_costs
            where file_id <= {file_id}
            """
        )
        warehouse.execute(
            f"insert into set_aside select file_id, row_number, 'superseded by file {file_id}' from ({REPLACED})"
        )
        warehouse.execute(
            """
            insert into set_aside
            select new.file_id, new.row_number, 'duplicate'
            from cost_rows as new
            semi join (select * from cost_rows where not is_new) as old
                on new.content = old.content and new.occurrence = old.occurrence
            where new.is_new
            """
        )


REPLACED = """
with owned as (
    select distinct period_start, period_end, is_organization_total, coalesce(project_id, '') as project
    from cost_rows
    where is_new
),
older as (
    select * from cost_rows
    where not is_new and not exists (
        select 1 from cost_rows as new
        where new.is_new and new.content = cost_rows.content and new.occurrence = cost_rows.occurrence
    )
)
select file_id, row_number
from older
semi join owned
    on older.period_start < owned.period_end
    and owned.period_start < older.period_end
    and older.is_organization_total = owned.is_organization_total
    and (owned.project = coalesce(older.project_id, '') or owned.project = '' or older.project_id is null)
"""
"""The older costs of a stretch of time and project that the new file owns, which it does not repeat."""
