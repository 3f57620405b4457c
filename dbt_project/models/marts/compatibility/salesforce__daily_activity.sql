-- Grain: one day, from the first record to the as-of date.
with

leads as (
    select
        {{ reporting_date('created_at') }} as created_date,
        {{ reporting_date('sql_at') }} as converted_date
    from {{ ref('int_lead_stages_unioned') }}
    where source_record_key like '%:lead:%' and not is_deleted
),

activities as (
    select
        source_object,
        {{ reporting_date('happened_at') }} as activity_date
    from (
        select
            source_object,
            coalesce(
                case when source_object = 'event' then ended_at end, completed_at, started_at, cast(due_date as timestamp), created_at
            ) as happened_at
        from {{ ref('int_activities_unioned') }}
        -- Open tasks are not done, and calendar events carry no status: those that have ended took place.
        where source_type = 'salesforce' and not is_deleted and (is_completed or source_object = 'event')
    ) as finished
),

opportunities as (
    select * from {{ ref('salesforce__opportunity_enhanced') }}
),

versions as (
    select * from {{ ref('int_opportunity_versions_rebuilt') }}
    where source_type = 'salesforce' and status = 'open' and is_counted
),

happenings as (
    select created_date as date_day, 'leads_created' as measure, 1 as quantity from leads
    union all
    select converted_date as date_day, 'leads_converted' as measure, 1 as quantity from leads
    union all
    select activity_date as date_day, source_object || 's_completed' as measure, 1 as quantity from activities
    union all
    select created_date as date_day, 'opportunities_created' as measure, 1 as quantity from opportunities
    union all
    select created_date as date_day, 'opportunities_created_amount' as measure, amount_reporting as quantity from opportunities
    union all
    select close_date as date_day, 'opportunities_' || lower(status) as measure, 1 as quantity from opportunities where is_closed
    union all
    select close_date as date_day, 'opportunities_' || lower(status) || '_amount' as measure, amount_reporting as quantity
    from opportunities where is_closed
    union all
    -- The pipeline of a day is what was open then, not what was expected to close then.
    select valid_from_date as date_day, 'pipeline_change' as measure, amount_reporting as quantity from versions
    union all
    select valid_to_date as date_day, 'pipeline_change' as measure, -amount_reporting as quantity from versions
),

daily as (
    select
        date_day,
        {%- for measure in [
            'leads_created', 'leads_converted', 'tasks_completed', 'events_completed', 'opportunities_created', 'opportunities_created_amount',
            'opportunities_won', 'opportunities_won_amount', 'opportunities_lost', 'opportunities_lost_amount', 'pipeline_change'
        ] %}
        coalesce(sum(quantity) filter (where measure = '{{ measure }}'), 0) as {{ measure }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from happenings
    where date_day <= {{ as_of_date() }}
    group by 1
),

days as (
    select date_day from {{ ref('dim_dates') }}
    where date_day between (select min(date_day) from daily) and {{ as_of_date() }}
),

final as (
    select
        days.date_day,
        {%- for measure in ['leads_created', 'leads_converted', 'tasks_completed', 'events_completed', 'opportunities_created'] %}
        cast(coalesce(daily.{{ measure }}, 0) as bigint) as {{ measure }},
        {%- endfor %}
        cast(coalesce(daily.opportunities_created_amount, 0) as decimal(18, 2)) as opportunities_created_amount,
        cast(coalesce(daily.opportunities_won, 0) as bigint) as opportunities_won,
        cast(coalesce(daily.opportunities_won_amount, 0) as decimal(18, 2)) as opportunities_won_amount,
        cast(coalesce(daily.opportunities_lost, 0) as bigint) as opportunities_lost,
        cast(coalesce(daily.opportunities_lost_amount, 0) as decimal(18, 2)) as opportunities_lost_amount,
        cast(sum(coalesce(daily.pipeline_change, 0)) over (order by days.date_day rows between unbounded preceding and current row) as decimal(18, 2))
            as pipeline_amount
    from days
    left join daily
        on days.date_day = daily.date_day
)

select * from final
