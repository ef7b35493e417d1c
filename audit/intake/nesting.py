"""Calls that tracing recorded more than once: as a span inside a span, or as the parent that sums its children."""

from audit.warehouse import Warehouse

CIRCLE = "repeats another call of its circle: they name each other as parents"


def set_aside_nested(warehouse: Warehouse, load_id: int) -> set[int]:
    """Set aside calls that were traced twice, one inside the other; return the earlier loads concerned.

    Two instrumentations trace one call as a span inside a span, also with spans of other kinds between them. The
    innermost call with known tokens counts; one without known tokens gives way to the call around it. A failed attempt
    counts beside the call that it belongs to; spans without a trace are looked at file by file. Of calls that name each
    other as parents, which no instrumentation means to, the fullest counts.
    """
    if not warehouse.rows("select 1 from request_facts where parent_id is not null limit 1"):
        return set()
    warehouse.execute(SPANS.format(load_id=load_id))
    warehouse.execute(NESTED)
    warehouse.execute(CIRCLES)
    if warehouse.count("select count(*) from span_circles"):
        # Without the link from the call inside of it, the fullest call of a circle is the innermost one.
        warehouse.execute(
            """
            update traced_spans set parent = null
            from (select distinct trace, circle, fullest from span_circles) as circles
            where traced_spans.trace = circles.trace and traced_spans.parent = circles.fullest
                and list_contains(circle, traced_spans.span)
            """
        )
        warehouse.execute(NESTED)
        warehouse.execute(
            "update nested set reason = ? from span_circles "
            "where nested.file_id = span_circles.file_id and nested.row_number = span_circles.row_number",
            [CIRCLE],
        )
    warehouse.execute("insert into set_aside select file_id, row_number, reason from nested")
    earlier = warehouse.rows("select distinct load_id from nested where load_id <> ?", [load_id])
    return {int(str(load)) for (load,) in earlier}


SPANS = """
create or replace temp table traced_spans as
select facts.load_id, facts.file_id, facts.rowid - files.first_row + 1 as row_number,
    coalesce(facts.trace_id, 'file ' || facts.file_id) as trace, facts.request_id as span,
    nullif(facts.parent_id, facts.request_id) as parent,
    facts.reject_reason is null and aside.reason is null as is_call,
    is_call and facts.usage_known as is_known,
    facts.operation_name = 'embeddings' as is_embedding,
    is_call and (facts.usage_known or facts.is_failed) as is_told,
    coalesce(facts.usage_input_tokens, 0) + coalesce(facts.usage_output_tokens, 0) as tokens
from request_facts as facts
inner join files using (file_id)
left join set_aside as aside
    on aside.file_id = facts.file_id and aside.row_number = facts.rowid - files.first_row + 1
where facts.request_id is not null and facts.load_id <= {load_id}
    and coalesce(facts.trace_id, 'file ' || facts.file_id) in (
        select coalesce(trace_id, 'file ' || file_id) from request_facts where load_id = {load_id}
    )
    and aside.reason is distinct from 'unloaded'
"""
NESTED = """
create or replace temp table nested as
with recursive spans as (
    select * from traced_spans
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
CIRCLES = """
create or replace temp table span_circles as
with recursive upwards as (
    select trace, span as origin, parent as span from nested where parent is not null
    union
    select upwards.trace, upwards.origin, spans.parent
    from upwards inner join traced_spans as spans using (trace, span)
    where spans.parent is not null
),
members as (
    select upwards.trace, upwards.origin, list_sort(list(distinct upwards.span)) as circle
    from upwards semi join (select trace, origin from upwards where span = origin) as closed using (trace, origin)
    group by upwards.trace, upwards.origin
)
select spans.trace, spans.file_id, spans.row_number, members.circle,
    first_value(spans.span) over (
        partition by spans.trace, members.circle order by is_known desc, tokens desc, spans.load_id, file_id, row_number
    ) as fullest
from members inner join traced_spans as spans on spans.trace = members.trace and spans.span = members.origin
where is_call
"""
"""The calls that are among their own parents, with the one of their circle that has known tokens and most of them."""
