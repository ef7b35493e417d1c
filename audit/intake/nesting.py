"""Calls that tracing recorded more than once: as a span inside a span, or as the parent that sums its children."""

from audit.warehouse import Warehouse


def set_aside_nested(warehouse: Warehouse, load_id: int) -> set[int]:
    """Set aside calls that were traced twice, one inside the other; return the earlier loads concerned.

    Two instrumentations trace one call as a span inside a span, also with spans of other kinds between them. The
    innermost call with known tokens counts; one without known tokens gives way to the call around it.
    """
    if not warehouse.rows("select 1 from request_facts where parent_id is not null limit 1"):
        return set()
    warehouse.execute(NESTED.format(load_id=load_id))
    warehouse.execute("insert into set_aside select file_id, row_number, reason from nested")
    earlier = warehouse.rows("select distinct load_id from nested where load_id <> ?", [load_id])
    return {int(str(load)) for (load,) in earlier}


NESTED = """
create or replace temp table nested as
with recursive spans as (
    select facts.load_id, facts.file_id, facts.rowid - files.first_row + 1 as row_number,
        coalesce(facts.trace_id, '') as trace, facts.request_id as span, facts.parent_id as parent,
        facts.reject_reason is null as is_call,
        facts.reject_reason is null and (facts.usage_known or facts.is_failed) as is_told
    from request_facts as facts
    inner join files using (file_id)
    where facts.request_id is not null and facts.load_id <= {load_id}
        and coalesce(facts.trace_id, '') in (
            select coalesce(trace_id, '') from request_facts where load_id = {load_id}
        )
        and not exists (
            select 1 from set_aside
            where set_aside.file_id = facts.file_id
                and set_aside.row_number = facts.rowid - files.first_row + 1
        )
),
around_told as (
    select trace, parent as span from spans where is_told and parent is not null
    union
    select spans.trace, spans.parent
    from around_told inner join spans using (trace, span)
    where spans.parent is not null
),
outer_calls as (
    select spans.*, 'repeats the calls inside of it' as reason from spans semi join around_told using (trace, span)
    where is_call
),
around_untold as (
    select file_id, row_number, trace, parent as span from spans where is_call and not is_told and parent is not null
    union
    select around_untold.file_id, around_untold.row_number, spans.trace, spans.parent
    from around_untold inner join spans using (trace, span)
    where spans.parent is not null
),
inner_calls as (
    select spans.*, 'repeated by the call around it, which has its tokens' as reason
    from spans
    semi join (
        select around_untold.file_id, around_untold.row_number
        from around_untold inner join spans using (trace, span)
        where spans.is_told
    ) as inside using (file_id, row_number)
)
select * from outer_calls
union all
select inner_calls.* from inner_calls anti join outer_calls using (file_id, row_number)
"""
"""The calls that are another recorded call seen from outside or inside, with the reason."""
