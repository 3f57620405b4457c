-- Grain: one unordered pair of contact records that a system of record says are the same person.
{{ config(materialized='stage_parquet') }}

with

contacts as (
    select * from {{ ref('int_contacts_unioned') }}
),

hubspot_contacts as (
    select * from {{ ref('stg_hubspot__contacts') }}
),

salesforce_leads as (
    select * from {{ ref('stg_salesforce__leads') }}
),

salesforce_contact_records as (
    select source_record_key, source_object, source_record_id
    from contacts
    where source_type = 'salesforce'
),

-- The loser of a merge names the winner.
merges_named_by_loser as (
    select
        source_record_key as first_key,
        merged_into_key as second_key,
        'crm_merge' as evidence,
        modified_at as evidence_at
    from contacts
    where merged_into_key is not null
),

-- The winner of a HubSpot merge lists the losers.
merges_listed_by_winner as (
    select
        source_record_key as first_key,
        source_name || ':contacts:' || unnest({{ split_ids('merged_contact_ids') }}) as second_key,
        'crm_merge' as evidence,
        modified_at as evidence_at
    from hubspot_contacts
    where merged_contact_ids is not null
),

sync_ids as (
    select
        hubspot_contacts.source_record_key as first_key,
        salesforce_contact_records.source_record_key as second_key,
        'sync_id' as evidence,
        hubspot_contacts.modified_at as evidence_at
    from hubspot_contacts
    inner join salesforce_contact_records
        on (
            hubspot_contacts.salesforce_contact_id = salesforce_contact_records.source_record_id
            and salesforce_contact_records.source_object = 'contact'
        )

    union all

    select
        hubspot_contacts.source_record_key as first_key,
        salesforce_contact_records.source_record_key as second_key,
        'sync_id' as evidence,
        hubspot_contacts.modified_at as evidence_at
    from hubspot_contacts
    inner join salesforce_contact_records
        on (
            hubspot_contacts.salesforce_lead_id = salesforce_contact_records.source_record_id
            and salesforce_contact_records.source_object = 'lead'
        )
),

lead_conversions as (
    select
        source_record_key as first_key,
        {{ source_record_key('contact', 'converted_contact_id', 'source_name') }} as second_key,
        'lead_conversion' as evidence,
        coalesce(cast(converted_date as timestamp), modified_at) as evidence_at
    from salesforce_leads
    where converted_contact_id is not null
),

{{ unordered_links(['merges_named_by_loser', 'merges_listed_by_winner', 'sync_ids', 'lead_conversions'], 'contacts') }}

select * from links
order by source_record_key_l, source_record_key_r
