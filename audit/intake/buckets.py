"""Usage in buckets that several exports state: of the same usage one statement counts, the finest or fullest.

A bucket has no id, and an export says neither how it was filtered nor whether its last bucket was over. What can be
compared is what two exports both name (a project, a key, a model, ...) at the same time. Usage grows and never shrinks,
so where the figures agree it is the same usage, and the finer groups stand; where two exports agree most of the time
they are exports of the same usage, and of the rest the fuller one stands. Otherwise one of them was filtered, or they
are of two organisations: nobody can tell, both stay, and `disputes.py` sees to it that they are in no total.
"""

from audit.warehouse import Warehouse

OWNED = "request_id is null and (request_grain = 'bucket' or source_format = 'openai_usage')"
"""Rows that stand for a stretch of time. A minute of OpenAI's usage with a single request is one of them, though its
grain says request."""
DIMENSIONS = {
    "project": "project_id",
    "API key": "api_key_id",
    "user": "user_id",
    "customer": "customer_id",
    "team": "team_id",
    "provider": "provider_name",
    "route": "route",
    "model": "coalesce(response_model, request_model)",
}
"""What buckets may be grouped by, in words, and the column that names it. Tiers are told apart by some exports and
summed up as the default by others, so that they say nothing."""
IDS = {"project_id": "wrkspc_", "api_key_id": "apikey_"}
"""How Anthropic's ids begin. Its console exports names in their place, which cannot be compared with them."""
ALL = tuple(range(len(DIMENSIONS)))
AGAIN = "repeats usage that another export states in finer groups or in full"


def set_aside_buckets(warehouse: Warehouse, load_id: int) -> set[int]:
    """Set aside what the buckets of the load repeat or replace, file by file; the earlier loads concerned."""
    concerned: set[int] = set()
    files = warehouse.rows(
        f"select distinct file_id, source_format from loaded_facts where load_id = ? and {OWNED} order by file_id",
        [load_id],
    )
    for file_id, source_format in files:
        keep_bucket_rows(
            warehouse, str(source_format), f"load_id < {load_id} or load_id = {load_id} and file_id <= {file_id}"
        )
        _keep_what_overlaps(warehouse, f"file_id = {file_id}")
        for (shape,) in warehouse.rows(f"select distinct shape from bucket_rows where file_id = {file_id}"):
            own = f"shape = '{shape}'"
            concerned |= _settle(warehouse, f"{own} and file_id = {file_id}", f"{own} and file_id <> {file_id}", ALL)
            for (other,) in warehouse.rows(
                f"select distinct shape from bucket_rows where shape <> '{shape}' order by 1"
            ):
                concerned |= _settle(warehouse, own, f"shape = '{other}'", common(str(shape), str(other)))
    return concerned - {load_id}


def keep_bucket_rows(warehouse: Warehouse, source_format: str, chosen: str) -> None:
    """Make the table `bucket_rows` of the buckets of a format that count, each with the groups that its file states.

    A shape is a digit per dimension: 1 where any row of the file, of its kind of operation, names one, 2 where it gives
    a name in place of an id.
    """
    warehouse.execute(BUCKET_ROWS.format(source_format=source_format, chosen=chosen))


def common(shape: str, other: str) -> tuple[int, ...]:
    """The dimensions that both shapes state, by ids or by names.

    >>> common("11012", "01011")
    (1, 3)
    """
    return tuple(place for place, (one, two) in enumerate(zip(shape, other, strict=True)) if one == two != "0")


def keep_islands(warehouse: Warehouse, chosen: str, party: str, dimensions: tuple[int, ...]) -> None:
    """Make the table `bucket_islands` of the chosen rows, where several parties have one at the same time.

    Rows are of one island where they are the same by `dimensions` and overlap, by themselves or by others between
    them; buckets that only touch do not. `party` is an expression.
    """
    owner = ", ".join(["operation_name", *(f"dimensions[{place + 1}]" for place in dimensions)])
    warehouse.execute(ISLANDS.format(chosen=chosen, party=party, owner=owner))


def _keep_what_overlaps(warehouse: Warehouse, side: str) -> None:
    """Leave only rows in the time of `side`, and in that of the longer buckets around its own."""
    warehouse.execute(
        f"""
        create or replace temp table bucket_span as
        select min(start_time) as since, max(end_time) as until
        from bucket_rows, (
            select min(start_time) as first_start, max(end_time) as last_end from bucket_rows where {side}
        )
        where start_time < last_end and end_time > first_start
        """
    )
    warehouse.execute(
        "delete from bucket_rows using bucket_span "
        "where start_time >= bucket_span.until or end_time <= bucket_span.since"
    )


