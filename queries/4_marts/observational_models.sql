-- grain: workload_id, model
-- What the log shows of both models on the questions of one workload, whatever the answers' length: counts and sums, an observation and no experiment.
with served as (
    select distinct
        traffic_cells.endpoint,
        traffic_cells.model
    from traffic_cells
    inner join report_sources on traffic_cells.source_format = report_sources.source_format
    where traffic_cells.request_grain = 'request'
),

models as (
    select distinct
        incumbent_model,
        candidate_model
    from report_pairs
    where incumbent_model <> candidate_model
),

-- Endpoints on which the log has both models, once for each of the two.
compared as (
    select
        incumbent.endpoint,
        incumbent.model as incumbent_model,
        incumbent.model
    from served as incumbent
    inner join models on incumbent.model = models.incumbent_model
    inner join served as candidate
        on incumbent.endpoint = candidate.endpoint
        and models.candidate_model = candidate.model
    union
    select
        incumbent.endpoint,
        incumbent.model as incumbent_model,
        candidate.model
    from served as incumbent
    inner join models on incumbent.model = models.incumbent_model
    inner join served as candidate
        on incumbent.endpoint = candidate.endpoint
        and models.candidate_model = candidate.model
),

-- The same prompt on the same endpoint again within ten minutes: somebody was not served by this answer.
calls as (
    select
        requests.*,
        case
            when requests.prompt_hash <> ''
                then coalesce(
                    lead(requests.start_time) over (
                        partition by requests.endpoint, requests.prompt_hash
                        order by requests.start_time, requests.file_id, requests.row_number
                    ) <= requests.start_time + interval 10 minute,
                    false
                )
            when requests.attempt is not null then requests.attempt > 1
        end as is_retried,
        coalesce(requests.operation_name = 'embeddings', false) as is_embedding
    from requests
    inner join report_sources on requests.source_format = report_sources.source_format
    where requests.request_grain = 'request'
        and requests.outcome in ('billed', 'failed')
        and requests.endpoint in (select compared.endpoint from compared)
        and requests.model in (select compared.model from compared)
),

segments as (
    select distinct
        endpoint,
        model,
        is_embedding,
        has_tools,
        is_json,
        is_default_segment
    from workload_rules
),

asked as (
    select
        calls.*,
        compared.incumbent_model,
        coalesce(own.is_embedding, fallback.is_embedding) as rule_is_embedding,
        coalesce(own.has_tools, fallback.has_tools) as rule_has_tools,
        coalesce(own.is_json, fallback.is_json) as rule_is_json
    from calls
    inner join compared
        on calls.endpoint = compared.endpoint
        and calls.model = compared.model
    left join segments as own
        on calls.endpoint = own.endpoint
        and compared.incumbent_model = own.model
        and calls.is_embedding = own.is_embedding
        and calls.has_tools = own.has_tools
        and calls.is_json = own.is_json
    left join segments as fallback
        on calls.endpoint = fallback.endpoint
        and compared.incumbent_model = fallback.model
        and fallback.is_default_segment
)

select
    workload_rules.workload_id,
    asked.model,
    count(*) as request_count,
    count(*) filter (where asked.outcome = 'failed') as failed_count,
    count(asked.response_finish_reason) filter (where asked.outcome = 'billed') as finish_count,
    count(*) filter (
        where asked.outcome = 'billed'
        and lower(asked.response_finish_reason) in ('length', 'max_tokens', 'max_output_tokens', 'model_length')
    ) as truncated_count,
    count(asked.is_retried) as retry_known_count,
    count(*) filter (where asked.is_retried) as retried_count,
    count(asked.feedback_score) as feedback_count,
    coalesce(sum(asked.feedback_score), 0) as feedback_sum,
    coalesce(sum(asked.feedback_score * asked.feedback_score), 0) as feedback_square_sum,
    count(asked.usage_output_tokens) filter (where asked.outcome = 'billed') as output_count,
    coalesce(sum(cast(asked.usage_output_tokens as double)) filter (where asked.outcome = 'billed'), 0) as output_sum,
    coalesce(
        sum(cast(asked.usage_output_tokens as double) * asked.usage_output_tokens) filter (where asked.outcome = 'billed'), 0
    ) as output_square_sum,
    count(asked.duration_ms) filter (where asked.outcome = 'billed') as duration_count,
    coalesce(sum(cast(asked.duration_ms as double)) filter (where asked.outcome = 'billed'), 0) as duration_sum,
    coalesce(
        sum(cast(asked.duration_ms as double) * asked.duration_ms) filter (where asked.outcome = 'billed'), 0
    ) as duration_square_sum,
    count(asked.time_to_first_chunk_ms) filter (where asked.outcome = 'billed') as first_chunk_count,
    coalesce(
        sum(cast(asked.time_to_first_chunk_ms as double)) filter (where asked.outcome = 'billed'), 0
    ) as first_chunk_sum,
    coalesce(
        sum(cast(asked.time_to_first_chunk_ms as double) * asked.time_to_first_chunk_ms)
        filter (where asked.outcome = 'billed'),
        0
    ) as first_chunk_square_sum
from asked
inner join workload_rules
    on asked.endpoint = workload_rules.endpoint
    and asked.incumbent_model = workload_rules.model
    and asked.rule_is_embedding = workload_rules.is_embedding
    and asked.rule_has_tools = workload_rules.has_tools
    and asked.rule_is_json = workload_rules.is_json
    -- a failed request has no length, so it is one of every workload it could have been of
    and (
        asked.outcome = 'failed'
        or (
            (workload_rules.input_bin_low is null or asked.input_bin >= workload_rules.input_bin_low)
            and (workload_rules.input_bin_high is null or asked.input_bin < workload_rules.input_bin_high)
        )
    )
group by
    workload_rules.workload_id,
    asked.model
