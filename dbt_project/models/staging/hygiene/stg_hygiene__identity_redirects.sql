-- Grain: one golden id that is no longer in use and the living id that replaces it.
with

identity_redirects as (
    select * from {{ source('hygiene', 'identity_redirects') }}
),

typed as (
    select
        cast(entity_type as varchar) as entity_type,
        cast(old_id as varchar) as old_id,
        cast(new_id as varchar) as new_id,
        cast(valid_from as timestamp) as valid_from,
        cast(reason as varchar) as reason
    from identity_redirects
)

select * from typed
