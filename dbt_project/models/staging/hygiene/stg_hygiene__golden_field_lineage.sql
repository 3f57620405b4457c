-- Grain: one surviving value of one field of one golden record.
with

golden_field_lineage as (
    select * from {{ source('hygiene', 'golden_field_lineage') }}
),

typed as (
    select
        cast(entity_type as varchar) as entity_type,
        cast(golden_id as varchar) as golden_id,
        cast(field_name as varchar) as field_name,
        cast(value as varchar) as value,
        cast(source_record_key as varchar) as source_record_key,
        cast(source_name as varchar) as source_name,
        cast(rule as varchar) as rule,
        cast(observed_at as timestamp) as observed_at,
        cast(candidate_count as bigint) as candidate_count,
        cast(runner_up_value as varchar) as runner_up_value,
        cast(runner_up_source_record_key as varchar) as runner_up_source_record_key
    from golden_field_lineage
)

select * from typed
