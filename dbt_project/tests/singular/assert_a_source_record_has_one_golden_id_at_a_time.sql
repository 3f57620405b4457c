-- The primary key only tells starts apart; here no time of a record reaches into its next one, so that
-- asking for a past day finds one golden id per source record or none.
{{ config(meta={'dagster': {'ref': {'name': 'bridge_contact_source_record_history', 'package_name': 'tidycrm'}}}) }}

with

assignments as (
    select
        source_record_key,
        valid_from,
        valid_to
    from {{ ref('bridge_contact_source_record_history') }}
    union all
    select
        source_record_key,
        valid_from,
        valid_to
    from {{ ref('bridge_account_source_record_history') }}
),

followed as (
    select
        *,
        lead(valid_from) over (partition by source_record_key order by valid_from) as next_valid_from
    from assignments
)

select *
from followed
where next_valid_from < coalesce(valid_to, timestamp '9999-12-31')
