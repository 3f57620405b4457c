-- Grain: one opportunity that was open at the end of one snapshot day.
-- Every day of the last weeks, and only last days of weeks and months before that: the table grows with open deals times days.
with

versions as (
    select *
    from {{ ref('int_opportunity_versions_rebuilt') }}
    -- The last version of a day speaks for the day; those that begin and end within it are never seen.
    where status = 'open' and is_counted and (valid_to_date is null or valid_to_date > valid_from_date)
),

-- Keys are hashed once per user here, not once per row of the table.
users as (
    select
        source_record_key,
        {{ surrogate_key('us', 'source_record_key') }} as user_id
    from {{ ref('int_users_unioned') }}
),

starts as (
    select
        opportunity_id,
        min(valid_from_date) as started_date
    from {{ ref('int_opportunity_versions_rebuilt') }}
    group by opportunity_id
),

snapshot_days as (
    select
        date_day as snapshot_date,
        date_day > {{ as_of_date() }} - {{ var('pipeline_daily_days') }} as is_daily,
        date_day = last_day(date_day) as is_month_end
    from (
        select cast(unnest(generate_series(
            cast(date_trunc('month', {{ as_of_date() }} - to_months({{ var('pipeline_history_months') }})) as timestamp),
            cast({{ as_of_date() }} as timestamp),
            interval 1 day
        )) as date) as date_day
    ) as days
    where
        date_day > {{ as_of_date() }} - {{ var('pipeline_daily_days') }}
        or {{ week_start('(date_day + 1)') }} = date_day + 1
        or date_day = last_day(date_day)
),

final as (
    select
        snapshot_days.snapshot_date,
        versions.opportunity_id,
        versions.golden_account_id,
        users.user_id as owner_user_id,
        versions.stage_name,
        case when snapshot_days.is_daily then 'day' else 'week' end as snapshot_grain,
        versions.amount_reporting,
        versions.weighted_amount_reporting,
        versions.probability_pct,
        cast(date_diff('day', starts.started_date, snapshot_days.snapshot_date) as bigint) as days_open,
        snapshot_days.is_month_end,
        coalesce(versions.close_date < snapshot_days.snapshot_date, false) as is_overdue,
        versions.is_stage_recorded,
        versions.close_date
    from versions
    inner join snapshot_days
        on versions.valid_from_date <= snapshot_days.snapshot_date
        and coalesce(versions.valid_to_date, date '9999-12-31') > snapshot_days.snapshot_date
    inner join starts
        on versions.opportunity_id = starts.opportunity_id
    left join users
        on versions.owner_source_record_key = users.source_record_key
)

select * from final
