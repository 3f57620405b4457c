-- Grain: one support ticket or case.
{#- Sheets state the reply; one before the question is a typing error. -#}
{%- set stated_reply = 'case when tickets.first_reply_at >= tickets.created_at then tickets.first_reply_at end' %}
with

tickets as (
    select
        *,
        case
            when regexp_matches(lower(priority), '(urgent|critical|blocker|dringend|kritisch)') then 'urgent'
            when regexp_matches(lower(priority), '(high|hoch|haute|alta|alto)') then 'high'
            when regexp_matches(lower(priority), '(low|niedrig|basse|baja|bassa)') then 'low'
            else 'medium'
        end as priority_type
    from {{ ref('int_tickets_unioned') }}
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

account_clusters as (
    select * from {{ ref('stg_hygiene__account_clusters') }}
),

contact_accounts as (
    select * from {{ ref('int_contact_accounts_resolved') }}
),

users as (
    select * from {{ ref('int_users_unioned') }}
),

-- The first mail or call on the ticket. Sources that log none leave it unknown, which is not never.
first_replies as (
    select
        tickets.source_record_key,
        min(coalesce(activities.completed_at, activities.started_at, activities.created_at)) as first_reply_at
    from tickets
    inner join {{ ref('int_activities_unioned') }} as activities
        on tickets.source_record_key = activities.ticket_source_record_key
    where
        activities.is_completed
        and not activities.is_deleted
        and activities.activity_type in ('email', 'call')
        and lower(coalesce(activities.call_direction, '')) <> 'inbound'
        and coalesce(activities.completed_at, activities.started_at, activities.created_at) >= tickets.created_at
    group by 1
),

-- A ticket may be asked about twice; the latest answer counts.
satisfaction as (
    select
        ticket_source_record_key,
        arg_max(score, {'at': answered_at, 'key': source_record_key}) as csat_score
    from {{ ref('fct_survey_answers') }}
    where survey_type = 'csat' and score is not null and not is_deleted and answered_at is not null
    group by 1
),

measured as (
    select
        tickets.* exclude (first_reply_at),
        coalesce({{ stated_reply }}, first_replies.first_reply_at) as first_reply_at,
        satisfaction.csat_score,
        contact_clusters.golden_contact_id,
        coalesce(account_clusters.golden_account_id, contact_accounts.golden_account_id) as golden_account_id,
        users.source_record_key as known_owner_source_record_key,
        users.user_name as owner_name,
        case when tickets.closed_at >= tickets.created_at
            then {{ business_minutes_upto('tickets.closed_at') }} - {{ business_minutes_upto('tickets.created_at') }}
        end as business_minutes_to_close,
        {{ business_minutes_upto('coalesce(' ~ stated_reply ~ ', first_replies.first_reply_at)') }} - {{ business_minutes_upto('tickets.created_at') }}
            as business_minutes_to_first_reply,
        -- Time that an open ticket has waited, to the end of the as-of date.
        case when not tickets.is_closed then
            greatest(
                {{ business_minutes_upto('cast(' ~ as_of_date() ~ ' + 1 as timestamp)') }} - {{ business_minutes_upto('tickets.created_at') }}, 0
            )
        end as business_minutes_open,
        {{ sla_minutes('tickets.priority_type', var('sla_resolution_hours')) }} as resolution_target_minutes,
        {{ sla_minutes('tickets.priority_type', var('sla_first_reply_hours')) }} as first_reply_target_minutes
    from tickets
    left join contact_clusters
        on tickets.contact_source_record_key = contact_clusters.source_record_key
    left join account_clusters
        on tickets.account_source_record_key = account_clusters.source_record_key
    left join contact_accounts
        on contact_clusters.golden_contact_id = contact_accounts.golden_contact_id
    left join users
        on tickets.owner_source_record_key = users.source_record_key
    left join first_replies
        on tickets.source_record_key = first_replies.source_record_key
    left join satisfaction
        on tickets.source_record_key = satisfaction.ticket_source_record_key
),

final as (
    select
        {{ surrogate_key('ti', 'source_record_key') }} as ticket_id,
        golden_contact_id,
        golden_account_id,
        case when known_owner_source_record_key is not null then {{ surrogate_key('us', 'known_owner_source_record_key') }} end
            as owner_user_id,
        source_record_key,
        source_name,
        source_type,
        source_object,
        ticket_number,
        subject,
        status,
        pipeline_name,
        priority,
        priority_type,
        ticket_type,
        origin,
        owner_name,
        cast(date_diff('minute', created_at, first_reply_at) as bigint) as minutes_to_first_reply,
        cast(business_minutes_to_first_reply as bigint) as business_minutes_to_first_reply,
        cast(case
            when closed_at >= created_at then date_diff('minute', created_at, closed_at)
        end as bigint) as minutes_to_close,
        cast(business_minutes_to_close as bigint) as business_minutes_to_close,
        cast(business_minutes_open as bigint) as business_minutes_open,
        cast(resolution_target_minutes as bigint) as resolution_target_minutes,
        cast(first_reply_target_minutes as bigint) as first_reply_target_minutes,
        csat_score,
        is_closed,
        -- An open ticket is late once its time is up; a closed one without a known time is neither.
        coalesce(business_minutes_to_close, business_minutes_open) > resolution_target_minutes as is_resolution_late,
        business_minutes_to_first_reply > first_reply_target_minutes as is_first_reply_late,
        is_deleted,
        {{ reporting_date('created_at') }} as created_date,
        {{ reporting_date('closed_at') }} as closed_date,
        created_at,
        first_reply_at,
        closed_at
    from measured
)

select * from final
