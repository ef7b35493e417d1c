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
        then hash(request_id, start_time, coalesce(response_model, request_model), usage_input_tokens,
            usage_output_tokens)
    else hash({salt}, start_time, request_model, response_model, usage_input_tokens, usage_output_tokens,
        usage_cache_read_input_tokens, usage_reasoning_output_tokens, request_grain, request_count, bucket_seconds,
        duration_ms, operation_name, tags, route, prompt_name, prompt_hash, service_tier, is_failed, user_id,
        customer_id, team_id, project_id, api_key_id, conversation_id, trace_id, billed_cost)
end end"""
"""The identity of a request in 64 bits; the hash is DuckDB's, see `keep_keys_current`.

Of two models the one that served counts: a reply is the same request with and without what was asked for, as of a batch
whose output is loaded again together with its input.
An id is nothing that has to be salted, and so the same request has the same key in every database.
"""

IDENTITY = "case when request_id is null then request_key else hash(request_id) end"
CONTENT = "case when request_id is not null then cast(request_key & 4294967295 as uinteger) end"
"""Together a request's key where its row is let go: what must be the same for two to have the same id, and then to be
the same. Without an id all 64 bits of the key are needed; with one, half of them tell other content."""

FOR_GOOD = " (gone by --cells-only)"
"""How the reason ends of what was set aside for requests that are gone since: nobody can decide about it anew."""

SAME_WITHOUT_ID = (
    "without an id and the same as another of the file: duplicates. "
    "Where each is a call of its own, unload the file and give each a request_id"
)
"""A note: nothing tells two such calls, of which a log in whole seconds has many, from one that was written twice."""


def keep_keys_current(warehouse: Warehouse, salt: str) -> None:
    """Make every stored key anew where it would be another one now than when it was written.

    DuckDB does not promise the same hash in its next version, and what makes a key may change here; keys that differ
    would let every file in a second time.
    """
    probe = hash_probe(warehouse)
    if warehouse.setting("hash_probe") not in (None, probe):
        if warehouse.rows("select 1 from request_keys limit 1"):
            raise DatabaseError(
                f"{warehouse.path}: holds keys of requests (--cells-only) that another version of DuckDB or of "
                "traffic-audit hashed; this one would not recognise them. "
                f"Use {warehouse.setting('hash_version')} again, or load the exports into a new --db"
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
    """What tells whether keys are made and hashed as by the versions that wrote a database."""
    return str(warehouse.value("select hash(?)", [REQUEST_KEY]))


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
    warehouse.execute(f"delete from set_aside where reason <> 'unloaded' and not ends_with(reason, '{FOR_GOOD}')")
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
    # One large join or grouping at a time, and no window: where all of a large load is known, they would want more
    # memory together than a load has.
    warehouse.execute(
        f"""
        create or replace temp table standing as
        select load_id, file_id, row_number, position, identity, content
        from (
            select facts.*, position - files.first_row + 1 as row_number
            from (
                select load_id, file_id, rowid as position, {IDENTITY} as identity, {CONTENT} as content
                from request_facts
                where load_id <= {load_id} and reject_reason is null and not ({OWNED})
            ) as facts
            inner join files using (file_id)
            union all
            select load_id, file_id, null, identity, content, null
            from request_keys
            where {earlier}
        ) as known
        semi join repeated using (identity)
        anti join set_aside using (file_id, row_number)
        """
    )
    warehouse.execute(
        f"""
        create or replace temp table suspects as
        select identity, content, bool_or({earlier}) as is_known,
            min(position) filter (where load_id = {load_id}) as first_position
        from standing
        group by identity, content
        """
    )
    warehouse.execute(
        """
        insert into set_aside
        select file_id, row_number, 'duplicate'
        from standing
        anti join suspects on standing.position = suspects.first_position and not suspects.is_known
        where load_id = ?
        """,
        [load_id],
    )
    warehouse.execute(
        f"delete from file_notes where note = '{SAME_WITHOUT_ID}' "
        f"and file_id in (select file_id from files where load_id = {load_id} and kept = 'rows')"
    )
    warehouse.execute(
        f"""
        insert into file_notes
        select standing.file_id, '{SAME_WITHOUT_ID}', count(*)
        from suspects
        inner join standing using (identity)
        inner join standing as first on suspects.first_position = first.position and first.file_id = standing.file_id
        where suspects.content is null and not suspects.is_known and standing.load_id = {load_id}
            and standing.position > suspects.first_position
        group by standing.file_id
        """
    )
    warehouse.execute(
        """
        create or replace temp table collisions as
        with ids as (
            select identity, bool_or(is_known) as is_known, min(first_position) as first_position
            from suspects group by identity having count(*) > 1
        )
        select standing.file_id
        from suspects
        inner join ids using (identity)
        inner join standing on suspects.first_position = standing.position
        where suspects.content is not null and not suspects.is_known
            and (ids.is_known or suspects.first_position > ids.first_position)
        """
    )
    warehouse.execute(
        """
        update files set id_collision_count = (
            select count(*) from collisions where collisions.file_id = files.file_id
        )
        where load_id = ? and kept = 'rows'
        """,
        [load_id],
    )
