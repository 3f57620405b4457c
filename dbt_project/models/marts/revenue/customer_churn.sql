-- Grain: one customer who has ever been active, as of the as-of date.
{%- set horizon = var('churn_horizon_days') %}
with

customers as (
    select * from {{ ref('int_customers_classified') }}
    where customer_id <> 'unknown'
),

terms as (
    select * from {{ ref('int_recurring_terms_selected') }}
),

revenue_events as (
    select * from {{ ref('fct_revenue_events') }}
    where is_counted
),

predictions as (
    select * from {{ ref('int_customers_predicted') }}
),

engagement as (
    select * from {{ ref('customer_engagement') }}
),

customer_months as (
    select * from {{ ref('fct_customer_month_mrr') }}
),

invoices as (
    select * from {{ ref('int_revenue_lines_resolved') }}
    where line_type = 'invoice' and not is_deleted and not is_void
),

-- An open-ended term covers every later day.
coverage as (
    select
        customer_id,
        max(coalesce(end_date, date '9999-12-31')) as covered_to_date,
        arg_max(
            end_reason,
            {'day': coalesce(end_date, date '9999-12-31'), 'key': source_record_key}
        ) as end_reason,
        sum(case
            when coalesce(end_date, date '9999-12-31') >= {{ as_of_date() }} then mrr_reporting
            else 0
        end) as mrr,
        any_value(evidence) as evidence
    from terms
    group by 1
),

last_term_mrr as (
    select
        terms.customer_id,
        sum(terms.mrr_reporting) as mrr_before_end
    from terms
    inner join coverage
        on terms.customer_id = coverage.customer_id
        and coalesce(terms.end_date, date '9999-12-31') = coverage.covered_to_date
    group by 1
),

revenue as (
    select
        customer_id,
        sum(amount_reporting) as historic_revenue_reporting,
        sum(case when event_date > {{ as_of_date() }} - 365 then amount_reporting else 0 end) as revenue_last_365_days,
        min(case when amount > 0 then event_date end) as first_purchase_date,
        max(case when amount > 0 then event_date end) as last_purchase_date,
        count(distinct case when amount > 0 then event_date end) as purchase_days,
        count(*) filter (where amount > 0) as purchase_count
    from revenue_events
    group by 1
),

-- Three months ago and now, both measured at an end of month or at the as-of date.
mrr_changes as (
    select
        customer_id,
        max(case when month_date = date_trunc('month', {{ as_of_date() }}) then mrr_end end) as mrr_now,
        max(case when month_date = date_trunc('month', {{ as_of_date() }}) - interval 3 month then mrr_end end) as mrr_before
    from customer_months
    where month_date >= date_trunc('month', {{ as_of_date() }}) - interval 3 month
    group by 1
),

overdue_invoices as (
    select
        customer_id,
        count(*) as overdue_invoice_count
    from invoices
    where
        paid_date is null
        and due_date < {{ as_of_date() }} - 30
        and net_amount > 0
        and not coalesce(regexp_matches(lower(status), '(paid|settled|bezahlt|pay)'), false)
    group by 1
),

measured as (
    select
        customers.customer_id,
        customers.customer_kind,
        customers.setting,
        coalesce(coverage.evidence, 'purchases') as evidence,
        coverage.covered_to_date,
        coverage.end_reason,
        coalesce(coverage.mrr, 0) as mrr,
        coalesce(last_term_mrr.mrr_before_end, 0) as mrr_before_end,
        coalesce(revenue.historic_revenue_reporting, 0) as historic_revenue_reporting,
        greatest(coalesce(revenue.revenue_last_365_days, 0), 0) as revenue_last_365_days,
        revenue.first_purchase_date,
        revenue.last_purchase_date,
        coalesce(revenue.purchase_count, 0) as purchase_count,
        date_diff('day', revenue.last_purchase_date, {{ as_of_date() }}) as days_since_last_purchase,
        -- The customer's own rhythm, known from the third purchase on.
        case
            when revenue.purchase_days > 2
                then date_diff('day', revenue.first_purchase_date, revenue.last_purchase_date) / (revenue.purchase_days - 1)
        end as days_between_purchases,
        case
            when coverage.covered_to_date < {{ as_of_date() }}
                then date_diff('day', coverage.covered_to_date, {{ as_of_date() }})
        end as days_since_cover_ended,
        date_diff('day', {{ as_of_date() }}, nullif(coverage.covered_to_date, date '9999-12-31')) as days_to_end,
        engagement.days_since_last_activity,
        coalesce(engagement.open_ticket_count, 0) as open_ticket_count,
        coalesce(overdue_invoices.overdue_invoice_count, 0) as overdue_invoice_count,
        coalesce(mrr_changes.mrr_before > 0 and mrr_changes.mrr_now <= 0.8 * mrr_changes.mrr_before, false) as is_mrr_falling,
        cast(predictions.probability_no_purchase_{{ horizon }} as decimal(9, 6)) as churn_probability,
        predictions.method as prediction_method,
        predictions.model_run_id
    from customers
    left join coverage
        on customers.customer_id = coverage.customer_id
    left join last_term_mrr
        on customers.customer_id = last_term_mrr.customer_id
    left join revenue
        on customers.customer_id = revenue.customer_id
    left join mrr_changes
        on customers.customer_id = mrr_changes.customer_id
    left join overdue_invoices
        on customers.customer_id = overdue_invoices.customer_id
    left join engagement
        on customers.customer_id = engagement.customer_id
    left join predictions
        on customers.customer_id = predictions.customer_key
    where coverage.customer_id is not null or revenue.purchase_count > 0
),

