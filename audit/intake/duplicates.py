"""Records that were read before: found by id and content, set aside with the reason, never deleted.

A request is a duplicate when its id, start time, model and tokens are those of one that counts already (or all of its
content, where the export has no ids). The same id with other content is loaded and counted as an id collision.
A bucket has no id: equal rows inside one file are different buckets that add up, and of several files that state the
same usage one counts (`buckets.py`).
"""

import duckdb

from audit.errors import DatabaseError
from audit.intake.billed_costs import set_aside_costs
from audit.intake.buckets import OWNED, set_aside_buckets
from audit.intake.growing import set_aside_unfinished
from audit.intake.nesting import set_aside_nested
from audit.readers.reader import literal
from audit.warehouse import Warehouse

REQUEST_KEY = """case when reject_reason is null then case
    when request_id is not null
        then hash(request_id, start_time, request_model, response_model, usage_input_tokens, usage_output_tokens)
    else hash({salt}, start_time, request_model, response_model, usage_input_tokens, usage_output_tokens,
        usage_cache_read_input_tokens, usage_reasoning_output_tokens, request_grain, request_count, bucket_seconds,
        duration_ms, operation_name, tags, route, prompt_name, prompt_hash, service_tier, is_failed, user_id,
        customer_id, team_id, project_id, api_key_id, conversation_id, trace_id, billed_cost)
end end"""
"""The identity of a request in 64 bits; the hash is DuckDB's, see `keep_keys_current`.

An id is nothing that has to be salted, and so the same request has the same key in every database.
"""

IDENTITY = "case when request_id is null then request_key else hash(request_id) end"
CONTENT = "case when request_id is not null then cast(request_key & 4294967295 as uinteger) end"
"""Together a request's key where its row is let go: what must be the same for two to have the same id, and then to be
the same. Without an id all 64 bits of the key are needed; with one, half of them tell other content."""


def keep_keys_current(warehouse: Warehouse, salt: str) -> None:
    """Make every stored key anew where this DuckDB hashes otherwise than the one that wrote them.

    DuckDB does not promise the same hash in its next version; keys that differ would let every file in a second time.
    """
    probe = hash_probe(warehouse)
    if warehouse.setting("hash_probe") not in (None, probe):
        if warehouse.rows("select 1 from request_keys limit 1"):
            raise DatabaseError(
                f"{warehouse.path}: holds keys of requests (--cells-only) that another version of DuckDB hashed; "
                f"this one would not recognise them. Use {warehouse.setting('hash_version')} again, or load the "
                "exports into a new --db"
            )
        warehouse.execute(
            f"""
            update stored_facts set request_key = anew.request_key
            from (
                select rowid as position, {REQUEST_KEY.format(salt=literal(salt))} as request_key from request_facts
            ) as anew
            where stored_facts.rowid = anew.position
            """
        )
    warehouse.set("hash_probe", probe)
    warehouse.set("hash_version", f"DuckDB {duckdb.__version__}")


def hash_probe(warehouse: Warehouse) -> str:
    """What tells whether this DuckDB hashes as the one that wrote a database."""
    return str(warehouse.value("select hash('traffic-audit')"))


def set_aside(warehouse: Warehouse, load_id: int) -> set[int]:
    """Set aside what the load `load_id` repeats or replaces, and return the earlier loads that lost rows by it.

    Runs inside the transaction of that load.
    """
    unfinished = set_aside_unfinished(warehouse, load_id)
    _requests(warehouse, load_id)
    set_aside_costs(warehouse, load_id)
    return unfinished | set_aside_nested(warehouse, load_id) | set_aside_buckets(warehouse, load_id)


def set_aside_again(warehouse: Warehouse) -> None:
    """Decide about every load anew, as if what has been unloaded had never been there."""
    warehouse.execute("delete from set_aside where reason <> 'unloaded'")
    # A load can hold costs alone, and a retry adds rows but no file.
    loads = "select load_id from request_facts union select load_id from files order by load_id"
    for (load_id,) in warehouse.rows(loads):
        set_aside(warehouse, int(str(load_id)))


def recount(warehouse: Warehouse) -> None:
    """Bring the counts and notes of all files whose rows are there in line with what is set aside."""
    warehouse.execute(
        """
        update files set
            duplicate_count = counted.duplicates,
            loaded_count = read_count - rejected_count - counted.duplicates
        from (
            select files.file_id, count(set_aside.row_number) as duplicates
            from files
            left join set_aside on files.file_id = set_aside.file_id and set_aside.reason <> 'unloaded'
            where files.kept = 'rows'
            group by files.file_id
        ) as counted
        where files.file_id = counted.file_id
        """
    )
    warehouse.execute(
        "delete from file_notes where starts_with(note, 'repeat') "
        "and file_id in (select file_id from files where kept = 'rows')"
    )
    warehouse.execute(
        "insert into file_notes select file_id, reason, count(*) from set_aside "
        "where starts_with(reason, 'repeat') group by file_id, reason"
    )


def _requests(warehouse: Warehouse, load_id: int) -> None:
    # One pass over 64-bit hashes finds the few rows that anything has to be decided about.
    warehouse.execute(
        f"""
        create or replace temp table repeated as
        select {IDENTITY} as identity
        from request_facts
        where load_id = {load_id} and reject_reason is null and not ({OWNED})
        group by 1
        having count(*) > 1
        """
    )
    earlier = f"load_id < {load_id}"
    known: list[str] = []
    if warehouse.rows(f"select 1 from request_facts where {earlier} limit 1"):
        known.append(f"select {IDENTITY} from loaded_facts where {earlier} and not ({OWNED})")
    if warehouse.rows(f"select 1 from request_keys where {earlier} limit 1"):
        known.append(f"select identity from request_keys where {earlier}")
    if known:
        warehouse.execute(
            f"""
            insert into repeated
            select distinct {IDENTITY}
            from request_facts
            where load_id = {load_id} and reject_reason is null and not ({OWNED})
                and {IDENTITY} in ({" union all ".join(known)})
            """
        )
    warehouse.execute(
        f"""
        create or replace temp table suspects as
        with concerned as (
            select facts.file_id, position, facts.load_id, position - files.first_row + 1 as row_number,
                identity, content
            from (
                select file_id, rowid as position, load_id, {IDENTITY} as identity, {CONTENT} as content
                from request_facts
                where reject_reason is null and not ({OWNED}) and (load_id = {load_id} or {earlier})
            ) as facts inner join files using (file_id)
            where identity in (select identity from repeated)
        ),
        standing as (
            select * from concerned
            where not exists (
                select 1 from set_aside
                where set_aside.file_id = concerned.file_id and set_aside.row_number = concerned.row_number
            )
            union all
            select file_id, null, load_id, null, identity, content
            from request_keys
            where {earlier} and identity in (select identity from repeated)
        ),
        ordered as (
            select *, row_number() over (partition by identity, content order by load_id, position) as occurrence
            from standing
        ),
        judged as (
            select *,
                content is not null and occurrence = 1
                    and row_number() over (partition by identity, occurrence order by load_id, position) > 1
                    as is_collision
            from ordered
        )
        select file_id, row_number, occurrence, is_collision from judged where load_id = {load_id}
        """
    )
    warehouse.execute(
        "insert into set_aside select file_id, row_number, 'duplicate' from suspects where occurrence > 1"
    )
    warehouse.execute(
        """
        update files set id_collision_count = (
            select count(*) from suspects where suspects.file_id = files.file_id and suspects.is_collision
        )
        where load_id = ? and kept = 'rows'
        """,
        [load_id],
    )
