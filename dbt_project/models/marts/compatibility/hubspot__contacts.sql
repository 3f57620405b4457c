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

details as (
    select * from {{ ref('stg_hubspot__contacts') }}
),

mails as (
    select * from {{ ref('int_hubspot_mails_counted') }}
),

totals as (
    select
        mails.contact_source_record_key,
        {{ hubspot_mail_totals() }}
    from mails
    group by 1
),

-- A portal whose events are read has 0 where nothing happened; of another nothing is known.
portals as (
    select distinct source_name from {{ ref('stg_hubspot__email_events') }}
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
        {#- HubSpot counts some on the contact, each mail once however often it was opened: since ever, so it comes first. #}
        {%- set counters = {'bounces': 'bounced', 'clicks': 'clicked', 'deliveries': 'delivered', 'opens': 'opened'} %}
        {%- for name, _ in hubspot_mail_metrics() %}
        {%- set counter = 'details.' ~ counters[name] ~ '_email_count' if name in counters else 'cast(null as bigint)' %}
        {#- A mail is delivered or bounces once: then both are the same. #}
        {%- set happens_once = name in ['bounces', 'deliveries'] %}
        coalesce(
            {{ counter if happens_once else 'null' }}, totals.total_{{ name }}, if(portals.source_name is not null, 0, null)
        ) as total_{{ name }},
        coalesce(
            {{ counter }}, totals.total_unique_{{ name }}, if(portals.source_name is not null, 0, null)
        ) as total_unique_{{ name }},
        {%- endfor %}
        {{- hubspot_engagement_columns(['notes', 'tasks', 'calls', 'meetings', 'emails', 'incoming_emails', 'forwarded_emails']) }}
        {%- for which, property in [('first', 'first'), ('most_recent', 'recent')] %}
        cast(null as varchar) as calculated_{{ which }}_conversion_form_id,
        details.{{ property }}_conversion_at as calculated_{{ which }}_conversion_date,
        details.{{ property }}_conversion_event_name as calculated_{{ which }}_conversion_form_name,
        cast(null as varchar) as calculated_{{ which }}_conversion_form_type,
        {%- endfor %}
        details.form_submission_count as total_form_submissions,
        details.form_count as total_unique_form_submissions,
        contact_clusters.golden_contact_id,
        contacts.source_record_key,
        contacts.source_name as source_relation
    from contacts
    left join accounts
        on contacts.account_source_record_key = accounts.source_record_key
    left join details
        on contacts.source_record_key = details.source_record_key
    left join merged
        on contacts.source_record_key = merged.merged_into_key
    left join contact_clusters
        on contacts.source_record_key = contact_clusters.source_record_key
    left join totals
        on contacts.source_record_key = totals.contact_source_record_key
    left join portals
        on contacts.source_name = portals.source_name
    {{ join_hubspot_engagement_counts('contacts') }}
)

select * from final
