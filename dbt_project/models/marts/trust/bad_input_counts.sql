-- Grain: one kind of questionable input, with the policy that treats it and how often it occurs.
with

lines as (
    select * from {{ ref('int_revenue_lines_resolved') }}
    where not is_deleted
),

revenue_events as (
    select * from {{ ref('fct_revenue_events') }}
    where exclusion_reason is distinct from 'deleted'
),

terms as (
    select
        *,
        coalesce(
            start_date <= max(coalesce(end_date, date '9999-12-31')) over (
                partition by customer_id order by start_date, source_record_key
                rows between unbounded preceding and 1 preceding
            ), false
        ) as is_overlapping
    from {{ ref('int_recurring_terms_selected') }}
),

-- A closing stage was reached at some time, and the deal is open all the same.
reopened as (
    select distinct opportunities.source_record_key
    from {{ ref('int_opportunity_stage_changes_unioned') }} as changes
    inner join {{ ref('int_opportunities_deduplicated') }} as opportunities
        on changes.opportunity_source_record_key = opportunities.source_record_key
    where
        opportunities.status = 'open'
        and not opportunities.is_deleted
        and {{ opportunity_status('null', 'null', 'changes.stage_name') }} in ('won', 'lost')
        and cast(changes.changed_at as date) <= {{ as_of_date() }}
),

-- A stage of the past that no deal is in today was renamed or given up.
gone_stages as (
    select distinct stage_name
    from {{ ref('int_opportunity_stage_changes_unioned') }}
    where
        stage_name is not null
        and cast(changed_at as date) <= {{ as_of_date() }}
        and stage_name not in (
            select distinct stage_name from {{ ref('int_opportunities_deduplicated') }}
            where stage_name is not null
        )
),

counts as (
    select 'negative_amount' as issue, 'fct_revenue_events' as table_name,
        'Money that flows back: counted as a refund or credit, whatever the type says.' as policy,
        (select count(*) from lines where amount < 0) as row_count
    union all
    select 'zero_amount', 'fct_revenue_events',
        'Counted as an event of no value; it is a purchase for the rhythm of a customer.',
        (select count(*) from revenue_events where amount = 0)
    union all
    select 'missing_amount', 'fct_revenue_events', 'Not revenue; the row stays, with its reason.',
        (select count(*) from revenue_events where exclusion_reason = 'missing_amount')
    union all
    select 'missing_date', 'fct_revenue_events', 'Not revenue; the row stays, with its reason.',
        (select count(*) from revenue_events where exclusion_reason = 'missing_date')
    union all
    select 'future_date', 'fct_revenue_events', 'Not revenue until its day has come.',
        (select count(*) from revenue_events where exclusion_reason = 'after_as_of_date')
    union all
    select 'refund_without_order', 'fct_revenue_events',
        'Counted: it lowers the customer''s revenue, with or without the order it belongs to.',
        (
            select count(*)
            from lines as returned
            left join (select distinct source_name, source_record_id from lines where line_type in ('order', 'invoice')) as originals
                on returned.source_name = originals.source_name
                and returned.related_source_id = originals.source_record_id
            where returned.line_type in ('refund', 'credit', 'credit_note') and originals.source_record_id is null
        )
    union all
    select 'end_before_start', 'fct_revenue_events', 'Not revenue and no term; the row stays, with its reason.',
        (select count(distinct source_record_key) from revenue_events where exclusion_reason = 'invalid_period')
    union all
    select 'overlapping_terms', 'fct_customer_month_mrr', 'Amounts of terms that run at the same time add up.',
        (select count(*) from terms where is_overlapping)
    union all
    select 'open_ended_terms', 'fct_customer_month_mrr', 'Run on until the source states an end.',
        (select count(*) from terms where end_date is null)
    union all
    select 'one_purchase', 'customer_ltv',
        'The future is what the model expects of customers with one purchase, or the mean of all where there is no model.',
        (select count(*) from {{ ref('customer_ltv') }} where order_count = 1)
    union all
    select 'unknown_currency', 'fct_revenue_events',
        'Without an exchange rate an amount is not revenue; it never counts at a rate of 1.',
        (select count(*) from revenue_events where exclusion_reason = 'missing_fx_rate')
    union all
    select 'assumed_currency', 'fct_revenue_events', 'An amount without a currency is taken to be in the reporting currency.',
        (select count(*) from revenue_events where is_currency_assumed)
    union all
    select 'unknown_customer', 'fct_revenue_events', 'Counted under the customer ''unknown'', so that no money is lost.',
        (select count(*) from revenue_events where is_counted and customer_id = 'unknown')
    union all
    select 'duplicate_deal', 'fct_opportunities', 'A deal that several systems record counts once.',
        (select count(*) from {{ ref('int_opportunities_deduplicated') }} where not is_primary and not is_deleted)
    union all
    select 'reopened_deal', 'fct_opportunities', 'The present status decides: an open deal is pipeline and no revenue.',
        (select count(*) from reopened)
    union all
    select 'stage_name_not_in_use', 'fct_opportunity_stage_history',
        'Stages keep the name of their day; a renamed one is a stage of its own, and what its name says decides about won and lost.',
        (select count(*) from gone_stages)
    union all
    select 'closed_before_created', 'fct_opportunities', 'The deal counts; its days to close are left empty.',
        (select count(*) from {{ ref('fct_opportunities') }} where is_closed_before_created)
),

final as (
    select
        issue,
        table_name,
        policy,
        row_count,
        {{ as_of_date() }} as as_of_date
    from counts
)

select * from final
