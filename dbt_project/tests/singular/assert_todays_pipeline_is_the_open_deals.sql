-- Rebuilding the past must end at the present. Deals that changed after the as-of date are left out:
-- the daily pipeline shows them as they were, the table of deals as they are.
{{ config(meta={'dagster': {'ref': {'name': 'pipeline_daily', 'package_name': 'tidycrm'}}}) }}

with

open_deals as (
    select
        opportunity_id,
        amount_reporting,
        weighted_amount_reporting
    from {{ ref('fct_opportunities') }}
    where status = 'open' and is_counted and coalesce(created_date, {{ as_of_date() }}) <= {{ as_of_date() }}
),

snapshot as (
    select
        opportunity_id,
        amount_reporting,
        weighted_amount_reporting
    from {{ ref('pipeline_daily') }}
    where snapshot_date = {{ as_of_date() }}
),

changed_later as (
    select opportunity_id
    from {{ ref('fct_opportunities') }}
    where {{ reporting_date('modified_at') }} > {{ as_of_date() }}
)

select coalesce(open_deals.opportunity_id, snapshot.opportunity_id) as opportunity_id
from open_deals
full outer join snapshot
    on open_deals.opportunity_id = snapshot.opportunity_id
left join changed_later
    on coalesce(open_deals.opportunity_id, snapshot.opportunity_id) = changed_later.opportunity_id
where
    changed_later.opportunity_id is null
    and (
        open_deals.opportunity_id is null
        or snapshot.opportunity_id is null
        or open_deals.amount_reporting is distinct from snapshot.amount_reporting
        or open_deals.weighted_amount_reporting is distinct from snapshot.weighted_amount_reporting
    )
