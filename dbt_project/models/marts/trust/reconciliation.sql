-- Grain: one headline number of one source: the source's own figure, ours, and why they differ.
{%- set reasons = ['quarantined', 'duplicate_in_source', 'duplicate_across_sources', 'deduplicated', 'test_record', 'currency', 'missing_fx_rate'] %}
with

details as (
    select * from {{ ref('reconciliation_details') }}
),

-- The figure a user of the source sees, counted from the records as they came in.
crm_figures as (
    select
        'contacts' as metric,
        source_name,
        count(*) filter (where not is_deleted) as crm_figure,
        count(*) filter (where is_deleted) as deleted_figure
    from {{ ref('int_contacts_unioned') }}
    group by 1, 2

    union all

    select
        'accounts' as metric,
        source_name,
        count(*) filter (where not is_deleted) as crm_figure,
        count(*) filter (where is_deleted) as deleted_figure
    from {{ ref('int_accounts_unioned') }}
    group by 1, 2

    union all

    select
        case status when 'won' then 'won_amount' else 'open_pipeline_amount' end as metric,
        source_name,
        coalesce(sum(amount) filter (where not is_deleted), 0) as crm_figure,
        coalesce(sum(amount) filter (where is_deleted), 0) as deleted_figure
    from {{ ref('int_opportunities_unioned') }}
    where status in ('won', 'open')
    group by 1, 2

    union all

    select
        'revenue' as metric,
        source_name,
        sum(amount_in - amount_deleted) as crm_figure,
        sum(amount_deleted) as deleted_figure
    from {{ ref('reconciliation_revenue') }}
    group by 1, 2
),

-- Ours, from the tables that analysts sum; a golden record belongs to the record that speaks for it.
our_figures as (
    select
        'contacts' as metric,
        representatives.source_name,
        count(*) as our_figure
    from {{ ref('dim_contacts') }} as dim_contacts
    inner join (
        select
            golden_contact_id,
            min_by(source_name, source_record_key) as source_name
        from {{ ref('bridge_contact_source_records') }}
        where not is_deleted
        group by 1
    ) as representatives
        on dim_contacts.golden_contact_id = representatives.golden_contact_id
    where not dim_contacts.is_deleted and not dim_contacts.is_test_record
    group by 1, 2

    union all

    select
        'accounts' as metric,
        representatives.source_name,
        count(*) as our_figure
    from {{ ref('dim_accounts') }} as dim_accounts
    inner join (
        select
            golden_account_id,
            min_by(source_name, source_record_key) as source_name
        from {{ ref('bridge_account_source_records') }}
        where not is_deleted
        group by 1
    ) as representatives
        on dim_accounts.golden_account_id = representatives.golden_account_id
    where not dim_accounts.is_deleted and not dim_accounts.is_test_record
    group by 1, 2

    union all

    select
        case status when 'won' then 'won_amount' else 'open_pipeline_amount' end as metric,
        source_name,
        coalesce(sum(amount_reporting), 0) as our_figure
    from {{ ref('fct_opportunities') }}
    where is_counted and status in ('won', 'open')
    group by 1, 2

    union all

    select
        'revenue' as metric,
        source_name,
        sum(amount_reporting) as our_figure
    from {{ ref('fct_revenue_events') }}
    where is_counted
    group by 1, 2
),

explained as (
    select
        metric,
        source_name,
        {%- for reason in reasons %}
        sum(case when reason = '{{ reason }}' then difference else 0 end) as {{ reason }},
        {%- endfor %}
        sum(
            case
                when reason not in ('{{ reasons | join("', '") }}') then difference
                else 0
            end
        ) as not_revenue,
        count(*) as differing_records
    from details
    group by 1, 2
),

final as (
    select
        crm_figures.metric,
        crm_figures.source_name,
        case when crm_figures.metric in ('contacts', 'accounts') then 'records' else 'money' end as unit_type,
        cast(crm_figures.crm_figure as decimal(18, 2)) as crm_figure,
        {%- for reason in reasons %}
        cast(coalesce(explained.{{ reason }}, 0) as decimal(18, 2)) as difference_{{ reason }},
        {%- endfor %}
        cast(coalesce(explained.not_revenue, 0) as decimal(18, 2)) as difference_not_revenue,
        cast(coalesce(our_figures.our_figure, 0) as decimal(18, 2)) as our_figure,
        cast(
            coalesce(our_figures.our_figure, 0) - crm_figures.crm_figure
            {%- for reason in reasons %}
            - coalesce(explained.{{ reason }}, 0)
            {%- endfor %}
            - coalesce(explained.not_revenue, 0) as decimal(18, 2)
        ) as difference_unexplained,
        cast(crm_figures.deleted_figure as decimal(18, 2)) as deleted_figure,
        coalesce(explained.differing_records, 0) as differing_record_count
    from crm_figures
    left join our_figures
        on crm_figures.metric = our_figures.metric
        and crm_figures.source_name = our_figures.source_name
    left join explained
        on crm_figures.metric = explained.metric
        and crm_figures.source_name = explained.source_name
)

select * from final
