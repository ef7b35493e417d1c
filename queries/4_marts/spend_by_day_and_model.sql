-- grain: usage_date, model
-- Requests and list cost per day and model, and how many requests the cost leaves out: the report's chart of days.
select
    usage_date,
    model,
    cast(sum(request_count) as bigint) as request_count,
    cast(sum(unpriced_request_count) as bigint) as unpriced_request_count,
    cast(sum(unknown_usage_request_count) as bigint) as unknown_usage_request_count,
    case
        when sum(billed_request_count) > sum(unpriced_request_count) or count(list_cost) = count(*) then sum(list_cost)
    end as list_cost
from spend_by_day
group by
    usage_date,
    model
