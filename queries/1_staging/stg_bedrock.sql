-- grain: one row per record of the export, in file order
-- Bedrock invocations under the project's names; counts and times are still text.
with source as (
    select * from raw_bedrock
),

read as (
    select
        source.*,
        -- what follows the last slash of an ARN: a model, an inference profile or an opaque application profile
        regexp_replace("modelId", '^arn:.*/', '', 'g') as model_name,
        coalesce(input."inputTokenCount", reply.usage."inputTokens", reply.usage.input_tokens, stream_input_tokens)
            as tokens_in,
        coalesce(output."outputTokenCount", reply.usage."outputTokens", reply.usage.output_tokens, stream_output_tokens)
            as tokens_out,
        coalesce(try_cast(input."cacheReadInputTokenCount" as bigint), 0)
            + coalesce(try_cast(input."cacheWriteInputTokenCount" as bigint), 0) as cached,
        coalesce(reply."stopReason", reply.stop_reason, stream_stop_reason) as stop_reason
    from source
),

judged as (
    select
        read.*,
        "modelId" like '%:application-inference-profile/%' as is_opaque,
        coalesce(model_name like '%anthropic%' or stream_model like 'claude%' or reply.model like 'claude%', false)
            as is_anthropic,
        model_name like '%embed%' as is_embedding,
        coalesce(guardrail_action = 'INTERVENED' or stop_reason = 'guardrail_intervened', false)
            and coalesce(tokens_in, '0') = '0' and coalesce(tokens_out, '0') = '0' as is_blocked,
        try_cast(reply.usage."totalTokens" as bigint)
            - try_cast(tokens_in as bigint) - try_cast(tokens_out as bigint) as tokens_beside
    from read
),

renamed as (
    select
        coalesce("requestId", "modelId", "timestamp") is not null as is_record,
        case
            when "modelId" is null and input is null then 'not a model call: ' || coalesce(operation, 'other') || ' event'
        end as reject_hint,

        "requestId" as request_id,
        "timestamp" as start_time,
        cast(null as varchar) as end_time,
        cast(null as varchar) as first_chunk_time,
        coalesce(reply.metrics."latencyMs", stream_latency_ms) as duration_ms,
        stream_first_byte_ms as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        'aws' as provider_name,
        model_name as request_model,
        case when is_opaque then coalesce(stream_model, reply.model, model_name) else model_name end as response_model,
        case when is_embedding then 'embeddings' else 'chat' end as operation_name,
        cast(null as varchar[]) as tags,
        cast(null as varchar) as route,
        cast(null as varchar) as prompt_name,
        template_hash,
        cast(null as varchar) as url_path,
        cast(null as varchar) as metadata,

        tokens_in as usage_input_tokens,
        input."cacheReadInputTokenCount" as usage_cache_read_input_tokens,
        input."cacheWriteInputTokenCount" as usage_cache_creation_input_tokens,
        case when input."cacheWriteInputTokenCount" is not null then hour_write_tokens end as usage_cache_creation_1h_input_tokens,
        case when is_embedding then coalesce(tokens_out, '0') else tokens_out end as usage_output_tokens,
        cast(null as varchar) as usage_reasoning_output_tokens,
        cast(null as varchar) as usage_audio_input_tokens,
        cast(null as varchar) as usage_audio_output_tokens,
        image_count,
        -- a call that a guardrail stopped reached no model: it used nothing, and that is known
        not is_blocked
            and coalesce(tokens_in, '0') = '0'
            and coalesce(input."cacheReadInputTokenCount", '0') = '0'
            and coalesce(input."cacheWriteInputTokenCount", '0') = '0'
            and coalesce(tokens_out, '0') = '0' as is_usage_unknown,

        'default' as service_tier,
        operation in ('ConverseStream', 'InvokeModelWithResponseStream') as stream,
        cast(tool_count as varchar) as tool_count,
        'text' as output_type,
        message_count,
        prompt_hash,
        stop_reason as response_finish_reason,

        is_blocked or nullif("errorCode", '') is not null as is_failed,
        case when is_blocked then 'guardrail_intervened' else nullif("errorCode", '') end as error_type,
        cast(null as varchar) as http_response_status_code,
        arn as user_id,
        cast(null as varchar) as customer_id,
        "accountId" as team_id,
        cast(null as varchar) as project_id,
        cast(null as varchar) as api_key_id,
        cast(null as varchar) as conversation_id,
        cast(null as varchar) as trace_id,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as attempt,
        false as gateway_cache_hit,
        cast(null as varchar) as feedback_score,
        cast(null as varchar) as billed_cost,
        -- Anthropic's models count apart; of others the total tells, where there is one
        case
            when is_anthropic then true
            when cached > 0 and tokens_beside = cached then true
            when cached > 0 and tokens_beside = 0 then false
        end as input_excludes_cache,
        false as output_excludes_reasoning,
        case
            when is_blocked then 'blocked by a guardrail; no tokens'
            when cached > 0 and not is_anthropic and coalesce(tokens_beside not in (0, cached), true)
                then 'cached tokens of a model that is not Anthropic''s, and no total; part of the input where they fit'
        end as usage_note
    from judged
)

select * from renamed
