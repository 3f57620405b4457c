-- Grain: one golden record of two or more source records.
{{ config(materialized='view') }}

with

identity_cluster_audit as (
    select * from {{ ref('stg_hygiene__identity_cluster_audit') }}
)

select
    entity_type,
    golden_id,
    record_count,
    purity_probability,
    least_sure_source_record_key,
    least_sure_bits,
    model_link_count,
    crm_link_count,
    steward_link_count
from identity_cluster_audit
