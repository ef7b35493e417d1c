-- grain: file_id
-- when: load
-- Rows read = loaded + duplicate + rejected, in every file.
select
    file_id,
    path,
    read_count,
    loaded_count,
    duplicate_count,
    rejected_count
from files
where read_count <> loaded_count + duplicate_count + rejected_count
