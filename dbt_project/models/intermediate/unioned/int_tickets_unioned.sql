-- Grain: one support case of one source system.
with

salesforce_cases as (
    select * from {{ ref('stg_salesforce__cases') }}
),

hubspot_tickets as (
    select * from {{ ref('stg_hubspot__tickets') }}
),

spreadsheet_tickets as (
    select * from {{ ref('stg_spreadsheet__tickets') }}
),

salesforce_cases_conformed as (
    select
        source_record_key,
        source_name,
        'salesforce' as source_type,
        'case' as source_object,
        source_record_id,
        {{ source_record_key('contact', 'contact_id', 'source_name') }} as contact_source_record_key,
        {{ source_record_key('account', 'account_id', 'source_name') }} as account_source_record_key,
        {{ source_record_key('user', 'owner_user_id', 'source_name') }} as owner_source_record_key,
        case_number as ticket_number,
        subject,
        status,
        cast(null as varchar) as pipeline_name,
        priority,
        case_type as ticket_type,
        origin,
        coalesce(is_closed, closed_at is not null) as is_closed,
        created_at,
        cast(null as timestamp) as first_reply_at,
        closed_at,
        modified_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from salesforce_cases
),

hubspot_tickets_conformed as (
    select
        source_record_key,
        source_name,
        'hubspot' as source_type,
        'tickets' as source_object,
        source_record_id,
        {{ source_record_key('contacts', 'primary_contact_id', 'source_name') }} as contact_source_record_key,
        {{ source_record_key('companies', 'primary_company_id', 'source_name') }} as account_source_record_key,
        {{ owner_key('source_name', 'owner_id', 'owner_name') }} as owner_source_record_key,
        cast(null as varchar) as ticket_number,
        subject,
        stage_name as status,
        pipeline_name,
        priority,
        ticket_category as ticket_type,
        cast(null as varchar) as origin,
        (closed_at is not null or coalesce(regexp_matches(lower(stage_name), '(closed|resolved|geschlossen)'), false)) as is_closed,
        created_at,
        cast(null as timestamp) as first_reply_at,
        closed_at,
        modified_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from hubspot_tickets
),

spreadsheet_tickets_conformed as (
    select
        source_record_key,
        source_name,
        'spreadsheet' as source_type,
        'tickets' as source_object,
        source_record_id,
        {{ source_record_key('buyers', buyer_id('email', 'full_name', 'company_name'), 'source_name') }} as contact_source_record_key,
        {{ source_record_key('buyer_companies', buyer_company_id('company_name', 'domain'), 'source_name') }} as account_source_record_key,
        {{ owner_key('source_name', 'null', 'owner_name') }} as owner_source_record_key,
        source_record_id as ticket_number,
        subject,
        status,
        cast(null as varchar) as pipeline_name,
        priority,
        ticket_type,
        origin,
        (
            closed_at is not null
            or coalesce(
                regexp_matches(
                    lower(status),
                    '(closed|resolved|solved|done|geschlossen|gelöst|erledigt|fermé|résolu|cerrado|resuelto|chiuso|risolto|gesloten|opgelost)'
                ),
                false
            )
        ) as is_closed,
        created_at,
        first_reply_at,
        closed_at,
        modified_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from spreadsheet_tickets
),

tickets_unioned as (
    select * from salesforce_cases_conformed
    union all
    select * from hubspot_tickets_conformed
    union all
    select * from spreadsheet_tickets_conformed
)

select * from tickets_unioned
