"""Calls that tracing recorded more than once: as a span inside a span, or as the parent that sums its children."""

from audit.warehouse import Warehouse


def set_aside_nested(warehouse: Warehouse, load_id: int) -> set[int]:
    """Set aside calls that were traced twice, one inside the other; return the earlier loads concerned.

    Two instrumentations trace one call as a span inside a span, also with spans of other kinds between them. The
    innermost call with known tokens counts; one without known tokens gives way to the call around it. A failed attempt
    counts beside the call that it belongs to; spans without a trace are looked at file by file.
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
        coalesce(facts.trace_id, 'file ' || facts.file_id) as trace, facts.request_id as span,
        nullif(facts.parent_id, facts.request_id) as parent,
        facts.reject_reason is null and aside.reason is null as is_call,
        is_call and facts.usage_known as is_known,
        facts.operation_name = 'embeddings' as is_embedding,
        is_call and (facts.usage_known or facts.is_failed) as is_told
    from request_facts as facts
    inner join files using (file_id)
    left join set_aside as aside
        on aside.file_id = facts.file_id and aside.row_number = facts.rowid - files.first_row + 1
    where facts.request_id is not null and facts.load_id <= {load_id}
        and coalesce(facts.trace_id, 'file ' || facts.file_id) in (
            select coalesce(trace_id, 'file ' || file_id) from request_facts where load_id = {load_id}
        )
        and aside.reason is distinct from 'unloaded'
),
around_told as (
    select trace, parent as span, is_known, is_embedding from spans where is_told and parent is not null
    union
    select spans.trace, spans.parent, around_told.is_known, around_told.is_embedding
    from around_told inner join spans using (trace, span)
    where spans.parent is not null
),
outer_calls as (
    select spans.*, 'repeats the calls inside of it' as reason
    from spans
    semi join around_told
        on spans.trace = around_told.trace and spans.span = around_told.span
        and spans.is_embedding = around_told.is_embedding
        and (around_told.is_known or not spans.is_known)
    where is_call
),
around_untold as (
    select file_id, row_number, is_embedding, trace, parent as span
    from spans where is_call and not is_told and parent is not null
    union
    select around_untold.file_id, around_untold.row_number, around_untold.is_embedding, spans.trace, spans.parent
    from around_untold inner join spans using (trace, span)
    where spans.parent is not null
),
inner_calls as (
    select spans.*, 'repeated by the call around it, which has its tokens' as reason
    from spans
    semi join (
        select around_untold.file_id, around_untold.row_number
        from around_untold inner join spans using (trace, span, is_embedding)
        where spans.is_told
    ) as inside using (file_id, row_number)
)
select * from outer_calls
union all
select inner_calls.* from inner_calls anti join outer_calls using (file_id, row_number)
"""
"""The calls that are another recorded call seen from outside or inside, with the reason."""
