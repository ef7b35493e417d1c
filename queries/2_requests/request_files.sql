-- grain: file_id
-- The files that hold requests: all but those of billed costs, which are no traffic.
select *
from files
where target = 'request_facts'
