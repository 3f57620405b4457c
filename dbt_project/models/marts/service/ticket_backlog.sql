-- Grain: one day, source and priority of tickets.
-- Running totals of what came in and what was closed: linear in tickets and days.
with

tickets as (
    select * from {{ ref('fct_tickets') }}
    where not is_deleted and created_date is not null and created_date <= {{ as_of_date() }}
),

moves as (
    select
        source_name,
        priority_type,
        created_date as date_day,
        1 as opened_count,
        0 as closed_count
    from tickets

    union all

    -- Closed, but nobody knows when: such tickets would stay in the backlog for ever.
    select
        source_name,
        priority_type,
        greatest(coalesce(closed_date, created_date), created_date) as date_day,
        0 as opened_count,
        1 as closed_count
    from tickets
    where is_closed and coalesce(closed_date, created_date) <= {{ as_of_date() }}
),

days as (
    select
        groups.source_name,
        groups.priority_type,
        cast(unnest(generate_series(
            cast(groups.first_date as timestamp), cast({{ as_of_date() }} as timestamp), interval 1 day
        )) as date) as date_day
    from (
        select
            source_name,
            priority_type,
            min(date_day) as first_date
        from moves
        group by 1, 2
    ) as groups
),

daily as (
    select
        source_name,
        priority_type,
        date_day,
        sum(opened_count) as opened_count,
        sum(closed_count) as closed_count
    from moves
    group by 1, 2, 3
),

final as (
    select
        days.source_name,
        days.priority_type,
        cast(coalesce(daily.opened_count, 0) as bigint) as opened_count,
        cast(coalesce(daily.closed_count, 0) as bigint) as closed_count,
        cast(sum(coalesce(daily.opened_count, 0) - coalesce(daily.closed_count, 0)) over (
            partition by days.source_name, days.priority_type order by days.date_day rows between unbounded preceding and current row
        ) as bigint) as open_count,
        days.date_day = last_day(days.date_day) as is_month_end,
        days.date_day as backlog_date
    from days
    left join daily
        on days.source_name = daily.source_name
        and days.priority_type = daily.priority_type
        and days.date_day = daily.date_day
    -- Days before the window are in the running totals and not in the table.
    qualify days.date_day >= {{ as_of_date() }} - to_months({{ var('pipeline_history_months') }})
)

select * from final
