-- Grain: one contact who is on one list of HubSpot.
with

members as (
    select * from {{ ref('stg_hubspot__contact_list_members') }}
    where not is_deleted
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

final as (
    select
        members.list_id as contact_list_id,
        members.contact_id,
        members.added_at as added_timestamp,
        contact_clusters.golden_contact_id,
        members.source_record_key,
        members.source_name as source_relation
    from members
    left join contact_clusters
        on {{ source_record_key('contacts', 'members.contact_id', 'members.source_name') }} = contact_clusters.source_record_key
)

select * from final
