-- grain: file_id
-- when: load
-- Rejected records = those listed with their reason + those noted as too many to list + those that are no model calls.
with listed as (
    select
        file_id,
        count(*) as listed_count
    from rejects
    group by file_id
),

unlisted as (
    select
        file_id,
        sum(record_count) as unlisted_count
    from file_notes
    where note = 'rejected, and not listed after the first 1,000' or starts_with(note, 'rejected in the warehouse: ')
    group by file_id
),

no_calls as (
    select
        file_id,
        count(*) as not_call_count
    from rejected_records
    where is_expected
    group by file_id
    union all
    select
        file_id,
        sum(record_count) as not_call_count
    from not_calls
    group by file_id
)

select
    files.file_id,
    files.path,
    files.rejected_count,
    coalesce(listed.listed_count, 0) as listed_count,
    coalesce(unlisted.unlisted_count, 0) as unlisted_count,
    files.not_call_count,
    coalesce(no_calls.not_call_count, 0) as not_call_row_count
from files
left join listed on files.file_id = listed.file_id
left join unlisted on files.file_id = unlisted.file_id
left join no_calls on files.file_id = no_calls.file_id
where
    files.rejected_count <> coalesce(listed.listed_count, 0) + coalesce(unlisted.unlisted_count, 0)
        + files.not_call_count
    -- an unloaded file counts nothing, though its rows are still there
    or (files.read_count > 0 and files.not_call_count <> coalesce(no_calls.not_call_count, 0))
