"""Calls that a log writes down several times while they grow: only the fullest record of each counts.

Claude Code writes a reply block by block, Codex repeats its counters. Which record is the last is known only when all
are: a session file that is loaded again, longer, can replace a record of an earlier load.
"""

from audit.warehouse import Warehouse

GROWING = ("claude_code", "codex")
"""Formats whose records with the same request id are states of the same call."""


def set_aside_unfinished(warehouse: Warehouse, load_id: int) -> set[int]:
    """Set aside all but the fullest record of each call; return the earlier loads concerned.

    Of equally full records the first counts, so that loading a file again changes nothing.
    """
    formats = ", ".join(f"'{name}'" for name in GROWING)
    # A retry adds rows under the files of earlier loads: the rows are asked, not the files.
    if not warehouse.rows(
        f"select 1 from request_facts where load_id = ? and source_format in ({formats}) limit 1", [load_id]
    ):
        return set()
    warehouse.execute(UNFINISHED.format(load_id=load_id, formats=formats))
    warehouse.execute("insert into set_aside select file_id, row_number, reason from unfinished")
    earlier = warehouse.rows("select distinct load_id from unfinished where load_id <> ?", [load_id])
    return {int(str(load)) for (load,) in earlier}


UNFINISHED = """
create or replace temp table unfinished as
with concerned as (
    select facts.source_format, facts.request_id, facts.request_key, facts.load_id, facts.file_id,
        facts.usage_known, facts.usage_input_tokens, facts.usage_output_tokens, facts.rowid as position,
        facts.rowid - files.first_row + 1 as row_number
    from request_facts as facts
    inner join files using (file_id)
    where facts.source_format in ({formats}) and facts.reject_reason is null and facts.load_id <= {load_id}
        and facts.request_id in (
            select request_id from request_facts
            where load_id = {load_id} and source_format in ({formats}) and reject_reason is null
        )
),
ranked as (
    select load_id, file_id, row_number, request_key,
        row_number() over fullest as place, first_value(request_key) over fullest as kept_key
    from concerned
    where not exists (
        select 1 from set_aside
        where set_aside.file_id = concerned.file_id and set_aside.row_number = concerned.row_number
    )
    window fullest as (
        partition by source_format, request_id
        order by usage_known desc, usage_output_tokens desc nulls last, usage_input_tokens desc nulls last,
            load_id, position
    )
)
select load_id, file_id, row_number,
    case when request_key = kept_key then 'duplicate' else 'repeats a call that a fuller record states' end as reason
from ranked
where place > 1
"""
