-- grain: one row per record of the export, in file order
-- Spans of OpenTelemetry and its relatives under the project's names; counts and times are still text.
with source as (
    select * from raw_spans
),

-- Three conventions say what a span is: OpenInference by its kind, OpenTelemetry by its operation, the Vercel AI SDK by
-- a name whose inner half (.doGenerate, .doStream, .doEmbed) is the call and whose outer half repeats it.
kinded as (
    select
        source.*,
        upper(nullif(coalesce(openinference_kind, span_kind), 'UNKNOWN')) as kind,
        lower(operation) as operation_kind,
        coalesce(sdk_operation, case when starts_with(span_name, 'ai.') then split_part(span_name, ' ', 1) end)
            as sdk_kind,
        coalesce(request_model, parameters.model) as asked_model,
        -- the Vercel AI SDK names the provider with the API: openai.responses, anthropic.messages
        regexp_replace(
            lower(provider_name), '[.](responses|chat|completion|messages|embedding|image|generative-ai)$', '', 'g'
        ) as provider,
        try_cast(usage_input_tokens as double) as input_figure,
        coalesce(try_cast(usage_cache_read_input_tokens as double), 0)
            + coalesce(try_cast(usage_cache_creation_input_tokens as double), 0) as cached_figure,
        coalesce(try_cast(usage_reasoning_output_tokens as double), 0) as reasoning_figure,
        try_cast(total_tokens as double) - try_cast(usage_input_tokens as double)
            - try_cast(usage_output_tokens as double) as rest_of_total
    from source
),

judged as (
    select
        kinded.*,
        case
            when no_span is not null then no_span
            when sdk_kind is not null and contains(sdk_kind, '.do') then null
            when sdk_kind is not null then sdk_kind
            when kind in ('LLM', 'EMBEDDING') then null
            when kind is not null then kind
            when operation_kind in (
                'chat', 'completion', 'text_completion', 'generate_content', 'generate', 'responses', 'message',
                'messages', 'embedding', 'embeddings', 'image_generation'
            ) then null
            when operation_kind is not null then operation_kind
            when workflow_kind is not null then workflow_kind
            when asked_model is not null or response_model is not null then null
            else 'span'
        end as other_kind,
        coalesce(kind = 'EMBEDDING' or contains(operation_kind, 'embed') or contains(lower(sdk_kind), 'embed'), false)
            as is_embedding,
        upper(coalesce(status_code, '')) in ('2', 'ERROR', 'STATUS_CODE_ERROR', 'STATUSCODE.ERROR') as has_failed,
        contains(coalesce(provider, ''), 'anthropic') or contains(coalesce(provider, ''), 'bedrock')
            or contains(lower(coalesce(response_model, asked_model, '')), 'claude') as may_count_cache_apart
    from kinded
),

renamed as (
    select
        is_record,
        'not a model call: ' || substr(other_kind, 1, 40) as reject_hint,

        span_id as request_id,
        start_time,
        end_time,
        first_chunk_time,
        cast(null as varchar) as duration_ms,
        coalesce(
            time_to_first_chunk_ms, cast(try_cast(time_to_first_chunk_s as double) * 1000 as varchar)
        ) as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        provider as provider_name,
        asked_model as request_model,
        response_model,
        case
            when is_embedding then 'embeddings'
            when operation_kind in ('completion', 'text_completion') then 'text_completion'
            when operation_kind = 'image_generation' then 'image_generation'
            else 'chat'
        end as operation_name,
        tags,
        coalesce(route, labelled_route) as route,
        prompt_name,
        template_hash,
        cast(null as varchar) as url_path,
        kept_metadata as metadata,

        usage_input_tokens,
        usage_cache_read_input_tokens,
        usage_cache_creation_input_tokens,
        cast(null as varchar) as usage_cache_creation_1h_input_tokens,
        case
            when is_embedding and usage_input_tokens is not null then coalesce(usage_output_tokens, '0')
            else usage_output_tokens
        end as usage_output_tokens,
        usage_reasoning_output_tokens,
        usage_audio_input_tokens,
        usage_audio_output_tokens,
        image_count,
        -- some instrumentations count from zero, and a stream that never tells its usage stays there
        coalesce(usage_input_tokens, '0') = '0'
            and coalesce(usage_cache_read_input_tokens, '0') = '0'
            and coalesce(usage_cache_creation_input_tokens, '0') = '0'
            and coalesce(usage_output_tokens, '0') = '0' as is_usage_unknown,

        coalesce(
            service_tier,
            case when provider_metadata is not null then json_extract_string(provider_metadata, '$.openai.serviceTier') end,
            parameters.service_tier
        ) as service_tier,
        coalesce(
            lower(coalesce(stream, parameters.stream)) = 'true',
            case when contains(sdk_kind, '.do') then contains(sdk_kind, '.doStream') end,
            case when first_chunk_time is not null then true end
        ) as stream,
        tool_count,
        case
            when response_format in ('json', 'json_object', 'json_schema')
                or parameters.response_format.type in ('json_object', 'json_schema')
                or response_schema is not null
                or contains(sdk_kind, 'Object.do')
                then 'json'
            else 'text'
        end as output_type,
        message_count,
        prompt_hash,
        case
            when starts_with(response_finish_reason, '{')
                then json_extract_string(response_finish_reason, '$.values[0].stringValue')
            when starts_with(response_finish_reason, '[') then json_extract_string(response_finish_reason, '$[0]')
            else response_finish_reason
        end as response_finish_reason,

        has_failed as is_failed,
        -- openai.RateLimitError and RateLimitError are one class
        regexp_replace(coalesce(error_type, exception_type), '^.*[.]', '', 'g') as error_type,
        coalesce(
            http_response_status_code, case when regexp_matches(error_type, '^[45][0-9][0-9]$') then error_type end
        ) as http_response_status_code,
        user_id,
        customer_id,
        cast(null as varchar) as team_id,
        -- what the SDK writes where nobody named the service
        case when not starts_with(service_name, 'unknown_service') then service_name end as project_id,
        cast(null as varchar) as api_key_id,
        conversation_id,
        trace_id,
        parent_id,
        cast(null as varchar) as attempt,
        false as gateway_cache_hit,
        feedback_score,
        billed_cost,
        -- what a total adds to input and output tells which parts stand beside them
        case
            when cached_figure = 0 or cached_figure > input_figure then null
            when rest_of_total = cached_figure or rest_of_total = cached_figure + reasoning_figure then true
            when rest_of_total = 0 then false
        end as input_excludes_cache,
        coalesce(
            reasoning_figure > 0
            and (rest_of_total = reasoning_figure or rest_of_total = cached_figure + reasoning_figure),
            false
        ) as output_excludes_reasoning,
        case
            when may_count_cache_apart and cached_figure > 0 and cached_figure <= input_figure
                and (rest_of_total is null or rest_of_total not in (0, cached_figure, cached_figure + reasoning_figure))
                then 'input taken to include cached tokens; instrumentations of this provider differ'
        end as usage_note
    from judged
)

select * from renamed
