-- grain: file_id, row_number, contradiction
-- when: load
-- No record is loaded and rejected, or rejected and set aside, or set aside twice.
with located as (
    select
        rejects.file_id,
        rejects.record_number,
        unparsed_records.record_number is not null as is_no_row,
        sum(case when unparsed_records.record_number is not null then 1 else 0 end) over (
            partition by rejects.file_id
            order by rejects.record_number
        ) as no_row_count
    from rejects
    left join unparsed_records
        on rejects.file_id = unparsed_records.file_id
        and rejects.record_number = unparsed_records.record_number
),

-- records that became no row are not counted among the rows
rejected as (
    select
        file_id,
        record_number - no_row_count as row_number
    from located
    where not is_no_row
),

aside as (
    select
        file_id,
        row_number,
        count(*) as reason_count
    from set_aside
    group by
        file_id,
        row_number
),

contradictions as (
    select
        file_id,
        row_number,
        'set aside twice' as contradiction
    from aside
    where reason_count > 1
    union all
    select
        aside.file_id,
        aside.row_number,
        'set aside and rejected' as contradiction
    from aside
    inner join rejected on aside.file_id = rejected.file_id and aside.row_number = rejected.row_number
    union all
    select
        loaded_facts.file_id,
        loaded_facts.row_number,
        'loaded and rejected' as contradiction
    from loaded_facts
    inner join rejected on loaded_facts.file_id = rejected.file_id and loaded_facts.row_number = rejected.row_number
)

select
    file_id,
    row_number,
    contradiction
from contradictions
