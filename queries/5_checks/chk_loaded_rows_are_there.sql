-- grain: file_id
-- when: load
-- Every file has as many requests, keys of requests, or billed costs in the database as it reported loaded.
with present as (
    select
        file_id,
        count(*) as present_count
    from loaded_facts
    group by file_id
    union all
    select
        file_id,
        count(*) as present_count
    from loaded_costs
    group by file_id
    union all
    select
        file_id,
        count(*) as present_count
    from request_keys
    group by file_id
)

select
    files.file_id,
    files.path,
    files.loaded_count,
    coalesce(present.present_count, 0) as present_count
from files
left join present on files.file_id = present.file_id
where files.kept <> 'cells' and files.loaded_count <> coalesce(present.present_count, 0)
