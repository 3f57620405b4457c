-- Grain: one visit of one opportunity to one stage.
with

versions as (
    select * from {{ ref('int_opportunity_versions_rebuilt') }}
),

users as (
    select * from {{ ref('int_users_unioned') }}
),

preceded as (
    select
        *,
        lag(version_number) over (partition by opportunity_id order by version_number) as previous_version_number,
        lag(stage_name) over (partition by opportunity_id order by version_number) as previous_stage_name,
        lag(status) over (partition by opportunity_id order by version_number) as previous_status
    from versions
),

numbered as (
    select
        *,
        sum(
            case
                when previous_version_number is null then 1
                when previous_stage_name is distinct from stage_name then 1
                when previous_status is distinct from status then 1
                else 0
            end
        ) over (
            partition by opportunity_id order by version_number rows between unbounded preceding and current row
        ) as visit_number
    from preceded
),

visits as (
    select
        opportunity_id,
        visit_number,
        any_value(golden_account_id) as golden_account_id,
        any_value(stage_name) as stage_name,
        any_value(status) as status,
        first(owner_source_record_key order by version_number) as owner_source_record_key,
        first(amount_reporting order by version_number) as amount_reporting,
        first(probability_pct order by version_number) as probability_pct,
        bool_and(is_stage_recorded) as is_recorded,
        any_value(is_counted) as is_counted,
        min(valid_from) as entered_at,
        case when count(*) = count(valid_to) then max(valid_to) end as exited_at
    from numbered
    group by opportunity_id, visit_number
),

compared as (
    select
        *,
        lag(stage_name) over by_visit as previous_stage_name,
        lead(stage_name) over by_visit as next_stage_name,
        lag(status) over by_visit as previous_status,
        lag(probability_pct) over by_visit as previous_probability_pct
    from visits
    window by_visit as (partition by opportunity_id order by visit_number)
),

final as (
    select
        {{ surrogate_key('sv', "compared.opportunity_id || '|' || compared.visit_number") }} as stage_visit_id,
        compared.opportunity_id,
        compared.golden_account_id,
        case when users.source_record_key is not null then {{ surrogate_key('us', 'users.source_record_key') }} end
            as owner_user_id,
        compared.stage_name,
        compared.previous_stage_name,
        compared.next_stage_name,
        compared.status,
        case
            when compared.visit_number = 1 then 'first'
            when compared.status <> 'open' then compared.status
            when compared.previous_status <> 'open' then 'reopened'
            when compared.probability_pct > compared.previous_probability_pct then 'forward'
            when compared.probability_pct < compared.previous_probability_pct then 'backward'
            else 'sideways'
        end as direction_type,
        cast(compared.visit_number as bigint) as visit_number,
        compared.amount_reporting,
        compared.probability_pct,
        -- Whole days lose short visits: twelve hours are half a day.
        cast(round(date_diff(
            'minute', compared.entered_at, coalesce(compared.exited_at, cast({{ as_of_date() }} + 1 as timestamp))
        ) / 1440.0, 2) as decimal(18, 2)) as days_in_stage,
        compared.exited_at is null as is_current,
        compared.is_recorded,
        compared.is_counted,
        {{ reporting_date('compared.entered_at') }} as entered_date,
        compared.entered_at,
        compared.exited_at
    from compared
    left join users
        on compared.owner_source_record_key = users.source_record_key
)

select * from final
