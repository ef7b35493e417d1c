-- grain: incumbent, candidate
-- All traffic that counts: requests, tokens and dollars of the window, how many requests the dollars leave out, and the list cost of a month, null where the window is too short to scale.
with traffic as (
    select
        cast(coalesce(sum(request_count), 0) as bigint) as request_count,
        cast(coalesce(sum(token_count), 0) as bigint) as token_count,
        cast(coalesce(sum(request_count) filter (where disposition = 'unpriced'), 0) as bigint) as unpriced_request_count,
        cast(coalesce(sum(request_count) filter (where disposition = 'unknown_usage'), 0) as bigint)
            as unknown_usage_request_count,
        case
            when
                count(*) filter (where disposition in ('eligible', 'gated', 'other_model')) > 0
                or count(list_cost) = count(*)
                then coalesce(sum(list_cost), 0)
        end as list_cost,
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
    traffic.unpriced_request_count,
    traffic.unknown_usage_request_count,
    traffic.list_cost,
    traffic.billed_cost,
    traffic.list_cost * report_question.windows_per_month as monthly_list_cost
from traffic
cross join report_question
