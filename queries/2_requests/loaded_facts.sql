-- grain: file_id, row_number
-- The facts that count: every record read, without rejects, duplicates and what a newer file replaced.
with placed as (
    select
        request_facts.* exclude (rowid),
        request_facts.rowid - files.first_row + 1 as row_number
    from request_facts
    inner join files on request_facts.file_id = files.file_id
    where request_facts.reject_reason is null
)

select placed.*
from placed
anti join set_aside on placed.file_id = set_aside.file_id and placed.row_number = set_aside.row_number
