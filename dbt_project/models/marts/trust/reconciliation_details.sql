-- Grain: one source record of one headline number to which the source gives another value than we do.
{%- set exclude_tests = var('exclude_test_records') %}
with

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

account_clusters as (
    select * from {{ ref('stg_hygiene__account_clusters') }}
),

golden_contacts as (
    select * from {{ ref('stg_hygiene__golden_contacts') }}
),

golden_accounts as (
    select * from {{ ref('stg_hygiene__golden_accounts') }}
),

fx_rates as (
    select * from {{ ref('stg_reference__fx_rates') }}
),

-- A CRM counts what it has not deleted. So do we, once per person or organisation.
people_and_companies as (
    select
        'contacts' as metric,
        records.source_name,
        records.source_record_key,
        clusters.golden_contact_id as golden_id,
        coalesce(golden.is_test_record, false) as is_test_record
    from {{ ref('int_contacts_unioned') }} as records
    left join contact_clusters as clusters
        on records.source_record_key = clusters.source_record_key
    left join golden_contacts as golden
        on clusters.golden_contact_id = golden.golden_contact_id
    where not records.is_deleted

    union all

    select
        'accounts' as metric,
        records.source_name,
        records.source_record_key,
        clusters.golden_account_id as golden_id,
        coalesce(golden.is_test_record, false) as is_test_record
    from {{ ref('int_accounts_unioned') }} as records
    left join account_clusters as clusters
        on records.source_record_key = clusters.source_record_key
    left join golden_accounts as golden
        on clusters.golden_account_id = golden.golden_account_id
    where not records.is_deleted
),

-- The smallest key speaks for the golden record, and in each source for the source's share of it.
counted_records as (
    select
        *,
        row_number() over (partition by metric, golden_id order by source_record_key) as rank_of_all,
        row_number() over (partition by metric, golden_id, source_name order by source_record_key) as rank_in_source
    from people_and_companies
),

count_rows as (
    select
        metric,
        source_name,
        source_record_key,
        case
            when golden_id is null then 'quarantined'
            when rank_in_source > 1 then 'duplicate_in_source'
            when rank_of_all > 1 then 'duplicate_across_sources'
            when is_test_record then 'test_record'
        end as reason,
        cast(1 as decimal(18, 2)) as crm_value,
        cast(case when golden_id is not null and rank_of_all = 1 and not is_test_record then 1 else 0 end as decimal(18, 2)) as our_value
    from counted_records
),

deals as (
    select * from {{ ref('int_opportunities_deduplicated') }}
    where not is_deleted and status in ('won', 'open')
),

converted_deals as (
    select
        deals.*,
        {{ in_reporting_currency('deals.amount', 'deals.currency_code') }} as amount_reporting
    from deals
    {{ fx_join('deals', 'currency_code', 'close_date') }}
),

-- A CRM adds up amounts as they stand, whatever their currency.
deal_rows as (
    select
        case status when 'won' then 'won_amount' else 'open_pipeline_amount' end as metric,
        source_name,
        source_record_key,
        case
            when not is_primary then 'deduplicated'
            when is_test_record and {{ exclude_tests }} then 'test_record'
            when amount_reporting is null then 'missing_fx_rate'
            else 'currency'
        end as reason,
        cast(coalesce(amount, 0) as decimal(18, 2)) as crm_value,
        cast(case
            when is_primary and not (is_test_record and {{ exclude_tests }}) then coalesce(amount_reporting, 0)
            else 0
        end as decimal(18, 2)) as our_value
    from converted_deals
),

-- What the sources state as revenue, deleted records aside, beside what counts.
revenue_rows as (
    select
        'revenue' as metric,
        source_name,
        -- A subscription has a row per billing period.
        source_record_key,
        coalesce(exclusion_reason, 'currency') as reason,
        cast(sum(coalesce(amount, 0)) as decimal(18, 2)) as crm_value,
        cast(sum(case when is_counted then amount_reporting else 0 end) as decimal(18, 2)) as our_value
    from {{ ref('fct_revenue_events') }}
    where exclusion_reason is distinct from 'deleted'
    group by 1, 2, 3, 4
),

rows_unioned as (
    select * from count_rows
    union all
    select * from deal_rows
    union all
    select * from revenue_rows
),

final as (
    select
        metric,
        source_name,
        source_record_key,
        reason,
        crm_value,
        our_value,
        cast(our_value - crm_value as decimal(18, 2)) as difference
    from rows_unioned
    where our_value <> crm_value
)

select * from final
