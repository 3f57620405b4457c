-- Grain: one account-like source record and the organisation it belongs to.
with

account_clusters as (
    select * from {{ source('hygiene', 'account_clusters') }}
),

typed as (
    select
        cast(source_record_key as varchar) as source_record_key,
        cast(golden_account_id as varchar) as golden_account_id,
        cast(cluster_size as bigint) as cluster_size,
        cast(is_singleton as boolean) as is_singleton,
        cast(assigned_at as timestamp) as assigned_at
    from account_clusters
)

select * from typed
