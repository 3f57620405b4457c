-- Grain: one period during which a customer owes a monthly amount, from the best evidence there is
-- for that customer: subscriptions, then invoiced periods, then dated deals, then assumed terms.
with

revenue_lines as (
    select * from {{ ref('int_revenue_lines_resolved') }}
    where
        not is_deleted
        and not is_void
        and not (is_test_record and {{ var('exclude_test_records') }})
        and net_amount > 0
),

won_opportunities as (
    select
        *,
        -- Sales people do not always set the type: a name that says renewal is one.
        coalesce(regexp_matches(lower(opportunity_type), 'renew|existing ?business'), false)
        or coalesce(regexp_matches(lower(opportunity_name), 'renew'), false) as is_renewal,
        coalesce(regexp_matches(lower(opportunity_type), 'new'), false) as is_new_business
    from {{ ref('int_opportunities_deduplicated') }}
    where
        is_primary
        and status = 'won'
        and not is_deleted
        and not (is_test_record and {{ var('exclude_test_records') }})
        and close_date <= {{ as_of_date() }}
),

fx_rates as (
    select * from {{ ref('stg_reference__fx_rates') }}
),

subscription_terms as (
    select
        source_record_key,
        customer_id,
        1 as evidence_rank,
        'subscription' as evidence,
        currency_code,
        {{ monthly_amount('net_amount', 'billing_period') }} as mrr,
        period_start_date as start_date,
        -- An ended subscription without an end date ends on the day of its cancellation, else on the
        -- day its row last changed, else at once: it never stays open.
        coalesce(
            period_end_date,
            case
                when regexp_matches(lower(status), '(cancel|ended|expired|inactive|churn|gekündigt|beendet)')
                    then coalesce(cancelled_date, cast(modified_at as date), period_start_date)
            end
        ) as end_date,
        cancel_reason as end_reason
    from revenue_lines
    where line_type = 'subscription' and billing_period is not null
),

invoice_terms as (
    select
        source_record_key,
        customer_id,
        2 as evidence_rank,
        'invoice_period' as evidence,
        currency_code,
        cast(round(net_amount / {{ months_in_term('period_start_date', 'period_end_date') }}, 2) as decimal(18, 2)) as mrr,
        period_start_date as start_date,
        period_end_date as end_date,
        cast(null as varchar) as end_reason
    from revenue_lines
    where
        line_type = 'invoice'
        and line_date <= {{ as_of_date() }}
        and period_end_date >= period_start_date
),

dated_deals as (
    select
        source_record_key,
        customer_id,
        currency_code,
        amount,
        mrr_amount,
        recurring_end_reason,
        coalesce(contract_start_date, close_date) as start_date,
        coalesce(
            recurring_end_date,
            contract_end_date,
            cast(
                coalesce(contract_start_date, close_date) + to_months(cast(contract_term_months as integer)) - to_days(1)
                as date
            )
        ) as end_date
    from won_opportunities
    where mrr_amount is not null or contract_end_date is not null or contract_term_months > 0
),

dated_deal_terms as (
    select
        source_record_key,
        customer_id,
        3 as evidence_rank,
        'contract_term' as evidence,
        currency_code,
        coalesce(
            mrr_amount,
            cast(round(amount / {{ months_in_term('start_date', 'end_date') }}, 2) as decimal(18, 2))
        ) as mrr,
        start_date,
        end_date,
        recurring_end_reason as end_reason
    from dated_deals
    -- A monthly amount may run on without an end; an amount needs the term it is for.
    where end_date >= start_date or (end_date is null and mrr_amount is not null)
),

-- Deals without dates are taken as recurring only for customers who have renewed.
renewing_customers as (
    select distinct customer_id from won_opportunities where is_renewal
),

undated_deals as (
    select
        won_opportunities.source_record_key,
        won_opportunities.customer_id,
        won_opportunities.currency_code,
        won_opportunities.amount,
        won_opportunities.close_date as start_date,
        -- A renewal takes the place of the terms before it: amounts never overlap by early renewal.
        min(case when won_opportunities.is_renewal then won_opportunities.close_date end) over (
            partition by won_opportunities.customer_id
            order by won_opportunities.close_date
            range between interval 1 day following and unbounded following
        ) as next_renewal_date
    from won_opportunities
    inner join renewing_customers
        on won_opportunities.customer_id = renewing_customers.customer_id
    where
        (won_opportunities.is_renewal or won_opportunities.is_new_business)
        and won_opportunities.amount > 0
        and won_opportunities.customer_id <> 'unknown'
),

assumed_terms as (
    select
        source_record_key,
        customer_id,
        4 as evidence_rank,
        'assumed_term' as evidence,
        currency_code,
        cast(round(amount / {{ var('default_term_months') }}, 2) as decimal(18, 2)) as mrr,
        start_date,
        cast(least(
            start_date + to_months({{ var('default_term_months') }}) - to_days(1),
            next_renewal_date - 1
        ) as date) as end_date,
        cast(null as varchar) as end_reason
    from undated_deals
),

terms_unioned as (
    select * from subscription_terms
    union all
    select * from invoice_terms
    union all
    select * from dated_deal_terms
    union all
    select * from assumed_terms
),

valid_terms as (
    select
        *,
        min(evidence_rank) over (partition by customer_id) as best_evidence_rank,
        {{ as_of_date() }} as fx_lookup_date
    from terms_unioned
    where
        start_date <= {{ as_of_date() }}
        and (end_date is null or end_date >= start_date)
        and mrr > 0
        -- Money that nobody can be named for is revenue, but it is not a customer's contract.
        and customer_id <> 'unknown'
),

-- One rate per currency for all months, the latest known: exchange rates never look like
-- expansion or contraction.
converted as (
    select
        valid_terms.source_record_key,
        valid_terms.customer_id,
        valid_terms.evidence,
        valid_terms.currency_code,
        valid_terms.end_reason,
        valid_terms.mrr,
        {{ in_reporting_currency('valid_terms.mrr', 'valid_terms.currency_code') }} as mrr_reporting,
        valid_terms.start_date,
        valid_terms.end_date
    from valid_terms
    {{ fx_join('valid_terms', 'currency_code', 'fx_lookup_date') }}
    where valid_terms.evidence_rank = valid_terms.best_evidence_rank
)

select * from converted
