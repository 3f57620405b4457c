-- Grain: one contact-like source record and the person it belongs to.
with

contact_clusters as (
    select * from {{ source('hygiene', 'contact_clusters') }}
),

typed as (
    select
        cast(source_record_key as varchar) as source_record_key,
        cast(golden_contact_id as varchar) as golden_contact_id,
        cast(cluster_size as bigint) as cluster_size,
        cast(is_singleton as boolean) as is_singleton,
        cast(assigned_at as timestamp) as assigned_at
    from contact_clusters
)

select * from typed
