-- grain: file_id, row_number
-- Every loaded request or bucket with its endpoint, model, outcome, classes of tokens and token bins resolved.
with facts as (
    select * from loaded_facts
),

-- The endpoint is what the user's rule names, else the first thing that a rule-based router could see.
-- LiteLLM appends the caller's User-Agent and its deployment's `default` to the tags: never an endpoint. Its tag
-- endpoint:NAME is what `audit policy` tells callers to send, so it comes before other tags of theirs.
sighted as (
    select
        facts.*,
        case
            when rule.field = 'tag'
                then list_filter(facts.tags, lambda tag: starts_with(tag, rule.key_text))[1]
            when rule.field = 'route' then facts.route
            when rule.field = 'prompt_name' then facts.prompt_name
            when rule.field = 'metadata' then facts.metadata ->> rule.key_text
        end as ruled_endpoint,
        starts_with(facts.source_format, 'litellm') as is_litellm,
        list_filter(
            facts.tags, lambda tag: not starts_with(tag, 'User-Agent:') and tag not in ('', 'endpoint:')
        ) as application_tags
    from facts
    left join endpoint_rule as rule on true
),

tagged as (
    select
        sighted.* exclude (application_tags),
        case
            when is_litellm then coalesce(
                list_filter(application_tags, lambda tag: starts_with(tag, 'endpoint:'))[1],
                list_filter(application_tags, lambda tag: tag <> 'default')[1]
            )
            else application_tags[1]
        end as application_tag
    from sighted
),

named as (
    select
        tagged.*,
        case
            when ruled_endpoint <> '' then 'rule'
            when route <> '' then 'route'
            when prompt_name <> '' then 'prompt_name'
            when application_tag <> '' then 'tag'
            when template_hash <> '' then 'template'
            when url_path <> '' or project_id <> '' or api_key_id <> '' then 'path_and_key'
            else 'operation_and_model'
        end as endpoint_source,
        coalesce(
            nullif(ruled_endpoint, ''),
            -- ids in a route would make an endpoint of every customer
            nullif(regexp_replace(
                route, '/([0-9]+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[0-9a-fA-F]{16,})\b', '/{id}', 'g'
            ), ''),
            nullif(prompt_name, ''),
            nullif(application_tag, ''),
            'template ' || nullif(template_hash, ''),
            nullif(concat_ws(' ', nullif(url_path, ''), coalesce(nullif(project_id, ''), nullif(api_key_id, ''))), ''),
            operation_name || ' ' || coalesce(response_model, request_model, '(no model)')
        ) as named_text
    from tagged
),

-- The label of a rule is endpoint:NAME or endpoint:NAME#r-0123abcd, percent-encoded for a header. What is no encoding
-- of a text is kept as it is; a plus stands for itself, which Spark would take for a space.
labelled as (
    select
        named.* exclude (named_text, is_litellm),
        case
            when starts_with(named_text, 'endpoint:')
                and (endpoint_source = 'rule' or (endpoint_source = 'tag' and is_litellm))
            then coalesce(
                nullif(try(url_decode(replace(
                    regexp_replace(substr(named_text, 10), '#r-[0-9a-f]{8}$', '', 'g'), '+', '%2B'
                ))), ''),
                named_text
            )
            else named_text
        end as endpoint_text
    from named
),

resolved as (
    select
        labelled.* exclude (ruled_endpoint, application_tag, endpoint_text, provider_name),
        coalesce(endpoint_names.endpoint, labelled.endpoint_text) as endpoint,
        coalesce(resolution.pricing_provider, labelled.provider_name, '') as provider_name,
        coalesce(resolution.model, lower(coalesce(labelled.response_model, labelled.request_model)), '') as model,
        coalesce(
            resolution.billing_period, cast(date_trunc('month', labelled.start_time) as date)
        ) as billing_period,
        case
            when labelled.is_failed then 'failed'
            when labelled.gateway_cache_hit then 'gateway_cache_hit'
            when not labelled.usage_known then 'unknown_usage'
            else 'billed'
        end as outcome,
        -- a bucket has a mean, not a shape: its bins are those of the mean request
        coalesce(labelled.usage_input_tokens // labelled.request_count, 0) as input_each,
        coalesce(labelled.usage_output_tokens // labelled.request_count, 0) as output_each
    from labelled
    left join endpoint_names on labelled.endpoint_text = endpoint_names.endpoint_text
    left join model_resolution as resolution
        on coalesce(labelled.provider_name, '') = resolution.provider_name
        and coalesce(labelled.request_model, '') = resolution.request_model
        and coalesce(labelled.response_model, '') = resolution.response_model
        and labelled.start_time >= resolution.day_from
        and labelled.start_time < resolution.day_to
),

-- The bands as one list: a range join against them would sort every request.
bands as (
    select
        list(length_band) as all_bands,
        min(length_band) filter (where length_band > 0) as first_band
    from length_bands
),

banded as (
    select
        resolved.* exclude (input_each, output_each),
        case
            when input_each <= first_band then 0
            else list_max(list_filter(all_bands, lambda band: band < input_each))
        end as length_band,
        coalesce(tool_count, 0) > 0 as has_tools,
        output_type = 'json' as is_json,
        image_count > 0 as has_images,
        coalesce(usage_audio_input_tokens, 0) + coalesce(usage_audio_output_tokens, 0) > 0 as has_audio,
        -- a call is priced or unpriced as a whole: those that have other classes of tokens may not be summed with it
        case
            when outcome = 'billed'
                then case
                        when usage_input_tokens > coalesce(usage_cache_read_input_tokens, 0)
                            + coalesce(usage_cache_creation_input_tokens, 0) + coalesce(usage_audio_input_tokens, 0)
                            then 1
                        else 0
                    end
                    + case when usage_cache_read_input_tokens > 0 then 2 else 0 end
                    + case
                        when usage_cache_creation_input_tokens > coalesce(usage_cache_creation_1h_input_tokens, 0) then 4
                        else 0
                    end
                    + case when usage_audio_input_tokens > 0 then 8 else 0 end
                    + case when usage_output_tokens > coalesce(usage_audio_output_tokens, 0) then 16 else 0 end
                    + case when usage_audio_output_tokens > 0 then 32 else 0 end
                    + case when usage_cache_creation_1h_input_tokens > 0 then 64 else 0 end
            else 0
        end as token_classes,
        -- half octaves, exact in integers: floor(2 log2 v) = floor(log2 v^2)
        cast(floor(log2(cast(input_each + 16 as bigint) * (input_each + 16))) as integer) as input_bin,
        cast(floor(log2(cast(output_each + 8 as bigint) * (output_each + 8))) as integer) as output_bin,
        cast(coalesce(4 * usage_cache_read_input_tokens // nullif(usage_input_tokens, 0), 0) as integer)
            as cache_read_bin,
        cast(coalesce(4 * usage_reasoning_output_tokens // nullif(usage_output_tokens, 0), 0) as integer)
            as reasoning_bin
    from resolved
    cross join bands
)

select * from banded
