-- grain: source_format, customer_id
-- Conversations of each customer, and how many of its billed requests name one: a session is a conversation.
select
    source_format,
    coalesce(customer_id, '') as customer_id,
    count(distinct conversation_id) as conversation_count,
    cast(coalesce(sum(request_count) filter (where conversation_id <> ''), 0) as bigint) as conversation_request_count,
    cast(sum(request_count) as bigint) as request_count
from requests
where outcome = 'billed'
group by
    source_format,
    coalesce(customer_id, '')
