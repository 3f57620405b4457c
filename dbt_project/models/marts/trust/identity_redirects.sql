-- Grain: one golden id that is no longer in use.
{{ config(materialized='view') }}

with

redirects as (
    select * from {{ ref('stg_hygiene__identity_redirects') }}
)

select
    entity_type,
    old_id,
    new_id,
    reason,
    valid_from
from redirects
