-- Grain: one row or record that was set aside, with the reason.
{{ config(materialized='view') }}

with

quarantined as (
    select * from {{ ref('stg_hygiene__quarantined_records') }}
)

select
    quarantine_id,
    source_record_key,
    source_name,
    source_type,
    source_object,
    stage,
    reason_code,
    rule_id,
    reason_detail,
    source_file,
    source_line,
    raw_payload,
    owner_name,
    source_link,
    fix_status,
    fix_detail,
    first_seen_at,
    last_seen_at
from quarantined
