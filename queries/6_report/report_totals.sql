-- grain: incumbent, candidate
-- All traffic that counts: requests, tokens and dollars of the window, and the list cost of a month, null where the window is too short to scale.
with traffic as (
    select
        cast(coalesce(sum(request_count), 0) as bigint) as request_count,
        cast(coalesce(sum(token_count), 0) as bigint) as token_count,
        coalesce(sum(list_cost), 0) as list_cost,
        case when sum(billed_cost_count) > 0 then sum(billed_cost) end as billed_cost
    from spend_by_disposition
)

select
    report_question.incumbent,
    report_question.candidate,
    report_question.window_start,
    report_question.window_end,
    report_question.window_days,
    report_question.windows_per_month,
    traffic.request_count,
    traffic.token_count,
    traffic.list_cost,
    traffic.billed_cost,
    traffic.list_cost * report_question.windows_per_month as monthly_list_cost
from traffic
cross join report_question
