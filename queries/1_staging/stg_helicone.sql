-- grain: one row per record of the export, in file order
-- Helicone requests under the project's names; counts and times are still text.
with source as (
    select * from raw_helicone
),

read as (
    select
        source.*,
        coalesce(body_has_usage, false) and body_input_tokens is not null as has_body_usage,
        coalesce(prompt_cache_read_tokens, '0') not in ('0', '')
            or coalesce(prompt_cache_write_tokens, '0') not in ('0', '') as has_cached,
        coalesce(request_path, target_url) as path,
        coalesce(cost, cost_usd) as stated_cost,
        -- ClickHouse keeps whole nano-dollars, the API gives dollars: no request costs a dollar and 1,000 per million tokens
        regexp_matches(coalesce(cost, cost_usd), '^[0-9]+$')
            and try_cast(coalesce(cost, cost_usd) as double) > 1 + 0.001 * (
                coalesce(try_cast(prompt_tokens as double), 0)
                + coalesce(try_cast(completion_tokens as double), 0)
                + coalesce(try_cast(prompt_cache_read_tokens as double), 0)
                + coalesce(try_cast(prompt_cache_write_tokens as double), 0)
            ) as is_nano
    from source
),

renamed as (
    select
        coalesce(request_id, response_id, request_created_at) is not null as is_record,
        cast(null as varchar) as reject_hint,

        coalesce(nullif(request_id, ''), nullif(response_id, '')) as request_id,
        request_created_at as start_time,
        cast(null as varchar) as end_time,
        cast(null as varchar) as first_chunk_time,
        coalesce(nullif(delay_ms, ''), nullif(latency, '')) as duration_ms,
        nullif(time_to_first_token, '') as time_to_first_chunk_ms,
        'request' as request_grain,
        cast(null as varchar) as request_count,

        nullif(provider, '') as provider_name,
        coalesce(nullif(request_model, ''), body_request_model) as request_model,
        coalesce(nullif(response_model, ''), body_response_model, nullif(model, '')) as response_model,
        case
            when path like '%embedding%' or coalesce(request_model, model) like '%embedding%' then 'embeddings'
            when path like '%/responses%' or body_response_object = 'response' then 'responses'
            when path like '%/moderations%' then 'moderation'
            when path like '%/images/%' then 'image_generation'
            when path like '%/audio/%' then 'audio'
            else 'chat'
        end as operation_name,
        cast(null as varchar[]) as tags,
        coalesce(labelled_route, body_route) as route,
        coalesce(nullif(prompt_id, ''), labelled_prompt, body_prompt_name) as prompt_name,
        template_hash,
        path as url_path,
        kept_metadata as metadata,

        -- Helicone takes cached and audio tokens out of the prompt; the flag below adds the cached ones again
        case
            when has_body_usage then body_input_tokens
            when regexp_matches(prompt_tokens, '^[0-9]{1,18}$') and regexp_matches(prompt_audio_tokens, '^[0-9]{1,18}$')
                then cast(cast(prompt_tokens as bigint) + cast(prompt_audio_tokens as bigint) as varchar)
            else prompt_tokens
        end as usage_input_tokens,
        case
            when has_body_usage then coalesce(body_cached_tokens, body_cache_read_input_tokens)
            else nullif(prompt_cache_read_tokens, '')
        end as usage_cache_read_input_tokens,
        case
            when has_body_usage then coalesce(body_cache_write_tokens, body_cache_creation_input_tokens)
            else nullif(prompt_cache_write_tokens, '')
        end as usage_cache_creation_input_tokens,
        case when has_body_usage then body_hour_cache_write_tokens end as usage_cache_creation_1h_input_tokens,
        case
            when has_body_usage then coalesce(body_output_tokens, case when path like '%embedding%' then '0' end)
            when regexp_matches(completion_tokens, '^[0-9]{1,18}$')
                and regexp_matches(completion_audio_tokens, '^[0-9]{1,18}$')
                then cast(cast(completion_tokens as bigint) + cast(completion_audio_tokens as bigint) as varchar)
            else completion_tokens
        end as usage_output_tokens,
        body_reasoning_tokens as usage_reasoning_output_tokens,
        case when has_body_usage then body_audio_input_tokens else nullif(prompt_audio_tokens, '') end
            as usage_audio_input_tokens,
        case when has_body_usage then body_audio_output_tokens else nullif(completion_audio_tokens, '') end
            as usage_audio_output_tokens,
        image_count,
        not has_body_usage
            and coalesce(prompt_tokens, '0') = '0'
            and not has_cached
            and coalesce(completion_tokens, '0') = '0' as is_usage_unknown,

        coalesce(body_service_tier, 'default') as service_tier,
        lower(body_stream) = 'true' as stream,
        cast(body_tool_count as varchar) as tool_count,
        case when body_response_format in ('json_object', 'json_schema') then 'json' else 'text' end as output_type,
        message_count,
        prompt_hash,
        body_finish_reason as response_finish_reason,

        coalesce(body_has_error, false) as is_failed,
        body_response_error as error_type,
        -- below zero are Helicone's own: pending, cancelled
        case when regexp_matches(coalesce(response_status, status), '^[1-5][0-9][0-9]$')
            then coalesce(response_status, status) end as http_response_status_code,
        coalesce(nullif(request_user_id, ''), nullif(user_id, '')) as user_id,
        coalesce(labelled_customer, body_customer) as customer_id,
        coalesce(labelled_team, body_team) as team_id,
        cast(null as varchar) as project_id,
        cast(null as varchar) as api_key_id,
        coalesce(labelled_session, body_conversation) as conversation_id,
        cast(null as varchar) as trace_id,
        cast(null as varchar) as parent_id,
        cast(null as varchar) as attempt,
        -- the nil UUID stands for no hit
        coalesce(nullif(cache_reference_id, ''), '00000000-0000-0000-0000-000000000000')
            <> '00000000-0000-0000-0000-000000000000' as gateway_cache_hit,
        case lower(feedback_rating) when 'true' then '1' when 'false' then '0' end as feedback_score,
        case
            when is_nano then cast(cast(try_cast(stated_cost as decimal(28, 0)) as decimal(38, 9)) / 1000000000 as varchar)
            else stated_cost
        end as billed_cost,
        case
            when has_body_usage
                then body_cache_read_input_tokens is not null or body_cache_creation_input_tokens is not null
            -- bodies of the Responses API go through with the cached tokens inside
            when path like '%/responses%' then null
            else true
        end as input_excludes_cache,
        false as output_excludes_reasoning,
        nullif(concat_ws(
            '; ',
            case when is_without_cache_counts then 'no cached tokens in this CSV; input may be higher' end,
            case when has_cached and not has_body_usage and coalesce(path not like '%/responses%', true)
                then 'cached tokens read as beside the input, as Helicone counts now; rows of old versions include them' end,
            case when is_nano then 'cost is a whole number above any price; read as nano-dollars' end
        ), '') as usage_note
    from read
)

select * from renamed
