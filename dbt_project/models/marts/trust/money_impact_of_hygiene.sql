-- Grain: one headline number, with and without the work of hygiene.
{%- set exclude_tests = var('exclude_test_records') %}
with

fx_rates as (
    select * from {{ ref('stg_reference__fx_rates') }}
),

deals as (
    select * from {{ ref('int_opportunities_deduplicated') }}
    where not is_deleted and not (is_test_record and {{ exclude_tests }})
),

deal_records as (
    select
        deals.status,
        deals.is_primary,
        {{ in_reporting_currency('deals.amount', 'deals.currency_code') }} as amount_reporting
    from deals
    {{ fx_join('deals', 'currency_code', 'close_date') }}
),

-- Without hygiene every source record is a customer of its own and the same deal or period counts again.
lines as (
    select
        source_record_key,
        coalesce(account_source_record_key, contact_source_record_key) as record_customer_key
    from {{ ref('int_revenue_lines_resolved') }}

    union all

    select
        source_record_key,
        coalesce(account_source_record_key, contact_source_record_key) as record_customer_key
    from {{ ref('int_opportunities_deduplicated') }}
),

events as (
    select
        revenue_events.customer_id,
        lines.record_customer_key,
        revenue_events.amount_reporting,
        revenue_events.is_counted
    from {{ ref('fct_revenue_events') }} as revenue_events
    left join lines
        on revenue_events.source_record_key = lines.source_record_key
    where
        revenue_events.is_counted
        or revenue_events.exclusion_reason in ('duplicate_deal', 'superseded_by_invoice', 'superseded_by_billing')
),

by_record as (
    select
        record_customer_key,
        sum(amount_reporting) as revenue
    from events
    where record_customer_key is not null
    group by 1
    having sum(amount_reporting) > 0
),

by_customer as (
    select
        customer_id,
        sum(amount_reporting) as revenue
    from events
    where is_counted and customer_id <> 'unknown'
    group by 1
    having sum(amount_reporting) > 0
),

figures as (
    select 'contacts' as metric, 1 as metric_order, 'records' as unit_type,
        (select count(*) from {{ ref('int_contacts_unioned') }} where not is_deleted) as without_hygiene,
        (select count(*) from {{ ref('dim_contacts') }} where not is_deleted and not is_test_record) as with_hygiene
    union all
    select 'accounts' as metric, 2 as metric_order, 'records' as unit_type,
        (select count(*) from {{ ref('int_accounts_unioned') }} where not is_deleted) as without_hygiene,
        (select count(*) from {{ ref('dim_accounts') }} where not is_deleted and not is_test_record) as with_hygiene
    union all
    select 'paying_customers' as metric, 3 as metric_order, 'records' as unit_type,
        (select count(*) from by_record) as without_hygiene,
        (select count(*) from by_customer) as with_hygiene
    union all
    select 'revenue' as metric, 4 as metric_order, 'money' as unit_type,
        (select coalesce(sum(amount_reporting), 0) from events) as without_hygiene,
        (select coalesce(sum(amount_reporting), 0) from events where is_counted) as with_hygiene
    union all
    select 'revenue_per_customer' as metric, 5 as metric_order, 'money' as unit_type,
        (select coalesce(avg(revenue), 0) from by_record) as without_hygiene,
        (select coalesce(avg(revenue), 0) from by_customer) as with_hygiene
    union all
    select 'revenue_of_largest_customer' as metric, 6 as metric_order, 'money' as unit_type,
        (select coalesce(max(revenue), 0) from by_record) as without_hygiene,
        (select coalesce(max(revenue), 0) from by_customer) as with_hygiene
    union all
    select 'open_pipeline_amount' as metric, 7 as metric_order, 'money' as unit_type,
        (select coalesce(sum(amount_reporting), 0) from deal_records where status = 'open') as without_hygiene,
        (select coalesce(sum(amount_reporting), 0) from deal_records where status = 'open' and is_primary) as with_hygiene
    union all
    select 'won_amount' as metric, 8 as metric_order, 'money' as unit_type,
        (select coalesce(sum(amount_reporting), 0) from deal_records where status = 'won') as without_hygiene,
        (select coalesce(sum(amount_reporting), 0) from deal_records where status = 'won' and is_primary) as with_hygiene
),

final as (
    select
        metric,
        metric_order,
        unit_type,
        cast(round(without_hygiene, 2) as decimal(18, 2)) as value_without_hygiene,
        cast(round(with_hygiene, 2) as decimal(18, 2)) as value_with_hygiene,
        cast(cast(round(with_hygiene, 2) as decimal(18, 2)) - cast(round(without_hygiene, 2) as decimal(18, 2)) as decimal(18, 2)) as difference,
        {{ rate('(with_hygiene - without_hygiene)', 'without_hygiene', precision=18) }} as change_rate,
        {{ as_of_date() }} as as_of_date
    from figures
)

select * from final
