-- grain: one row per record of the export, in file order
-- Typed costs of every staged record, and the reason why it is no cost where there is one.
with source as (
    select * from staged
),

-- Times are epochs in seconds or text, which is UTC where it says no offset; an amount may have 30 decimals.
timed as (
    select
        source.*,
        case
            when regexp_matches(period_start, '^[0-9]{9,10}([.]0*)?$')
                then make_timestamp(cast(cast(period_start as double) as bigint) * 1000000)
            else cast(try_cast(period_start as timestamptz) at time zone 'UTC' as timestamp)
        end as started,
        case
            when regexp_matches(period_end, '^[0-9]{9,10}([.]0*)?$')
                then make_timestamp(cast(cast(period_end as double) as bigint) * 1000000)
            else cast(try_cast(period_end as timestamptz) at time zone 'UTC' as timestamp)
        end as ended,
        try_cast(amount as decimal(38, 30)) as billed
    from source
),

judged as (
    select
        timed.*,
        case
            when not is_record then 'not a readable record of this format'
            when period_start is not null and amount is null then 'not a cost: no spend in the period'
            when period_start is null then 'start_time is missing: save the whole page, with the bucket around its results'
            when started is null then 'start_time ' || substr(period_start, 1, 40) || ' is not a time'
            when started < timestamp '2015-01-01' or started >= timestamp '2100-01-01'
                then 'start_time ' || substr(period_start, 1, 40) || ' is not between 2015 and 2100'
            when period_end is not null and coalesce(ended <= started, true)
                then 'end_time ' || substr(period_end, 1, 40) || ' is not a time after the start'
            when billed is null then 'amount ' || substr(amount, 1, 50) || ' is not an amount below 100 million'
        end as reject_reason
    from timed
),

typed as (
    select
        reject_reason,
        started as period_start,
        -- costs come by the day
        coalesce(ended, started + interval 1 day) as period_end,
        billed as amount,
        coalesce(currency, 'usd') as currency,
        line_item,
        try_cast(quantity as decimal(38, 12)) as quantity,
        quantity_unit,
        project_id,
        api_key_id,
        user_id,
        coalesce(line_item, project_id, api_key_id, user_id) is null as is_organization_total
    from judged
)

select * from typed
