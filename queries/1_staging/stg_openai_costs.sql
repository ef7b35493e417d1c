-- grain: one row per record of the export, in file order
-- What OpenAI billed under the project's names; amounts and times are still text.
with source as (
    select * from raw_openai_costs
),

renamed as (
    select
        coalesce(start_time, start_time_iso, amount_value, result_value, line_item) is not null as is_record,
        -- the time in seconds is trusted before its text, which is naive in rows with an amount and not in others
        coalesce(start_time, start_time_iso) as period_start,
        coalesce(end_time, end_time_iso) as period_end,
        coalesce(amount_value, result_value) as amount,
        lower(coalesce(amount_currency, result_currency)) as currency,
        line_item,
        quantity,
        quantity_unit,
        project_id,
        api_key_id,
        case when not contains(user_id, '@') then user_id end as user_id
    from source
)

select * from renamed
