-- Grain: one surviving value of one field of one golden record.
{{ config(materialized='view') }}

with

lineage as (
    select * from {{ ref('stg_hygiene__golden_field_lineage') }}
)

select
    entity_type,
    golden_id,
    field_name,
    value,
    source_record_key,
    source_name,
    rule,
    candidate_count,
    runner_up_value,
    runner_up_source_record_key,
    observed_at
from lineage
