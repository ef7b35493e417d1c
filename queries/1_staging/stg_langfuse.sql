-- grain: one row per record of the export, in file order
-- Langfuse observations under the project's names; whether the parts of a usage are disjoint is decided by its own total.
with source as (
    select * from raw_langfuse
),

-- What stands beside the plain input and output, if the parts are disjoint.
summed as (
    select
        source.*,
        type in ('GENERATION', 'EMBEDDING') as is_call,
        part_cached + part_written + part_written_span + part_input_audio + part_input_other as input_parts,
        part_reasoning + part_output_audio + part_output_other as output_parts,
        -- an embedding has no output
        coalesce(part_output, case when type = 'EMBEDDING' then 0 end) as plain_output,
        -- writes for 5 minutes and 1 hour beside their sum
        part_written > 0 and part_written_span > 0 and (
            part_written = part_written_span or part_total <> part_input + part_cached + part_written
                + part_written_span + part_input_audio + part_input_other + part_output
        ) as may_hold_spans
    from source
),

spanned as (
    select
        summed.*,
        may_hold_spans and coalesce(
            part_total <> part_input + input_parts + plain_output + output_parts, true
        ) as holds_spans
    from summed
),

counted as (
    select
        spanned.*,
        part_input + input_parts - case when holds_spans then part_written_span else 0 end as whole_input,
        plain_output + output_parts as whole_output
    from spanned
),

-- Where the total is stated, it tells which of the parts it was made of; Langfuse itself means all of them.
matched as (
    select
        counted.*,
        case
            when part_total is null or part_total = whole_input + whole_output then 'disjoint'
            when part_total = part_input + plain_output then 'inside'
            when part_total = part_input + whole_output then 'input inside'
            when part_total = whole_input + plain_output then 'output inside'
            when lower(model) like '%gemini%' and part_reasoning = 0 and part_total > whole_input + whole_output
                then 'hidden beside'
            when lower(model) like '%gemini%' and part_reasoning = 0 and part_total > part_input + whole_output
                then 'hidden'
            else 'unknown'
        end as convention
    from counted
),

decided as (
    select
        matched.*,
        convention in ('disjoint', 'output inside', 'hidden beside') as is_input_beside,
        convention in ('disjoint', 'input inside', 'hidden', 'hidden beside')
            or (convention <> 'unknown' and part_reasoning > plain_output) as is_output_beside,
        case
            when convention = 'hidden beside' then part_total - whole_input - whole_output
            when convention = 'hidden' then part_total - part_input - whole_output
            else part_reasoning
        end as reasoning_tokens,
        coalesce(upper(unit), 'TOKENS') <> 'TOKENS' as is_other_unit,
        odd_count is null and (part_input is null or plain_output is null) as is_one_sided
    from matched
),

