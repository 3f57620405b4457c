-- Grain: one unordered pair of contact records that a system of record says are the same person, or two, or
-- suspects to be the same.
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

users as (
    select * from {{ ref('int_users_unioned') }}
),

salesforce_users as (
    select * from {{ ref('stg_salesforce__users') }}
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

-- A mailbox that two users share tells nobody apart.
mailboxes_of_users as (
    select
        source_name,
        lower(trim(email)) as email_key,
        min(source_record_key) as user_key
    from users
    where is_active and nullif(trim(email), '') is not null
    group by 1, 2
    having count(*) = 1
),

records_of_users as (
    select
        contacts.source_name,
        contacts.source_record_key,
        mailboxes_of_users.user_key,
        lower(trim(contacts.first_name)) as first_name_key,
        lower(trim(contacts.last_name)) as last_name_key
    from contacts
    inner join mailboxes_of_users
        on contacts.source_name = mailboxes_of_users.source_name
        and lower(trim(contacts.email)) = mailboxes_of_users.email_key
    where not contacts.is_deleted

    union

    select
        contacts.source_name,
        contacts.source_record_key,
        salesforce_users.source_record_key as user_key,
        lower(trim(contacts.first_name)) as first_name_key,
        lower(trim(contacts.last_name)) as last_name_key
    from salesforce_users
    inner join contacts
        on salesforce_users.source_name = contacts.source_name
        and salesforce_users.contact_id = contacts.source_record_id
        and contacts.source_object = 'contact'
    where salesforce_users.is_active and not salesforce_users.is_deleted and not contacts.is_deleted
),

-- Two users at the same time are two people, unless one of them is the user of both records. Only namesakes
-- could be confused.
other_users as (
    select
        first_records.source_record_key as first_key,
        second_records.source_record_key as second_key,
        'other_user' as evidence,
        cast(null as timestamp) as evidence_at
    from records_of_users as first_records
    inner join records_of_users as second_records
        on first_records.source_name = second_records.source_name
        and first_records.source_record_key < second_records.source_record_key
        and first_records.user_key <> second_records.user_key
        and (
            first_records.last_name_key = second_records.last_name_key
            or first_records.first_name_key = second_records.first_name_key
        )
    where (first_records.source_record_key, second_records.user_key) not in (
        select (source_record_key, user_key) from records_of_users
    )
    and (second_records.source_record_key, first_records.user_key) not in (
        select (source_record_key, user_key) from records_of_users
    )
),

{{ suspected_duplicates('contacts') }},

{{ unordered_links(['merges_named_by_loser', 'merges_listed_by_winner', 'sync_ids', 'lead_conversions', 'other_users', 'suspected_duplicates'], 'contacts') }}

select * from links
order by source_record_key_l, source_record_key_r
