-- Grain: one HubSpot contact that was not merged into another.
with

contacts as (
    select * from {{ ref('int_contacts_unioned') }}
    where source_type = 'hubspot' and source_object = 'contacts' and delete_kind is distinct from 'merged'
),

accounts as (
    select * from {{ ref('int_accounts_unioned') }}
    where source_type = 'hubspot'
),

-- The chain of merges, so that a contact merged twice names both of its former selves.
merged as (
    select
        merged_into_key,
        string_agg(source_record_id, ';' order by source_record_id) as merged_object_ids
    from {{ ref('int_contacts_unioned') }}
    where source_type = 'hubspot' and merged_into_key is not null
    group by 1
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

final as (
    select
        contacts.source_record_id as contact_id,
        contacts.email,
        contacts.first_name,
        contacts.last_name,
        contacts.company_name as contact_company,
        contacts.job_title,
        accounts.annual_revenue as company_annual_revenue,
        contacts.created_at as created_date,
        contacts.is_deleted as is_contact_deleted,
        merged.merged_object_ids,
        {%- for name in ['bounces', 'clicks', 'deferrals', 'deliveries', 'drops', 'forwards', 'opens', 'prints', 'spam_reports', 'unsubscribes'] %}
        cast(null as bigint) as total_{{ name }},
        cast(null as bigint) as total_unique_{{ name }},
        {%- endfor %}
        {{- hubspot_engagement_columns(['notes', 'tasks', 'calls', 'meetings', 'emails', 'incoming_emails', 'forwarded_emails']) }}
        {%- for which in ['first', 'most_recent'] %}
        cast(null as varchar) as calculated_{{ which }}_conversion_form_id,
        cast(null as timestamp) as calculated_{{ which }}_conversion_date,
        cast(null as varchar) as calculated_{{ which }}_conversion_form_name,
        cast(null as varchar) as calculated_{{ which }}_conversion_form_type,
        {%- endfor %}
        cast(null as bigint) as total_form_submissions,
        cast(null as bigint) as total_unique_form_submissions,
        contact_clusters.golden_contact_id,
        contacts.source_record_key,
        contacts.source_name as source_relation
    from contacts
    left join accounts
        on contacts.account_source_record_key = accounts.source_record_key
    left join merged
        on contacts.source_record_key = merged.merged_into_key
    left join contact_clusters
        on contacts.source_record_key = contact_clusters.source_record_key
    {{ join_hubspot_engagement_counts('contacts') }}
)

select * from final
