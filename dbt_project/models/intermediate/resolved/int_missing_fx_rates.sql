-- Grain: one currency of one use that lacks a rate on days on which it is needed. Empty when all is well.
with

events as (
    select
        'fct_revenue_events' as used_in,
        source_name,
        currency_code,
        event_date as needed_date
    from {{ ref('int_revenue_events_unioned') }}
    where not is_deleted and not is_void and event_date <= {{ as_of_date() }}
),

opportunities as (
    select
        'fct_opportunities' as used_in,
        source_name,
        currency_code,
        close_date as needed_date
    from {{ ref('int_opportunities_deduplicated') }}
    where is_primary and not is_deleted and close_date is not null and amount is not null
),

terms as (
    select
        'fct_customer_month_mrr' as used_in,
        split_part(source_record_key, ':', 1) as source_name,
        currency_code,
        {{ as_of_date() }} as needed_date
    from {{ ref('int_recurring_terms_selected') }}
),

needs as (
    select * from events
    union all
    select * from opportunities
    union all
    select * from terms
),

fx_rates as (
    select * from {{ ref('stg_reference__fx_rates') }}
),

missing as (
    select
        needs.used_in,
        needs.source_name,
        needs.currency_code,
        count(*) as row_count,
        min(needs.needed_date) as first_needed_date,
        max(needs.needed_date) as last_needed_date
    from needs
    {{ fx_join('needs', 'currency_code', 'needed_date') }}
    where {{ fx_rate('needs.currency_code') }} is null
    group by 1, 2, 3
)

select * from missing
