-- Grain: one task, event, call, e-mail, meeting, note or message of one source system.
-- An id of a Salesforce activity may point to several objects: every candidate key is stated, and only one exists.
with

salesforce_tasks as (
    select * from {{ ref('stg_salesforce__tasks') }}
),

salesforce_events as (
    select * from {{ ref('stg_salesforce__events') }}
),

salesforce_tasks_conformed as (
    select
        source_record_key,
        source_name,
        'salesforce' as source_type,
        'task' as source_object,
        source_record_id,
        case
            when regexp_matches(lower(task_type), '(e-?mail)') or regexp_matches(lower(subject), '^e-?mail:') then 'email'
            when regexp_matches(lower(task_type), '(call|phone)') or regexp_matches(lower(subject), '^call\b') then 'call'
            when regexp_matches(lower(task_type), '(meeting|demo|visit)') then 'meeting'
            else 'task'
        end as activity_type,
        {{ source_record_key('contact', 'who_id', 'source_name') }} as contact_source_record_key,
        {{ source_record_key('lead', 'who_id', 'source_name') }} as lead_source_record_key,
        {{ source_record_key('account', 'account_id', 'source_name') }} as account_source_record_key,
        {{ source_record_key('account', 'what_id', 'source_name') }} as related_account_source_record_key,
        {{ source_record_key('opportunity', 'what_id', 'source_name') }} as opportunity_source_record_key,
        -- Ids of cases begin so: most activities concern something else, and need no search.
        case when starts_with(what_id, '500') then {{ source_record_key('case', 'what_id', 'source_name') }} end
            as ticket_source_record_key,
        {{ source_record_key('user', 'owner_user_id', 'source_name') }} as owner_source_record_key,
        subject,
        status,
        priority,
        call_direction,
        coalesce(is_closed, regexp_matches(lower(status), '(complete|closed|done|erledigt)'), false) as is_completed,
        due_date,
        cast(null as timestamp) as started_at,
        cast(null as timestamp) as ended_at,
        completed_at,
        created_at,
        modified_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from salesforce_tasks
),

salesforce_events_conformed as (
    select
        source_record_key,
        source_name,
        'salesforce' as source_type,
        'event' as source_object,
        source_record_id,
        case
            when regexp_matches(lower(event_type), '(e-?mail)') or regexp_matches(lower(subject), '^e-?mail:') then 'email'
            when regexp_matches(lower(event_type), '(call|phone)') or regexp_matches(lower(subject), '^call\b') then 'call'
            when regexp_matches(lower(event_type), '(meeting|demo|visit)') then 'meeting'
            else 'meeting'
        end as activity_type,
        {{ source_record_key('contact', 'who_id', 'source_name') }} as contact_source_record_key,
        {{ source_record_key('lead', 'who_id', 'source_name') }} as lead_source_record_key,
        {{ source_record_key('account', 'account_id', 'source_name') }} as account_source_record_key,
        {{ source_record_key('account', 'what_id', 'source_name') }} as related_account_source_record_key,
        {{ source_record_key('opportunity', 'what_id', 'source_name') }} as opportunity_source_record_key,
        -- Ids of cases begin so: most activities concern something else, and need no search.
        case when starts_with(what_id, '500') then {{ source_record_key('case', 'what_id', 'source_name') }} end
            as ticket_source_record_key,
        {{ source_record_key('user', 'owner_user_id', 'source_name') }} as owner_source_record_key,
        subject,
        cast(null as varchar) as status,
        cast(null as varchar) as priority,
        cast(null as varchar) as call_direction,
        cast(null as boolean) as is_completed,
        activity_date as due_date,
        started_at,
        ended_at,
        cast(null as timestamp) as completed_at,
        created_at,
        modified_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from salesforce_events
),

-- An engagement with several people, companies or deals names the first of each here; the other people
-- are in bridge_activity_contacts.
{%- for object in hubspot_engagements() %}

hubspot_{{ object }}_conformed as (
    select
        source_record_key,
        source_name,
        'hubspot' as source_type,
        '{{ object }}' as source_object,
        source_record_id,
        '{{ "message" if object == "communications" else object[:-1] }}' as activity_type,
        {{ source_record_key('contacts', 'primary_contact_id', 'source_name') }} as contact_source_record_key,
        cast(null as varchar) as lead_source_record_key,
        {{ source_record_key('companies', 'primary_company_id', 'source_name') }} as account_source_record_key,
        cast(null as varchar) as related_account_source_record_key,
        {{ source_record_key('deals', 'primary_deal_id', 'source_name') }} as opportunity_source_record_key,
        {{ source_record_key('tickets', 'primary_ticket_id', 'source_name') }} as ticket_source_record_key,
        {{ owner_key('source_name', 'owner_id', 'owner_name') }} as owner_source_record_key,
        subject,
        status,
        priority,
        case
            when upper(direction) in ('INBOUND', 'INCOMING_EMAIL') then 'Inbound'
            when upper(direction) in ('OUTBOUND', 'EMAIL') then 'Outbound'
        end as call_direction,
        is_completed,
        due_date,
        started_at,
        ended_at,
        completed_at,
        created_at,
        modified_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from {{ ref('stg_hubspot__' ~ object) }}
),
{%- endfor %}

activities_unioned as (
    select * from salesforce_tasks_conformed
    union all
    select * from salesforce_events_conformed
    {%- for object in hubspot_engagements() %}
    union all
    select * from hubspot_{{ object }}_conformed
    {%- endfor %}
)

select * from activities_unioned
