"""Counts whose point divides thousands: 1.234 is no count and rejected, but 1.000 reads as 1."""

from shlex import quote

from audit.counting import number_of
from audit.intake.load_report import REJECT_REASONS
from audit.warehouse import Warehouse

THOUSANDS = "^[a-z0-9_]+ [1-9][0-9]{0,2}([.][0-9]{3})+ is not a (positive )?count$"
"""Why a count is rejected that is written with a point before every three digits."""


def thousands(warehouse: Warehouse) -> list[str]:
    """A warning for every file of the last load that has counts of both kinds: what it means by a point is evident."""
    noted = "contains(note, 'ends in .000') and loaded_at = (select max(loaded_at) from files)"
    if not warehouse.count(f"select count(*) from file_notes inner join files using (file_id) where {noted}"):
        return []
    rows = warehouse.rows(
        f"""
        with noted as (
            select file_id, path, sum(record_count) as read_count
            from file_notes inner join files using (file_id) where {noted} group by file_id, path
        ),
        refused as (
            select file_id, sum(records) as rejected_count,
                split_part(min(reason), ' ', 1) || ' ' || split_part(min(reason), ' ', 2) as example
            from ({REJECT_REASONS}) where regexp_matches(reason, '{THOUSANDS}') group by file_id
        )
        select path, read_count, rejected_count, example
        from noted inner join refused using (file_id) order by file_id
        """
    )
    return [
        f"{path}: {number_of(rejected, 'count')} such as {example} are rejected and look like thousands with a point: "
        f"if so, {number_of(read, 'record')} with a count that ends in .000 were read as a thousandth. "
        f"`audit unload {quote(str(path))}`, export the counts without a thousands separator, and load that"
        for path, read, rejected, example in rows
    ]
