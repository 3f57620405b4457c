-- Grain: one event that moved or would have moved money. Exactly the rows with `is_counted` are revenue.
-- A view: the judging happens once, in the table below it, because predictions read it too.
{{ config(materialized='view') }}

with

judged as (
    select * from {{ ref('int_revenue_events_judged') }}
)

select
    revenue_event_id,
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
    amount_reporting,
    margin_reporting,
    is_counted,
    is_recurring,
    is_currency_assumed,
    is_fx_rate_old,
    is_test_record,
    event_date,
    period_start_date,
    period_end_date,
    fx_date,
    known_at
from judged
