-- Grain: one uninterrupted time in which one account-like source record belonged to one golden account.
{{ config(materialized='view') }}

with

clusters as (
    select * from {{ ref('stg_hygiene__account_clusters') }}
),

ended as (
    select * from {{ ref('stg_hygiene__ended_assignments') }}
),

accounts_ended as (
    select *
    from ended
    where entity_type = 'account'
),

final as (
    select
        source_record_key,
        golden_account_id,
        true as is_current,
        assigned_at as valid_from,
        cast(null as timestamp) as valid_to
    from clusters
    union all
    select
        source_record_key,
        golden_id as golden_account_id,
        false as is_current,
        valid_from,
        valid_to
    from accounts_ended
)

select * from final
