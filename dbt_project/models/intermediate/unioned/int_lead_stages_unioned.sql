-- Grain: one lead of one source: a Salesforce lead or a HubSpot contact, with how far its source says it came.
with

salesforce_leads as (
    select * from {{ ref('stg_salesforce__leads') }}
),

hubspot_contacts as (
    select
        *,
        lower(regexp_replace(lifecycle_stage, '[^A-Za-z]', '', 'g')) as stage_code
    from {{ ref('stg_hubspot__contacts') }}
),

hubspot_stages as (
    select
        contact_source_record_key,
        min(entered_at) filter (where lifecycle_stage = 'marketingqualifiedlead') as mql_at,
        min(entered_at) filter (where lifecycle_stage = 'salesqualifiedlead') as sql_at
    from {{ ref('stg_hubspot__contact_stage_changes') }}
    group by 1
),

salesforce_leads_conformed as (
    select
        source_record_key,
        source_name,
        lead_source,
        {{ source_record_key('opportunity', 'converted_opportunity_id', 'source_name') }} as converted_opportunity_source_record_key,
        -- A lead that sales has converted was accepted by sales; Salesforce knows no other qualification.
        case when is_converted then 3 else 1 end as stage_rank,
        coalesce(regexp_matches(lower(lead_status), '(unqualified|disqualified|recycled|not interested|unqualifiziert)'), false)
            as is_disqualified,
        created_at,
        cast(null as timestamp) as mql_at,
        case when is_converted then cast(converted_date as timestamp) end as sql_at,
        is_deleted
    from salesforce_leads
),

hubspot_contacts_conformed as (
    select
        hubspot_contacts.source_record_key,
        hubspot_contacts.source_name,
        hubspot_contacts.lead_source,
        cast(null as varchar) as converted_opportunity_source_record_key,
        case hubspot_contacts.stage_code
            when 'marketingqualifiedlead' then 2
            when 'salesqualifiedlead' then 3
            when 'opportunity' then 4
            when 'customer' then 5
            when 'evangelist' then 5
            else 1
        end as stage_rank,
        coalesce(regexp_matches(lower(hubspot_contacts.lead_status), '(unqualified|disqualified)'), false) as is_disqualified,
        hubspot_contacts.created_at,
        hubspot_stages.mql_at,
        hubspot_stages.sql_at,
        hubspot_contacts.is_deleted
    from hubspot_contacts
    left join hubspot_stages
        on hubspot_contacts.source_record_key = hubspot_stages.contact_source_record_key
    -- 'Other' is HubSpot's stage for people who are no leads: partners, applicants, suppliers.
    where hubspot_contacts.stage_code is distinct from 'other'
),

leads_unioned as (
    select * from salesforce_leads_conformed
    union all
    select * from hubspot_contacts_conformed
)

select * from leads_unioned