judged as (
    select
        *,
        case
            when setting = 'contractual' and days_since_cover_ended is null then 'active'
            when setting = 'contractual' and days_since_cover_ended <= {{ var('churn_grace_days') }} then 'in_grace'
            when setting = 'contractual' then 'churned'
            when days_since_last_purchase <= {{ var('churn_inactive_days') }} then 'active'
            else 'churned'
        end as churn_status
    from measured
),

flagged as (
    select
        *,
        churn_status <> 'churned' as is_scored,
        churn_status = 'active' and coalesce(days_to_end between 0 and 90, false) as is_renewal_due,
        coalesce(setting = 'non_contractual' and days_since_last_purchase > 2 * days_between_purchases, false)
            as is_silent_for_its_rhythm,
        -- Without any activity on record nobody knows whether there was none.
        coalesce(days_since_last_activity > 60, false) as is_out_of_touch
    from judged
),

scored as (
    select
        *,
        case when is_scored then churn_probability end as scored_probability,
        case
            when not is_scored then 0
            when setting = 'contractual' then churn_probability * 12 * greatest(mrr, case when churn_status = 'in_grace' then mrr_before_end else 0 end)
            else churn_probability * revenue_last_365_days
        end as value_at_risk,
        is_scored and (
            coalesce(churn_probability >= {{ var('at_risk_probability') }}, false)
            or churn_status = 'in_grace'
            or (is_renewal_due and is_out_of_touch)
            or is_mrr_falling
            or overdue_invoice_count > 0
        ) as is_at_risk
    from flagged
),

-- Equal probabilities share a decile, so the order of rows decides nothing.
ranked as (
    select
        customer_id,
        least(10, 1 + cast(floor(10 * percent_rank() over (order by scored_probability)) as bigint)) as risk_decile
    from scored
    where scored_probability is not null
),

final as (
    select
        scored.customer_id,
        scored.customer_kind,
        scored.setting,
        scored.evidence,
        scored.churn_status,
        case
            when scored.churn_status <> 'churned' then null
            when scored.setting = 'contractual' then coalesce(scored.end_reason, 'term ended without renewal')
            else 'no purchase for more than {{ var("churn_inactive_days") }} days'
        end as churn_reason,
        case
            when scored.churn_status <> 'churned' then null
            when scored.setting = 'contractual' then {{ churn_reason_type('scored.end_reason') }}
            else 'silent'
        end as churn_reason_type,
        scored.prediction_method,
        scored.model_run_id,
        nullif(concat_ws(
            '; ',
            case when scored.is_scored and scored.churn_status = 'in_grace'
                then 'contract ended ' || scored.days_since_cover_ended || ' days ago without renewal' end,
            case when scored.is_renewal_due then 'contract ends in ' || scored.days_to_end || ' days' end,
            case when scored.is_scored and scored.is_mrr_falling then 'recurring amount fell by a fifth or more in three months' end,
            case when scored.is_scored and scored.overdue_invoice_count > 0
                then scored.overdue_invoice_count || ' invoices more than 30 days overdue' end,
            case when scored.is_scored and scored.is_silent_for_its_rhythm
                then 'no purchase for ' || scored.days_since_last_purchase || ' days, usually every '
                    || cast(round(scored.days_between_purchases) as bigint) || ' days' end,
            case when scored.is_scored and scored.is_out_of_touch
                then 'no contact for ' || scored.days_since_last_activity || ' days' end,
            case when scored.is_scored and scored.open_ticket_count >= 3
                then scored.open_ticket_count || ' open tickets' end,
            case when coalesce(scored.scored_probability >= {{ var('at_risk_probability') }}, false)
                then 'the model expects ' || case when scored.setting = 'contractual' then 'no contract' else 'no purchase' end
                    || ' within {{ horizon }} days (' || cast(round(100 * scored.scored_probability) as bigint) || ' %)' end
        ), '') as risk_reasons,
        cast(scored.mrr as decimal(18, 2)) as mrr_reporting,
        cast(case when scored.churn_status = 'churned' then scored.mrr_before_end else 0 end as decimal(18, 2)) as mrr_lost_reporting,
        cast(scored.historic_revenue_reporting as decimal(18, 2)) as historic_revenue_reporting,
        cast(scored.purchase_count as bigint) as purchase_count,
        cast(scored.days_since_last_purchase as bigint) as days_since_last_purchase,
        scored.scored_probability as churn_probability,
        ranked.risk_decile,
        cast(coalesce(scored.value_at_risk, 0) as decimal(18, 2)) as value_at_risk_reporting,
        scored.churn_status = 'churned' as is_churned,
        scored.is_at_risk,
        scored.is_renewal_due,
        -- What a score of today is worth is known when its horizon has passed; of the gone it is known now.
        case when scored.churn_status = 'churned' then true end as churn_label,
        scored.first_purchase_date,
        scored.last_purchase_date,
        case when scored.covered_to_date < date '9999-12-31' then scored.covered_to_date end as covered_to_date,
        cast(case
            when scored.churn_status <> 'churned' then null
            when scored.setting = 'contractual' then scored.covered_to_date + 1
            else scored.last_purchase_date + {{ var('churn_inactive_days') }} + 1
        end as date) as churn_date,
        case
            when scored.churn_status = 'churned' then {{ as_of_date() }}
            else cast({{ as_of_date() }} + {{ horizon }} as date)
        end as label_known_date,
        {{ as_of_date() }} as as_of_date
    from scored
    left join ranked
        on scored.customer_id = ranked.customer_id
)

select * from final
