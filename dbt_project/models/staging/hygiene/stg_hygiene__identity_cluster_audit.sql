-- Grain: one golden record of two or more source records.
with

identity_cluster_audit as (
    select * from {{ source('hygiene', 'identity_cluster_audit') }}
),

typed as (
    select
        cast(entity_type as varchar) as entity_type,
        cast(golden_id as varchar) as golden_id,
        cast(record_count as bigint) as record_count,
        cast(least_sure_source_record_key as varchar) as least_sure_source_record_key,
        cast(least_sure_bits as decimal(9, 3)) as least_sure_bits,
        cast(steward_link_count as bigint) as steward_link_count,
        cast(crm_link_count as bigint) as crm_link_count,
        cast(model_link_count as bigint) as model_link_count,
        cast(purity_probability as decimal(5, 4)) as purity_probability
    from identity_cluster_audit
)

select * from typed
