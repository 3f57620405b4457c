-- Grain: one event in the life of one golden id.
with

identity_events as (
    select * from {{ source('hygiene', 'identity_events') }}
),

typed as (
    select
        cast(entity_type as varchar) as entity_type,
        cast(run_id as varchar) as run_id,
        cast(occurred_at as timestamp) as occurred_at,
        cast(golden_id as varchar) as golden_id,
        cast(event as varchar) as event,
        cast(related_golden_id as varchar) as related_golden_id,
        cast(record_count as bigint) as record_count
    from identity_events
)

select * from typed
