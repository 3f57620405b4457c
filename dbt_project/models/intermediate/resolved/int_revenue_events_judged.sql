-- Grain: one event that moved or would have moved money, judged: counted, or excluded for the first
-- reason that applies.
with

events as (
    select * from {{ ref('int_revenue_events_unioned') }}
),

fx_rates as (
    select * from {{ ref('stg_reference__fx_rates') }}
),

-- Orders and invoices that a refund or an invoice refers to, by the id the sheet uses. What kind the event
-- is that is referred to must not stand in a join: beside `left join`, such a condition on one side alone
-- makes DuckDB compare every event with every reference.
referred_ids as (
    select distinct
        source_name,
        related_source_id,
        event_type
    from events
    where related_source_id is not null and not is_deleted and not is_void
),

with_rate as (
    select
        events.*,
        {{ fx_rate('events.currency_code') }} as fx_rate,
        case
            when events.currency_code = '{{ var("reporting_currency") }}' then events.event_date
            else fx_rates.rate_date
        end as fx_date,
        {{ in_reporting_currency('events.amount', 'events.currency_code') }} as converted_amount
    from events
    {{ fx_join('events', 'currency_code', 'event_date') }}
),

-- What the event itself says against counting it. The first reason that applies is the reason.
judged_alone as (
    select
        with_rate.*,
        case
            when with_rate.is_deleted then 'deleted'
            when with_rate.is_duplicate_deal then 'duplicate_deal'
            when with_rate.is_test_record and {{ var('exclude_test_records') }} then 'test_record'
            when with_rate.is_void then 'void'
            when with_rate.event_date is null then 'missing_date'
            when with_rate.is_invalid_period then 'invalid_period'
            when with_rate.amount is null then 'missing_amount'
            when with_rate.event_date > {{ as_of_date() }} then 'after_as_of_date'
            when
                with_rate.is_refunded_in_full
                and with_rate.amount > 0
                and not (with_rate.event_type in ('order', 'invoice') and refunds.related_source_id is not null)
                then 'refunded'
            when with_rate.event_type = 'order' and invoices.related_source_id is not null
                then 'superseded_by_invoice'
        end as own_reason
    from with_rate
    left join referred_ids as refunds
        on with_rate.source_name = refunds.source_name
        and with_rate.source_record_id = refunds.related_source_id
        and refunds.event_type = 'refund'
    left join referred_ids as invoices
        on with_rate.source_name = invoices.source_name
        and with_rate.source_record_id = invoices.related_source_id
        and invoices.event_type = 'invoice'
),

counted_invoices as (
    select
        customer_id,
        coalesce(period_start_date, event_date) as covered_from_date,
        coalesce(period_end_date, event_date) as covered_to_date
    from judged_alone
    where event_type = 'invoice' and own_reason is null and customer_id <> 'unknown'
),

-- A billing period that an invoice covers or falls into is billed by that invoice.
invoiced_periods as (
    select distinct
        periods.source_record_key,
        periods.event_date
    from judged_alone as periods
    inner join counted_invoices
        on periods.customer_id = counted_invoices.customer_id
        and counted_invoices.covered_from_date <= periods.period_end_date
        and counted_invoices.covered_to_date >= periods.period_start_date
    where periods.event_type = 'subscription_period' and periods.own_reason is null
),

billed_customers as (
    select distinct customer_id
    from judged_alone
    where event_type <> 'won_deal' and own_reason is null and amount > 0 and customer_id <> 'unknown'
),

-- What other events say: billing is the better evidence of revenue, so that a billed customer's won
-- deals are bookings.
judged as (
    select
        judged_alone.*,
        coalesce(
            judged_alone.own_reason,
            case
                when judged_alone.event_type = 'subscription_period' and invoiced_periods.source_record_key is not null
                    then 'superseded_by_invoice'
            end,
            case
                when judged_alone.event_type = 'won_deal' and billed_customers.customer_id is not null
                    then 'superseded_by_billing'
            end,
            case when judged_alone.fx_rate is null then 'missing_fx_rate' end
        ) as exclusion_reason
    from judged_alone
    left join invoiced_periods
        on judged_alone.source_record_key = invoiced_periods.source_record_key
        and judged_alone.event_date = invoiced_periods.event_date
    left join billed_customers
        on judged_alone.customer_id = billed_customers.customer_id
),

final as (
    select
        {{ surrogate_key('re', "source_record_key || '|' || event_type || '|' || coalesce(cast(event_date as varchar), '')") }}
            as revenue_event_id,
        customer_id,
        golden_account_id,
        golden_contact_id,
        opportunity_id,
        source_record_key,
        source_name,
        source_type,
        source_object,
        event_type,
        product_name,
        currency_code,
        exclusion_reason,
        amount,
        fx_rate,
        converted_amount as amount_reporting,
        cast(round(converted_amount * {{ var('gross_margin_rate') }}, 2) as decimal(18, 2)) as margin_reporting,
        exclusion_reason is null as is_counted,
        is_recurring,
        is_currency_assumed,
        coalesce(date_diff('day', fx_date, event_date) > {{ var('fx_max_age_days') }}, false) as is_fx_rate_old,
        is_test_record,
        event_date,
        period_start_date,
        period_end_date,
        fx_date,
        known_at
    from judged
)

select * from final
