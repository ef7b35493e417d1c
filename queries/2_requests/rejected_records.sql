-- grain: file_id, row_number
-- Records that were read and cannot be loaded, of requests and of costs, with the reason of each.
with found as (
    select
        request_facts.load_id,
        request_facts.file_id,
        request_facts.rowid - files.first_row + 1 as row_number,
        request_facts.reject_reason
    from request_facts
    inner join files on request_facts.file_id = files.file_id
    where request_facts.reject_reason is not null

    union all

    select
        files.load_id,
        billed_costs.file_id,
        billed_costs.row_number,
        billed_costs.reject_reason
    from billed_costs
    inner join files on billed_costs.file_id = files.file_id
    where billed_costs.reject_reason is not null
)

select
    found.*,
    -- never meant to be a request or a cost: the other spans of a trace, a day without spend
    starts_with(reject_reason, 'not a model call') or starts_with(reject_reason, 'not a cost') as is_expected
from found
