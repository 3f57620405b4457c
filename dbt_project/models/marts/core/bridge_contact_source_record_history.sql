-- Grain: one uninterrupted time in which one contact-like source record belonged to one golden contact.
{{ config(materialized='view') }}

with

clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

ended as (
    select * from {{ ref('stg_hygiene__ended_assignments') }}
),

contacts_ended as (
    select *
    from ended
    where entity_type = 'contact'
),

final as (
    select
        source_record_key,
        golden_contact_id,
        true as is_current,
        assigned_at as valid_from,
        cast(null as timestamp) as valid_to
    from clusters
    union all
    select
        source_record_key,
        golden_id as golden_contact_id,
        false as is_current,
        valid_from,
        valid_to
    from contacts_ended
)

select * from final
