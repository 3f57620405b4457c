-- Grain: one HubSpot engagement associated with several contacts, and one golden contact among them (API sources only).
-- Activities that name one person are not here: fct_activities says all there is to say about them.
with

links as (
    select * from {{ ref('stg_hubspot__engagement_links') }}
    where to_object = 'contacts' and linked_count > 1
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

contact_accounts as (
    select * from {{ ref('int_contact_accounts_resolved') }}
),

customers as (
    select * from {{ ref('int_customers_classified') }}
),

people as (
    select
        {{ source_record_key("' || from_object || '", 'from_object_id', 'source_name') }} as activity_source_record_key,
        source_name,
        unnest({{ split_ids('linked_ids') }}) as contact_id
    from links
),

-- Two records of one person are one person.
resolved as (
    select distinct
        people.activity_source_record_key,
        contact_clusters.golden_contact_id,
        coalesce(contact_accounts.golden_account_id, customers.golden_contact_id) as own_customer_id,
        contact_accounts.golden_account_id
    from people
    inner join contact_clusters
        on {{ source_record_key('contacts', 'people.contact_id', 'people.source_name') }} = contact_clusters.source_record_key
    left join contact_accounts
        on contact_clusters.golden_contact_id = contact_accounts.golden_contact_id
    left join customers
        on contact_clusters.golden_contact_id = customers.golden_contact_id
)

select * from resolved
