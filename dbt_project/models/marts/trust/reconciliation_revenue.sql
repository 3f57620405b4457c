-- Grain: one currency of one object of one source. Money in is money out: counted, or excluded for a stated reason.
with

revenue_events as (
    select * from {{ ref('fct_revenue_events') }}
),

-- Counted again from the sources and not from the events, so that a join that loses or repeats a
-- row cannot hide.
lines_in as (
    select
        source_name,
        source_type,
        source_object,
        currency_code,
        case
            when line_type = 'subscription'
                then len({{ billing_period_starts('period_start_date', 'period_end_date', 'billing_period') }})
            else 1
        end as event_count,
        net_amount as amount
    from {{ ref('int_revenue_lines_unioned') }}

    union all

    select
        source_name,
        source_type,
        source_object,
        currency_code,
        1 as event_count,
        amount
    from {{ ref('int_opportunities_unioned') }}
    where status = 'won'
),

totals_in as (
    select
        source_name,
        source_type,
        source_object,
        currency_code,
        sum(event_count) as events_in,
        coalesce(sum(event_count * amount), 0) as amount_in
    from lines_in
    group by 1, 2, 3, 4
),

totals_out as (
    select
        source_name,
        source_object,
        currency_code,
        count(*) as events_out,
        coalesce(sum(amount), 0) as amount_out,
        count(*) filter (where is_counted) as events_counted,
        coalesce(sum(amount) filter (where is_counted), 0) as amount_counted,
        coalesce(sum(amount_reporting) filter (where is_counted), 0) as amount_counted_reporting,
        {%- for reason in revenue_exclusion_reasons() %}
        coalesce(sum(amount) filter (where exclusion_reason = '{{ reason }}'), 0) as amount_{{ reason }},
        {%- endfor %}
        count(*) filter (where not is_counted) as events_excluded
    from revenue_events
    group by 1, 2, 3
),

final as (
    select
        totals_in.source_name,
        totals_in.source_type,
        totals_in.source_object,
        totals_in.currency_code,
        cast(totals_in.events_in as bigint) as events_in,
        cast(coalesce(totals_out.events_counted, 0) as bigint) as events_counted,
        cast(coalesce(totals_out.events_excluded, 0) as bigint) as events_excluded,
        cast(totals_in.events_in - coalesce(totals_out.events_out, 0) as bigint) as events_difference,
        cast(totals_in.amount_in as decimal(18, 2)) as amount_in,
        cast(coalesce(totals_out.amount_counted, 0) as decimal(18, 2)) as amount_counted,
        {%- for reason in revenue_exclusion_reasons() %}
        cast(coalesce(totals_out.amount_{{ reason }}, 0) as decimal(18, 2)) as amount_{{ reason }},
        {%- endfor %}
        cast(totals_in.amount_in - coalesce(totals_out.amount_out, 0) as decimal(18, 2)) as amount_difference,
        cast(coalesce(totals_out.amount_counted_reporting, 0) as decimal(18, 2)) as amount_counted_reporting
    from totals_in
    left join totals_out
        on totals_in.source_name = totals_out.source_name
        and totals_in.source_object = totals_out.source_object
        and totals_in.currency_code = totals_out.currency_code
)

select * from final
