"""Requests of which only keys are left and that an earlier load has too: taken out of their cells again."""

from collections.abc import Sequence

from audit.intake.buckets import OWNED
from audit.intake.duplicates import CONTENT, IDENTITY
from audit.intake.letting_go import CELL_KEY, UNCOUNTED
from audit.measures import COUNTS_OF, MEASURES
from audit.schema import TABLES
from audit.warehouse import Warehouse

DAY_KEY = tuple(name for name in TABLES["daily_usage"] if name not in MEASURES)


def take_out_repeated(warehouse: Warehouse) -> None:
    """Take out of cells, days and keys what an earlier load has too, and bring the counts of files in line.

    Rows are judged before; where they repeat a key they are set aside then.
    """
    if not warehouse.rows("select 1 from request_keys limit 1"):
        return
    warehouse.execute(SUSPECTS)
    warehouse.execute(
        "create or replace temp table repeated_keys as "
        "select file_id, identity, content, counts from key_suspects where is_key and occurrence > 1"
    )
    warehouse.execute(COLLISIONS)
    if not warehouse.rows("select 1 from repeated_keys limit 1"):
        return
    warehouse.execute(TAKEN)
    for table, key in (("traffic_cells", ("load_id", *CELL_KEY)), ("daily_usage", DAY_KEY)):
        warehouse.execute(_less(table, key))
        warehouse.execute(f"delete from {table} where request_count = 0")
    warehouse.execute(f"delete from request_keys using repeated_keys as repeated where {SAME}")
    warehouse.execute(
        """
        update files set loaded_count = loaded_count - records, duplicate_count = duplicate_count + records
        from (select file_id, count(*) as records from repeated_keys where counts group by file_id) as repeated
        where files.file_id = repeated.file_id
        """
    )


def _less(table: str, key: Sequence[str]) -> str:
    """The statement that subtracts what was taken from the sums of `table`."""
    same = " and ".join(f"{table}.{name} is not distinct from less.{name}" for name in key)
    return f"""
        update {table} set {", ".join(f"{name} = {table}.{name} - less.{name}" for name in MEASURES)}
        from (
            select {", ".join(key)}, {", ".join(f"sum({name}) as {name}" for name in MEASURES)}
            from taken group by {", ".join(key)}
        ) as less
        where {same}
        """


SAME = """request_keys.file_id = repeated.file_id and request_keys.identity = repeated.identity
    and request_keys.content is not distinct from repeated.content"""
SUSPECTS = f"""
create or replace temp table key_suspects as
with known as (
    select load_id, file_id, identity, content, true as is_key, cell_key is not null as counts from request_keys
    union all
    select load_id, file_id, {IDENTITY}, {CONTENT}, false, true from loaded_facts where not ({OWNED})
    union all
    select *, false, false from ({UNCOUNTED})
),
shared as (
    select identity from known group by identity having count(*) > 1
)
select *, row_number() over (partition by identity, content order by load_id, file_id) as occurrence
from known semi join shared using (identity)
"""
"""Every key and request whose id, or content where there is none, comes up more than once."""
COLLISIONS = """
update files set id_collision_count = coalesce(counted.records, 0)
from files as own left join (
    select file_id, count(*) as records
    from (
        select *, row_number() over (partition by identity order by load_id, file_id) as place
        from key_suspects where occurrence = 1 and content is not null and counts
    )
    where place > 1 group by file_id
) as counted using (file_id)
where files.file_id = own.file_id and own.kept = 'keys'
"""
TAKEN = f"""
create or replace temp table taken as
select {", ".join(f"cells.{name}" for name in ("load_id", *CELL_KEY))}, request_keys.usage_date,
    {
    ", ".join(
        f"count(request_keys.{COUNTS_OF[name]}) as {name}"
        if name in COUNTS_OF
        else f"coalesce(sum(request_keys.{name}), 0) as {name}"
        for name in MEASURES
    )
}
from request_keys
inner join repeated_keys as repeated on {SAME}
inner join traffic_cells as cells
    on cells.load_id = request_keys.load_id
    and hash({", ".join(f"cells.{name}" for name in CELL_KEY)}) = request_keys.cell_key
group by all
"""
"""What the repeated requests add up to, by cell and day."""
