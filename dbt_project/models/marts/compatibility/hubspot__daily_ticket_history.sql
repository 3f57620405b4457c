-- Grain: one HubSpot ticket on one day of the last weeks, open or closed on it (API sources only).
with

tickets as (
    select
        ticket_id,
        source_record_key,
        source_relation,
        {{ reporting_date('created_date') }} as created_day,
        {{ reporting_date('closed_date') }} as closed_day
    from {{ ref('hubspot__tickets') }}
    where not is_ticket_deleted
),

changes as (
    select
        {{ source_record_key('tickets', 'latest.object_id', 'latest._source_name') }} as source_record_key,
        latest.property_name,
        latest.value,
        {{ cast_instant('latest.changed_at') }} as changed_at,
        latest._source_record_id
    from ({{ latest_version(ref('base_hubspot__property_history')) }}) as latest
    where
        latest.object_type = 'tickets'
        and latest.property_name in ('hs_pipeline_stage', 'hubspot_owner_id')
        and not coalesce(latest._is_deleted, false)
),

-- The last value of each day holds until the next day with one.
days_of_change as (
    select
        source_record_key,
        property_name,
        {{ reporting_date('changed_at') }} as changed_day,
        arg_max(value, {'changed_at': changed_at, 'id': _source_record_id}) as value
    from changes
    where changed_at is not null
    group by 1, 2, 3
),

spans as (
    select
        *,
        lead(changed_day) over (partition by source_record_key, property_name order by changed_day) as next_changed_day
    from days_of_change
),

days as (
    select date_day from {{ ref('dim_dates') }}
    where date_day between {{ as_of_date() }} - {{ var('pipeline_daily_days') }} + 1 and {{ as_of_date() }}
),

ticket_days as (
    select
        tickets.ticket_id,
        tickets.source_record_key,
        tickets.source_relation,
        days.date_day,
        any_value(spans.value) filter (where spans.property_name = 'hs_pipeline_stage') as stage_id,
        any_value(spans.value) filter (where spans.property_name = 'hubspot_owner_id') as owner_id
    from tickets
    inner join spans
        on tickets.source_record_key = spans.source_record_key
    inner join days
        on days.date_day >= spans.changed_day
        and (spans.next_changed_day is null or days.date_day < spans.next_changed_day)
        and days.date_day >= tickets.created_day
        and (tickets.closed_day is null or days.date_day <= tickets.closed_day)
    group by 1, 2, 3, 4
),

-- Ids of stages are unique within a pipeline, and nearly always within a portal.
stages as (
    select
        source_name,
        stage_id,
        min(stage_name) as stage_name
    from {{ ref('stg_hubspot__pipeline_stages') }}
    where object_type = 'tickets'
    group by 1, 2
),

owners as (
    select * from {{ ref('stg_hubspot__owners') }}
),

final as (
    select
        ticket_days.source_record_key || ':' || ticket_days.date_day as ticket_day_id,
        ticket_days.date_day,
        ticket_days.ticket_id,
        ticket_days.stage_id as hs_pipeline_stage,
        coalesce(stages.stage_name, ticket_days.stage_id) as pipeline_stage_label,
        ticket_days.owner_id as hubspot_owner_id,
        owners.owner_name as owner_full_name,
        ticket_days.source_record_key,
        ticket_days.source_relation
    from ticket_days
    left join stages
        on ticket_days.source_relation = stages.source_name
        and ticket_days.stage_id = stages.stage_id
    left join owners
        on ticket_days.source_relation = owners.source_name
        and ticket_days.owner_id = owners.source_record_id
)

select * from final
