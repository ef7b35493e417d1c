-- grain: one row per record of the export, in file order
-- What a provider billed, read through a cost map; amounts and times are still text.
with source as (
    select * from raw_mapped_costs
),

renamed as (
    select
        coalesce(period_start, amount, line_item) is not null as is_record,
        period_start,
        period_end,
        amount,
        lower(currency) as currency,
        line_item,
        quantity,
        quantity_unit,
        project_id,
        api_key_id,
        case when not contains(user_id, '@') then user_id end as user_id
    from source
)

select * from renamed
