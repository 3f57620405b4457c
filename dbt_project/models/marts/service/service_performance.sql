-- Grain: one month of creation and one segment of tickets.
with

tickets as (
    select
        *,
        cast(date_trunc('month', created_date) as date) as month_date,
        unnest([
            {'type': 'all', 'value': 'all'},
            {'type': 'source_name', 'value': source_name},
            {'type': 'priority', 'value': priority_type},
            {'type': 'ticket_type', 'value': coalesce(ticket_type, '(unknown)')},
            {'type': 'owner', 'value': coalesce(owner_name, '(unknown)')}
        ]) as segment
    from {{ ref('fct_tickets') }}
    where not is_deleted and created_date <= {{ as_of_date() }}
),

aggregated as (
    select
        segment,
        month_date,
        count(*) as ticket_count,
        count(*) filter (where is_closed) as closed_count,
        count(*) filter (where not is_closed) as open_count,
        count(first_reply_at) as first_reply_known_count,
        count(*) filter (where is_resolution_late) as resolution_late_count,
        count(is_resolution_late) as resolution_known_count,
        count(*) filter (where is_first_reply_late) as first_reply_late_count,
        count(csat_score) as csat_count,
        count(*) filter (where csat_score >= 4) as satisfied_count,
        median(business_minutes_to_first_reply) as first_reply_median,
        median(minutes_to_close) as close_median,
        quantile_cont(minutes_to_close, 0.9) as close_p90,
        median(business_minutes_to_close) as business_close_median,
        quantile_cont(business_minutes_to_close, 0.9) as business_close_p90
    from tickets
    group by 1, 2
),

final as (
    select
        segment.type as segment_type,
        segment.value as segment,
        cast(ticket_count as bigint) as ticket_count,
        cast(closed_count as bigint) as closed_count,
        cast(open_count as bigint) as open_count,
        cast(first_reply_known_count as bigint) as first_reply_known_count,
        cast(resolution_late_count as bigint) as resolution_late_count,
        cast(first_reply_late_count as bigint) as first_reply_late_count,
        {{ rate('resolution_late_count', 'resolution_known_count') }} as resolution_late_rate,
        {{ rate('first_reply_late_count', 'first_reply_known_count') }} as first_reply_late_rate,
        cast(csat_count as bigint) as csat_count,
        {{ rate('satisfied_count', 'csat_count') }} as csat_rate,
        cast(first_reply_median as decimal(18, 1)) as business_minutes_to_first_reply_median,
        cast(close_median as decimal(18, 1)) as minutes_to_close_median,
        cast(close_p90 as decimal(18, 1)) as minutes_to_close_p90,
        cast(business_close_median as decimal(18, 1)) as business_minutes_to_close_median,
        cast(business_close_p90 as decimal(18, 1)) as business_minutes_to_close_p90,
        -- Tickets that are still open will be slower than those of the month that are closed.
        open_count = 0 as is_decided,
        month_date
    from aggregated
)

select * from final
