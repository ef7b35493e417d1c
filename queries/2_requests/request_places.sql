-- grain: file_id, row_number
-- Where each request stands in its export: the ordinal of its record, which also counts what could not be parsed.
select
    loaded_facts.file_id,
    loaded_facts.row_number,
    loaded_facts.request_id,
    files.path,
    coalesce(
        min(retried_records.record_number),
        loaded_facts.row_number + count(unparsed_records.record_number)
    ) as record_number
from loaded_facts
inner join files on loaded_facts.file_id = files.file_id
left join unparsed_records
    on loaded_facts.file_id = unparsed_records.file_id
    and unparsed_records.row_number <= loaded_facts.row_number
left join retried_records
    on loaded_facts.file_id = retried_records.file_id
    and loaded_facts.row_number = retried_records.row_number
group by
    loaded_facts.file_id,
    loaded_facts.row_number,
    loaded_facts.request_id,
    files.path
