-- Grain: one event in the life of one golden id.
{{ config(materialized='view') }}

with

events as (
    select * from {{ ref('stg_hygiene__identity_events') }}
)

select
    entity_type,
    golden_id,
    run_id,
    event,
    related_golden_id,
    record_count,
    occurred_at
from events
