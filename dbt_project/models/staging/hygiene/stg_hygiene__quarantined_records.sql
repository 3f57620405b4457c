-- Grain: one row that was set aside, with the reason.
with

quarantined_records as (
    select * from {{ source('hygiene', 'quarantined_records') }}
),

typed as (
    select
        cast(quarantine_id as varchar) as quarantine_id,
        cast(source_record_key as varchar) as source_record_key,
        cast(source_name as varchar) as source_name,
        cast(source_type as varchar) as source_type,
        cast(source_object as varchar) as source_object,
        cast(stage as varchar) as stage,
        cast(reason_code as varchar) as reason_code,
        cast(rule_id as varchar) as rule_id,
        cast(reason_detail as varchar) as reason_detail,
        cast(source_file as varchar) as source_file,
        cast(source_line as bigint) as source_line,
        cast(raw_payload as varchar) as raw_payload,
        cast(owner_name as varchar) as owner_name,
        cast(source_link as varchar) as source_link,
        cast(fix_status as varchar) as fix_status,
        cast(fix_detail as varchar) as fix_detail,
        cast(first_seen_at as timestamp) as first_seen_at,
        cast(last_seen_at as timestamp) as last_seen_at
    from quarantined_records
)

select * from typed