renamed as (
    select
        id is not null or trace_id is not null or start_time is not null as is_record,
        case
            when is_call then null
            when type is null then 'type is missing'
            else 'not a model call: ' || upper(substr(type, 1, 20))
        end as reject_hint,

        id as request_id,
        start_time,
        end_time,
        first_chunk_time,
        case when end_time is null then stated_ms end as duration_ms,
        first_chunk_ms as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        cast(null as varchar) as provider_name,
        -- Vertex and Gemini give the path of a resource: projects/p/locations/l/publishers/google/models/gemini-2.5-pro
        case
            when model like '%/models/%' then split_part(model, '/models/', 2)
            when model like 'models/%' then substr(model, 8)
            else model
        end as request_model,
        cast(null as varchar) as response_model,
        case when type = 'EMBEDDING' then 'embeddings' else 'chat' end as operation_name,
        tags,
        -- a name that the instrumentation gives to every call says less than the name of the trace
        case
            when prompt_name is not null then null
            when regexp_matches(trace_name, '[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{16}') then coalesce(name, trace_name)
            when lower(name) in (
                'openai-generation', 'openai.chat', 'openai.complete', 'chatopenai', 'azurechatopenai', 'chatanthropic',
                'chat', 'completion', 'generation', 'generate_content', 'generatecontent', 'response', 'llm',
                'litellm-acompletion', 'litellm-completion', 'ai.generatetext.dogenerate', 'ai.streamtext.dostream',
                'ai.generateobject.dogenerate', 'ai.streamobject.dostream'
            ) or (lower(name) like 'chat %' and starts_with(lower(model), substr(lower(name), 6)))
                then coalesce(trace_name, name)
            else coalesce(name, trace_name)
        end as route,
        prompt_name || coalesce(' v' || prompt_version, '') as prompt_name,
        template_hash,
        cast(null as varchar) as url_path,
        kept_metadata as metadata,

        -- cached, written and reasoning tokens are added by the two conventions below, audio and the rest here
        coalesce(odd_count, cast(
            case when is_input_beside then part_input + part_input_audio + part_input_other else part_input end as varchar
        )) as usage_input_tokens,
        cast(
            case when is_input_beside then part_cached else part_cached_most end as varchar
        ) as usage_cache_read_input_tokens,
        cast(
            case
                when holds_spans or (not is_input_beside and part_written > 0) then part_written
                else part_written + part_written_span
            end as varchar
        ) as usage_cache_creation_input_tokens,
        cast(
            case
                when part_written > 0 and (holds_spans or not is_input_beside) then least(part_written, part_written_hour)
                else part_written_hour
            end as varchar
        ) as usage_cache_creation_1h_input_tokens,
        cast(
            case
                when is_output_beside then plain_output + part_output_audio + part_output_other
                else plain_output
            end as varchar
        ) as usage_output_tokens,
        cast(reasoning_tokens as varchar) as usage_reasoning_output_tokens,
        cast(part_input_audio as varchar) as usage_audio_input_tokens,
        cast(part_output_audio as varchar) as usage_audio_output_tokens,
        image_count,
        -- Langfuse writes zeros where the instrumentation gave it no usage
        odd_count is null
            and (coalesce(part_input, 0) + input_parts + coalesce(plain_output, 0) = 0 or convention = 'unknown' or is_other_unit or is_one_sided)
            as is_usage_unknown,

        coalesce(service_tier, 'default') as service_tier,
        coalesce(lower(stream) = 'true', first_chunk_time is not null or null) as stream,
        cast(coalesce(tool_count, call_count) as varchar) as tool_count,
        case
            when contains(coalesce(response_format, ''), 'json')
                or contains(coalesce(text_format, ''), 'json_') or response_mime_type = 'application/json'
                then 'json'
            else 'text'
        end as output_type,
        message_count,
        prompt_hash,
        cast(null as varchar) as response_finish_reason,

        level = 'ERROR' as is_failed,
        error_type,
        cast(null as varchar) as http_response_status_code,
        user_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as team_id,
        project_id,
        cast(null as varchar) as api_key_id,
        session_id as conversation_id,
        trace_id,
        parent_id,
        cast(null as varchar) as attempt,
        cast(null as boolean) as gateway_cache_hit,
        feedback_score,
        -- a cost of 0 is what Langfuse gives a model without a price
        case when try_cast(total_cost as double) > 0 then total_cost end as billed_cost,
        -- inside is what the total says, but some totals leave cached tokens out
        case when is_input_beside then true end as input_excludes_cache,
        is_output_beside as output_excludes_reasoning,
        case
            when is_other_unit then 'usage in another unit than tokens; unknown'
            when odd_count is null and is_one_sided and coalesce(part_input, plain_output, part_total) > 0
                then 'usage without input or without output; unknown'
            when convention = 'unknown' then 'parts and total of the usage disagree; unknown'
            when convention in ('hidden', 'hidden beside')
                then 'hidden tokens between parts and total; counted as reasoning'
            when convention <> 'disjoint' and part_reasoning > plain_output
                then 'reasoning tokens exceed output; counted beside it'
            when has_unknown_part then 'usage names units that are not known here; left out'
            when part_total is null and input_parts + output_parts > 0
                then 'usage without a total; its parts taken as disjoint'
            when is_input_beside and input_parts > 0
                and part_cached + part_written + part_written_span between 1 and part_input
                then 'cached tokens beside input; some instrumentations count them in both'
            when is_call and end_time is null and has_latency and stated_ms is null
                then 'latency in a unit that the file does not show; left out'
        end as usage_note
    from decided
)

select * from renamed
