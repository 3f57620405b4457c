-- Grain: one Salesforce contact that was not merged away, and one stretch of days at whose ends nothing had changed.
{{ config(materialized='table') }}

{%- set fields = [
    ('contact_name', 'text', ['name']),
    ('first_name', 'text', ['firstname']),
    ('last_name', 'text', ['lastname']),
    ('account_id', '001', ['account', 'accountid']),
    ('owner_id', '005', ['owner', 'ownerid']),
    ('title', 'text', ['title']),
    ('department', 'text', ['department']),
    ('lead_source', 'text', ['leadsource']),
    ('email', 'text', ['email']),
    ('phone', 'text', ['phone']),
    ('mobile_phone', 'text', ['mobilephone']),
    ('mailing_street', 'text', ['mailingstreet']),
    ('mailing_city', 'text', ['mailingcity']),
    ('mailing_state', 'text', ['mailingstate']),
    ('mailing_postal_code', 'text', ['mailingpostalcode']),
    ('mailing_country', 'text', ['mailingcountry']),
] %}

with

contacts as (
    select
        source_record_key,
        source_record_id as contact_id,
        source_name,
        coalesce(full_name, nullif(trim(concat_ws(' ', first_name, last_name)), '')) as contact_name,
        first_name,
        last_name,
        account_id,
        owner_user_id as owner_id,
        job_title as title,
        department,
        lead_source,
        email,
        phone,
        mobile_phone,
        mailing_street,
        mailing_city,
        mailing_state,
        mailing_postal_code,
        mailing_country,
        middle_name,
        suffix,
        -- Beside those that change from day to day.
        first_name as first_name_today,
        last_name as last_name_today,
        coalesce(full_name, nullif(trim(concat_ws(' ', first_name, last_name)), '')) as contact_name_today,
        {{ reporting_date('created_at') }} as created_day,
        {{ salesforce_deleted_day() }} as deleted_day
    from {{ ref('stg_salesforce__contacts') }}
    where merged_into_key is null and delete_kind is distinct from 'merged'
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

changes as (
{{ salesforce_changes(ref('stg_salesforce__contact_field_changes'), 'contact', fields) }}
),

{{ salesforce_stretches('contacts', 'changes', fields) }},

final as (
    select
        stretches.contact_id,
        -- Where the history tells of first and last names only, they make the name.
        case
            when (stretches.contact_name is distinct from stretches.contact_name_today) then stretches.contact_name
            when (stretches.first_name is distinct from stretches.first_name_today) or (stretches.last_name is distinct from stretches.last_name_today)
                then nullif(concat_ws(' ', stretches.first_name, stretches.middle_name, stretches.last_name, stretches.suffix), '')
            else stretches.contact_name
        end as contact_name,
        stretches.first_name,
        stretches.last_name,
        stretches.account_id,
        stretches.owner_id,
        stretches.title,
        stretches.department,
        stretches.lead_source,
        stretches.email,
        stretches.phone,
        stretches.mobile_phone,
        stretches.mailing_street,
        stretches.mailing_city,
        stretches.mailing_state,
        stretches.mailing_postal_code,
        stretches.mailing_country,
        stretches.valid_from_date,
        stretches.valid_to_date,
        contact_clusters.golden_contact_id,
        stretches.source_record_key,
        stretches.source_name as source_relation
    from stretches
    left join contact_clusters
        on stretches.source_record_key = contact_clusters.source_record_key
)

select * from final
