-- Grain: one event that moved or would have moved money: an order, refund, credit, invoice, credit
-- note, begun billing period of a subscription, or won deal record. A view: nearly all of it is read once, by
-- the judgement of each event, and writing it down costs more than the rest reads again.
{{ config(materialized='view') }}
with

revenue_lines as (
    select * from {{ ref('int_revenue_lines_resolved') }}
),

opportunities as (
    select * from {{ ref('int_opportunities_deduplicated') }}
),

sheet_events as (
    select
        source_record_key,
        source_name,
        source_type,
        source_object,
        line_type as event_type,
        customer_id,
        golden_account_id,
        golden_contact_id,
        cast(null as varchar) as opportunity_id,
        source_record_id,
        related_source_id,
        product_name,
        currency_code,
        net_amount as amount,
        line_date as event_date,
        case when line_type in ('invoice', 'credit_note') then period_start_date end as period_start_date,
        case when line_type in ('invoice', 'credit_note') then period_end_date end as period_end_date,
        coalesce(period_start_date is not null and line_type in ('invoice', 'credit_note'), false) as is_recurring,
        is_currency_assumed,
        is_deleted,
        is_test_record,
        is_void,
        coalesce(regexp_matches(lower(status), '(refunded|erstattet|rembours)'), false) as is_refunded_in_full,
        false as is_duplicate_deal,
        coalesce(period_end_date < period_start_date, false) as is_invalid_period,
        _extracted_at as known_at
    from revenue_lines
    where line_type <> 'subscription'
),

subscription_periods as (
    select
        *,
        unnest({{ billing_period_starts('period_start_date', 'period_end_date', 'billing_period') }}) as begun_date
    from revenue_lines
    where line_type = 'subscription'
),

subscription_events as (
    select
        source_record_key,
        source_name,
        source_type,
        source_object,
        'subscription_period' as event_type,
        customer_id,
        golden_account_id,
        golden_contact_id,
        cast(null as varchar) as opportunity_id,
        source_record_id,
        related_source_id,
        coalesce(product_name, plan_name) as product_name,
        currency_code,
        net_amount as amount,
        begun_date as event_date,
        begun_date as period_start_date,
        cast(case
            when billing_period = 'week' then begun_date + 6
            else begun_date + to_months({{ months_per_period('billing_period') }}) - to_days(1)
        end as date) as period_end_date,
        true as is_recurring,
        is_currency_assumed,
        is_deleted,
        is_test_record,
        is_void,
        false as is_refunded_in_full,
        false as is_duplicate_deal,
        coalesce(period_end_date < period_start_date, false) or billing_period is null as is_invalid_period,
        _extracted_at as known_at
    from subscription_periods
),

deal_events as (
    select
        source_record_key,
        source_name,
        source_type,
        source_object,
        'won_deal' as event_type,
        customer_id,
        golden_account_id,
        golden_contact_id,
        opportunity_id,
        source_record_id,
        cast(null as varchar) as related_source_id,
        cast(null as varchar) as product_name,
        currency_code,
        amount,
        close_date as event_date,
        contract_start_date as period_start_date,
        contract_end_date as period_end_date,
        mrr_amount is not null or contract_start_date is not null or contract_term_months is not null as is_recurring,
        is_currency_assumed,
        is_deleted,
        is_test_record,
        false as is_void,
        false as is_refunded_in_full,
        not is_primary as is_duplicate_deal,
        false as is_invalid_period,
        _extracted_at as known_at
    from opportunities
    where status = 'won'
),

events_unioned as (
    select * from sheet_events
    union all
    select * from subscription_events
    union all
    select * from deal_events
)

select * from events_unioned
