-- grain: file_id, row_number
-- The billed costs that count: every amount read, without rejects, duplicates and what a newer file replaced.
select billed_costs.*
from billed_costs
anti join set_aside
    on billed_costs.file_id = set_aside.file_id and billed_costs.row_number = set_aside.row_number
where billed_costs.reject_reason is null
