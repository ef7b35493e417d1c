"""`--cells-only`: the rows of a load are let go once they are summed, and what is left of them is a key each.

A row is let go only if nothing that is loaded later can change what became of it. Buckets, which a finer export of the
same usage replaces, and calls of logs that write them down while they grow stay rows: they are few by their nature.
A key comes with the cell of its request and what it adds to it, so that databases can be merged that share requests.
"""

from collections.abc import Collection
from typing import Literal

from audit import memory
from audit.counting import number_of
from audit.errors import InputError
from audit.intake.buckets import OWNED
from audit.intake.double_tracing import TRACED
from audit.intake.duplicates import CONTENT, FOR_GOOD, IDENTITY
from audit.intake.growing import GROWING
from audit.kept_tables import USAGE
from audit.measures import MEASURES
from audit.schema import TABLES
from audit.warehouse import Warehouse

Kept = Literal["rows", "keys", "cells"]

CELL_KEY = tuple(name for name in TABLES["traffic_cells"] if name not in MEASURES and name != "load_id")


def keep_changeable(warehouse: Warehouse, load_id: int) -> list[int]:
    """Move the files of a load whose rows must stay into a load of their own, the next one; the files of the others.

    Cells are summed by load, and what is let go is never summed again.
    """
    growing = ", ".join(f"'{name}'" for name in GROWING)
    staying = {
        int(str(file_id))
        for (file_id,) in warehouse.rows(
            f"""
            select distinct file_id from request_facts
            where load_id = ? and reject_reason is null and (
                source_format in ({growing}) or request_grain <> 'request' or request_count <> 1 or {OWNED}
            )
            """,
            [load_id],
        )
    }
    files = {
        int(str(file_id))
        for (file_id,) in warehouse.rows(
            "select file_id from files where load_id = ? and target = 'request_facts'", [load_id]
        )
    }
    if staying and files - staying:
        chosen = _listed(staying)
        for table in ("stored_facts", "files"):
            warehouse.execute(f"update {table} set load_id = load_id + 1 where file_id in ({chosen})")
    return sorted(files - staying)


def let_go(warehouse: Warehouse, files: Collection[int], kept: Kept) -> None:
    """Drop the rows of `files`, which are summed already, and keep their keys where `kept` says so.

    The first rows of the other files of the transaction are brought in line.
    """
    if not files:
        return
    chosen = f"file_id in ({_listed(files)})"
    _settle_repeats(warehouse, files)
    if kept == "keys":
        warehouse.execute(KEYS.format(chosen=chosen))
        # Asked first, for the join holds all that is set aside: of duplicates that can be more than memory.
        if warehouse.rows(f"select 1 from set_aside where {IS_REPEAT} and {chosen} limit 1"):
            warehouse.execute(f"insert into request_keys by name select * from ({UNCOUNTED}) where {chosen}")
    warehouse.execute(MODELS.format(chosen=chosen))
    warehouse.execute(
        f"insert into not_calls select file_id, reject_reason, count(*) from rejected_records "
        f"where is_expected and {chosen} group by file_id, reject_reason"
    )
    for table in ("stored_facts", "set_aside", "unparsed_records"):
        warehouse.execute(f"delete from {table} where {chosen}")
    warehouse.execute(f"update files set kept = '{kept}', row_count = 0, first_row = 0 where {chosen}")


def _settle_repeats(warehouse: Warehouse, files: Collection[int]) -> None:
    """Mark the calls of other files that were set aside for one of `files`: nothing will tell so again."""
    others = f"file_id not in ({_listed(files)}) and starts_with(reason, 'repeat')"
    if warehouse.rows(f"select 1 from set_aside where {others} limit 1"):
        warehouse.execute(SETTLED.format(others=others, chosen=f"file_id in ({_listed(files)})"))


