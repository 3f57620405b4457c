-- Grain: one contact-like source record, with the golden contact it belongs to.
with

clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

standardised as (
    select * from {{ ref('stg_hygiene__standardised_contacts') }}
),

final as (
    select
        clusters.source_record_key,
        clusters.golden_contact_id,
        standardised.source_name,
        standardised.source_type,
        standardised.source_object,
        standardised.source_record_id,
        standardised.delete_kind,
        standardised.merged_into_key,
        clusters.cluster_size,
        clusters.is_singleton,
        standardised.is_deleted,
        standardised.is_test_record,
        standardised.created_at,
        standardised.modified_at,
        clusters.assigned_at as valid_from,
        standardised._extracted_at as extracted_at
    from clusters
    left join standardised
        on clusters.source_record_key = standardised.source_record_key
)

select * from final
