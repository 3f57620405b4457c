-- The primary key only tells starts apart; here every stretch of a Salesforce record begins where the one before ends,
-- so that a day finds one state of a record: its views per day are not counted, for they would be many rows.
{{ config(meta={'dagster': {'ref': {'name': 'salesforce__contact_history', 'package_name': 'tidycrm'}}}) }}

with

stretches as (
    select
        source_record_key,
        valid_from_date,
        valid_to_date
    from {{ ref('salesforce__contact_history') }}
    union all
    select
        source_record_key,
        valid_from_date,
        valid_to_date
    from {{ ref('salesforce__account_history') }}
),

followed as (
    select
        *,
        lead(valid_from_date) over (partition by source_record_key order by valid_from_date) as next_valid_from_date
    from stretches
)

select *
from followed
where next_valid_from_date is not null and next_valid_from_date is distinct from valid_to_date