SETTLED = f"""
update set_aside set reason = reason || '{FOR_GOOD}'
from (
    select file_id, request_facts.rowid - first_row + 1 as row_number
    from request_facts inner join (select file_id, first_row from files) using (file_id)
    where trace_id in (select trace_id from request_facts where {{chosen}} and trace_id is not null)
) as traced
where set_aside.file_id = traced.file_id and set_aside.row_number = traced.row_number
    and set_aside.{{others}} and not ends_with(reason, '{FOR_GOOD}')
"""
LAST_CALL = "own.loaded_at = (select max(loaded_at) from files) and earlier.kept <> 'rows'"
KEYS = f"""
insert into request_keys by name
select load_id, file_id, {IDENTITY} as identity, {CONTENT} as content, hash({", ".join(CELL_KEY)}) as cell_key,
    cast(start_time as date) as usage_date, {", ".join(USAGE)}
from requests where {{chosen}}
order by cell_key, usage_date
"""
"""Of the requests that count. In the order of cells most of it packs away."""
IS_REPEAT = "reason not in ('duplicate', 'unloaded')"
UNCOUNTED = f"""
select facts.load_id, file_id, {IDENTITY} as identity, {CONTENT} as content
from request_facts as facts inner join (select file_id, first_row from files) as placed using (file_id)
inner join set_aside as aside using (file_id)
where aside.row_number = facts.rowid - placed.first_row + 1 and {IS_REPEAT}
    and not ({OWNED})
"""
"""Calls that others of their trace repeat: when they come again, nothing but their keys, which are in no cell, tells
that they did not count. A duplicate has its key elsewhere."""
MODELS = """
insert into summed_models by name
select facts.load_id, resolution.provider_name, resolution.request_model, resolution.response_model,
    cast(min(start_time) as date) as first_day, cast(max(start_time) as date) as last_day, pricing_provider, model,
    billing_period
from loaded_facts as facts inner join model_resolution as resolution
    on coalesce(facts.provider_name, '') = resolution.provider_name
    and coalesce(facts.request_model, '') = resolution.request_model
    and coalesce(facts.response_model, '') = resolution.response_model
    and start_time >= day_from and start_time < day_to
where {chosen}
group by all
"""


def staying(warehouse: Warehouse) -> list[str]:
    """A notice where files of the last call keep their rows after all."""
    last = "loaded_at = (select max(loaded_at) from files) and kept = 'rows' and loaded_count > 0"
    path, count = warehouse.rows(f"select min(path), count(*) from request_files where {last}")[0]
    if not count:
        return []
    more = f" and {number_of(int(str(count)) - 1, 'more file')} keep" if int(str(count)) > 1 else " keeps"
    return [
        f"{path}{more} requests in spite of --cells-only: a later export can still replace buckets, and calls that "
        "a log writes down while they grow"
    ]


def close_up(warehouse: Warehouse) -> None:
    """Write the keys of the last load once more, to where its rows were, so that the file becomes as small as it can.

    DuckDB gives back only what is free at the end of a file, and the keys came to lie behind the rows.
    """
    with warehouse.transaction(memory.PLAIN):
        last = warehouse.count("select max(load_id) from request_keys")
        warehouse.execute("create or replace temp table moving as from request_keys where load_id = ?", [last])
        warehouse.execute("delete from request_keys where load_id = ?", [last])
        warehouse.execute("insert into request_keys from moving")
    warehouse.execute("drop table moving")
    warehouse.execute("checkpoint")


def refuse_unseen_duplicates(warehouse: Warehouse, load_id: int) -> None:
    """InputError where a file loaded now shows a time of which an earlier one kept neither rows nor keys.

    Asked source by source: the same request has other ids, and other fields, in another format.
    """
    rows = warehouse.rows(
        """
        select own.path, own.source_format, earlier.path, earlier.first_time, earlier.last_time
        from files as own inner join files as earlier
            on own.source_format = earlier.source_format and own.load_id > earlier.load_id
            and own.first_time <= earlier.last_time and own.last_time >= earlier.first_time
        where own.load_id >= ? and earlier.kept = 'cells' and earlier.loaded_count > 0
        order by own.file_id, earlier.file_id limit 1
        """,
        [load_id],
    )
    for path, source, other, first, last in rows:
        raise InputError(
            f"{path}: shows {source} of a time that {other} showed before, {first} to {last}, of which no keys were "
            f"kept (--no-keys): what both show would count twice, and nobody could tell. Export only what is outside "
            f"of that time, or load all into a new --db, with keys or in one call; nothing was changed"
        )


def unseen_nesting(warehouse: Warehouse, unseen: str = LAST_CALL) -> list[str]:
    """A warning for every traced file whose traces may go on in an earlier one, of pairs that are `unseen`.

    Calls that were traced inside of others are found by the spans between them, which are no requests and keep no key.
    """
    traced = ", ".join(f"'{name}'" for name in TRACED)
    rows = warehouse.rows(
        f"""
        select own.path, min(earlier.path)
        from files as own inner join files as earlier
            on own.source_format = earlier.source_format and own.load_id > earlier.load_id
            and own.first_time <= earlier.last_time and own.last_time >= earlier.first_time
        where {unseen} and own.loaded_count > 0 and earlier.loaded_count > 0 and own.source_format in ({traced})
        group by own.path order by own.path
        """
    )
    return [
        f"{path}: {other} shows the same time, and the requests of one are gone (--cells-only): a call in one that "
        "traced a call in the other is not recognised as the same. Load files of the same time in one call"
        for path, other in rows
    ]


def _listed(numbers: Collection[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))
