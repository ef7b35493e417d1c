-- grain: one row per record of the export, in file order
-- LangSmith runs under the project's names; counts and times are still text.
with source as (
    select * from raw_langsmith
),

renamed as (
    select
        id is not null or run_type is not null as is_record,
        -- every parent repeats the tokens of the model calls below it
        case when run_type <> 'llm' then 'not a model call: run of type ' || run_type end as reject_hint,

        id as request_id,
        start_time,
        end_time,
        first_token_time as first_chunk_time,
        cast(null as varchar) as duration_ms,
        cast(null as varchar) as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        provider as provider_name,
        coalesce(model_name, invoked_model) as request_model,
        served_model as response_model,
        'chat' as operation_name,
        tags,
        route,
        -- the run of a framework is called after its class; a traced function after what it does
        coalesce(
            prompt_name,
            case
                when not regexp_matches(
                    name,
                    '^(Azure|Chat|OpenAI|Anthropic|Bedrock|Vertex|Google|Gemini|Ollama|Mistral|Cohere|LLM$|llm$)'
                ) then name
            end
        ) as prompt_name,
        template_hash,
        cast(null as varchar) as url_path,
        kept_metadata as metadata,

        coalesce(prompt_tokens, usage_metadata.input_tokens) as usage_input_tokens,
        coalesce(
            prompt_token_details.cache_read, usage_metadata.input_token_details.cache_read
        ) as usage_cache_read_input_tokens,
        -- the parts by lifetime repeat cache_creation, or stand in its place
        coalesce(
            nullif(prompt_token_details.cache_creation, '0'),
            cast(
                try_cast(prompt_token_details.ephemeral_5m_input_tokens as bigint)
                + try_cast(prompt_token_details.ephemeral_1h_input_tokens as bigint) as varchar
            ),
            prompt_token_details.ephemeral_5m_input_tokens,
            prompt_token_details.ephemeral_1h_input_tokens,
            usage_metadata.input_token_details.cache_creation
        ) as usage_cache_creation_input_tokens,
        prompt_token_details.ephemeral_1h_input_tokens as usage_cache_creation_1h_input_tokens,
        coalesce(completion_tokens, usage_metadata.output_tokens) as usage_output_tokens,
        coalesce(
            completion_token_details.reasoning, usage_metadata.output_token_details.reasoning
        ) as usage_reasoning_output_tokens,
        coalesce(prompt_token_details.audio, usage_metadata.input_token_details.audio) as usage_audio_input_tokens,
        coalesce(
            completion_token_details.audio, usage_metadata.output_token_details.audio
        ) as usage_audio_output_tokens,
        image_count,
        coalesce(prompt_tokens, usage_metadata.input_tokens, '0') = '0'
            and coalesce(completion_tokens, usage_metadata.output_tokens, '0') = '0' as is_usage_unknown,

        coalesce(service_tier, 'default') as service_tier,
        first_token_time is not null or coalesce(lower(stream) = 'true', false) as stream,
        cast(tool_count as varchar) as tool_count,
        case when response_format in ('json_object', 'json_schema') then 'json' else 'text' end as output_type,
        message_count,
        prompt_hash,
        cast(null as varchar) as response_finish_reason,

        coalesce(has_error, false) or coalesce(status = 'error', false) as is_failed,
        error_type,
        cast(null as varchar) as http_response_status_code,
        user_id,
        customer_id,
        team_id,
        session_id as project_id,
        cast(null as varchar) as api_key_id,
        conversation_id,
        trace_id,
        parent_run_id as parent_id,
        cast(null as varchar) as attempt,
        false as gateway_cache_hit,
        score as feedback_score,
        -- a negative cost came from cached tokens subtracted of an input that did not hold them
        case when not starts_with(total_cost, '-') then total_cost end as billed_cost,
        case when lower(provider) in ('openai', 'azure', 'azure_openai') then false end as input_excludes_cache,
        false as output_excludes_reasoning,
        case
            when starts_with(total_cost, '-') then 'negative cost; not taken as billed'
            when regexp_matches(
                lower(coalesce(provider, '') || ' ' || coalesce(model_name, '')), 'anthropic|claude|bedrock'
            )
                and start_time < '2026-04'
                and regexp_matches(
                    coalesce(prompt_token_details.cache_read, '0')
                    || coalesce(prompt_token_details.cache_creation, '0'),
                    '[1-9]'
                )
                then 'cached tokens of Anthropic before April 2026: inside input where they fit, else beside it'
        end as usage_note
    from source
)

select * from renamed