def _settle(warehouse: Warehouse, side: str, other: str, dimensions: tuple[int, ...]) -> set[int]:
    """Set aside the losing rows of every island that can be decided; the loads that they are of.

    In the same groups a single time that differs is a bucket that had not ended when it was exported first.
    """
    keep_islands(warehouse, f"({side}) or ({other})", side, dimensions)
    warehouse.execute(LOSERS.format(single=dimensions == ALL))
    warehouse.execute(
        f"""
        insert into set_aside
        select file_id, row_number, case
            when file_id < winner then 'superseded by file ' || winner
            when is_repeated then 'duplicate'
            else '{AGAIN}'
        end
        from bucket_losers
        """
    )
    warehouse.execute("delete from bucket_rows using bucket_losers where bucket_rows.place = bucket_losers.place")
    return {int(str(load)) for (load,) in warehouse.rows("select distinct load_id from bucket_losers")}


def _digit(column: str) -> str:
    """The digit of a shape that says whether the rows of a file name a column."""
    prefix = IDS.get(column)
    is_name = f"source_format = 'anthropic_usage' and not starts_with({column}, '{prefix}')" if prefix else "false"
    return f"max(case when coalesce({column}, '') = '' then '0' when {is_name} then '2' else '1' end)"


BUCKET_ROWS = f"""
create or replace temp table bucket_rows as
with shapes as (
    select file_id, operation_name,
        {" || ".join(map(_digit, DIMENSIONS.values()))} as shape
    from request_facts
    where source_format = '{{source_format}}' and reject_reason is null and {OWNED}
    group by file_id, operation_name
)
select load_id, file_id, row_number, row_number() over () as place, operation_name, shape, request_key, start_time,
    start_time + to_seconds(greatest(coalesce(bucket_seconds, 0), 1)) as end_time, request_count,
    coalesce(usage_input_tokens, 0) + coalesce(usage_output_tokens, 0) as tokens,
    [{", ".join(f"coalesce({name}, '')" for name in DIMENSIONS.values())}] as dimensions,
    row_number() over (partition by file_id, request_key order by row_number) as occurrence
from loaded_facts inner join shapes using (file_id, operation_name)
where source_format = '{{source_format}}' and {OWNED} and ({{chosen}})
"""
ISLANDS = """
create or replace temp table bucket_islands as
with parties as (
    select *, {party} as party, [{owner}] as owner from bucket_rows where {chosen}
),
edged as (
    select *, case when start_time < max(end_time) over (
        partition by owner order by start_time, end_time, place rows between unbounded preceding and 1 preceding
    ) then 0 else 1 end as is_edge
    from parties
),
numbered as (
    select *, sum(is_edge) over (partition by owner order by start_time, end_time, place) as island from edged
),
paired as (
    select *, count(*) over (partition by owner, island, request_key, occurrence) > 1 as is_repeated,
        min(party) over (partition by owner, island) <> max(party) over (partition by owner, island) as is_shared
    from numbered
)
select * exclude (is_edge, is_shared) from paired where is_shared
"""
LOSERS = """
create or replace temp table bucket_losers as
with islands as (
    select owner, island, min(start_time) as since, bool_and(is_repeated) as is_same,
        coalesce(sum(tokens) filter (party), 0) as tokens, coalesce(sum(tokens) filter (not party), 0) as other_tokens,
        count(*) filter (party) as buckets, count(*) filter (not party) as other_buckets,
        max(file_id) filter (party) as file_id, max(file_id) filter (not party) as other_file_id
    from bucket_islands group by owner, island
),
times as (
    select since, bool_and(tokens = other_tokens) as agrees from islands group by since
),
evidence as (
    select count(*) filter (agrees) >= count(*) filter (not agrees) or ({single} and count(*) = 1) as is_same_usage
    from times
),
decided as (
    select owner, island, case
        when is_same then file_id > other_file_id
        when tokens <> other_tokens then tokens < other_tokens
        when buckets <> other_buckets then buckets < other_buckets
        else file_id < other_file_id
    end as side_loses, case when side_loses then other_file_id else file_id end as winner
    from islands, evidence
    where is_same_usage or tokens = other_tokens
)
select load_id, file_id, row_number, place, is_repeated, winner
from bucket_islands inner join decided using (owner, island)
where party = side_loses
"""
