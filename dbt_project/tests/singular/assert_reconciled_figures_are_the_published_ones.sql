-- A reconciliation that ends at another number than the tables analysts sum would prove nothing.
{{ config(meta={'dagster': {'ref': {'name': 'reconciliation', 'package_name': 'tidycrm'}}}) }}

with

reconciled as (
    select
        metric,
        sum(our_figure) as our_figure
    from {{ ref('reconciliation') }}
    group by 1
),

published as (
    select 'contacts' as metric, count(*) as figure from {{ ref('dim_contacts') }} where not is_deleted and not is_test_record
    union all
    select 'accounts' as metric, count(*) as figure from {{ ref('dim_accounts') }} where not is_deleted and not is_test_record
    union all
    select 'revenue' as metric, coalesce(sum(historic_revenue_reporting), 0) as figure from {{ ref('customer_ltv') }}
    union all
    select 'open_pipeline_amount' as metric, coalesce(sum(amount_reporting), 0) as figure
    from {{ ref('fct_opportunities') }}
    where status = 'open' and is_counted
    union all
    select 'won_amount' as metric, coalesce(sum(amount_reporting), 0) as figure
    from {{ ref('fct_opportunities') }}
    where status = 'won' and is_counted
)

select
    published.metric,
    published.figure,
    reconciled.our_figure
from published
left join reconciled
    on published.metric = reconciled.metric
where published.figure <> coalesce(reconciled.our_figure, 0)
