-- grain: one row per record of the export, in file order
-- OpenRouter requests, generations and days under the project's names; counts and times are still text.
with source as (
    select * from raw_openrouter
),

read as (
    select
        source.*,
        "day" is not null as is_day,
        coalesce(billed_input, counted_input) as tokens_in,
        coalesce(billed_output, counted_output) as tokens_out,
        billed_input is null and counted_input is not null and coalesce(model not like 'openai/%', true) as is_normalised,
        coalesce(lower(own_key) = 'true', false) or coalesce(try_cast(own_key_cost as double) > 0, false) as is_own_key,
        -- a variant of its own price; the others only choose among providers
        case when variant in ('free', 'extended', 'thinking') and model not like '%:%' then model || ':' || variant
            else model end as served_model
    from source
),

renamed as (
    select
        coalesce(id, created, "day", model) is not null as is_record,
        case
            when is_day and coalesce(requests, '0') in ('0', '0.0') then 'an empty bucket: no request was made in it'
        end as reject_hint,

        id as request_id,
        coalesce("day", created) as start_time,
        case when is_day then cast(try_cast("day" as timestamp) + interval 1 day as varchar) end as end_time,
        cast(null as varchar) as first_chunk_time,
        duration as duration_ms,
        first_token as time_to_first_chunk_ms,
        case when is_day then 'bucket' else 'request' end as request_grain,
        requests as request_count,

        -- what OpenAI serves costs there what OpenAI charges; of others the catalogue knows OpenRouter's own prices
        case when lower(upstream) = 'openai' then 'openai' else 'openrouter' end as provider_name,
        requested_model as request_model,
        served_model as response_model,
        case when model like '%embedding%' or api like '%embedding%' then 'embeddings' else 'chat' end as operation_name,
        cast(null as varchar[]) as tags,
        app as route,
        cast(null as varchar) as prompt_name,
        cast(null as varchar) as template_hash,
        cast(null as varchar) as url_path,
        cast(null as varchar) as metadata,

        tokens_in as usage_input_tokens,
        cached as usage_cache_read_input_tokens,
        cast(null as varchar) as usage_cache_creation_input_tokens,
        cast(null as varchar) as usage_cache_creation_1h_input_tokens,
        tokens_out as usage_output_tokens,
        reasoning as usage_reasoning_output_tokens,
        cast(null as varchar) as usage_audio_input_tokens,
        cast(null as varchar) as usage_audio_output_tokens,
        images as image_count,
        not is_day and coalesce(tokens_in, '0') = '0' and coalesce(tokens_out, '0') = '0' as is_usage_unknown,

        coalesce(tier, 'default') as service_tier,
        lower(streamed) = 'true' as stream,
        cast(null as varchar) as tool_count,
        'text' as output_type,
        cast(null as varchar) as message_count,
        cast(null as varchar) as prompt_hash,
        case when lower(cancelled) = 'true' then 'cancelled' else finish_reason end as response_finish_reason,

        coalesce(finish_reason = 'error', false) as is_failed,
        case when finish_reason = 'error' then 'error' end as error_type,
        cast(null as varchar) as http_response_status_code,
        "user" as user_id,
        cast(null as varchar) as customer_id,
        cast(null as varchar) as team_id,
        app_id as project_id,
        key_name as api_key_id,
        cast(null as varchar) as conversation_id,
        cast(null as varchar) as trace_id,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as attempt,
        false as gateway_cache_hit,
        cast(null as varchar) as feedback_score,
        cost as billed_cost,
        -- cached tokens are a part of the input, but of its native count
        case when is_normalised then null else false end as input_excludes_cache,
        false as output_excludes_reasoning,
        nullif(concat_ws(
            '; ',
            case when is_own_key then 'paid with an own key: the billed cost is only OpenRouter''s fee' end,
            case when is_normalised then 'tokens as OpenRouter counts them for all models; this provider may bill others' end
        ), '') as usage_note
    from read
)

select * from renamed
