-- Grain: one time in which one source record belonged to one golden id, and that is over.
with

ended_assignments as (
    select * from {{ source('hygiene', 'ended_assignments') }}
),

typed as (
    select
        cast(entity_type as varchar) as entity_type,
        cast(source_record_key as varchar) as source_record_key,
        cast(golden_id as varchar) as golden_id,
        cast(valid_from as timestamp) as valid_from,
        cast(valid_to as timestamp) as valid_to
    from ended_assignments
)

select * from typed
