-- Running totals and a plain count of today's open tickets are two ways to one number.
{{ config(meta={'dagster': {'ref': {'name': 'ticket_backlog', 'package_name': 'tidycrm'}}}) }}

with

running as (
    select coalesce(sum(open_count), 0) as ticket_count
    from {{ ref('ticket_backlog') }}
    where backlog_date = {{ as_of_date() }}
),

counted as (
    select count(*) as ticket_count
    from {{ ref('fct_tickets') }}
    where
        not is_deleted
        and created_date <= {{ as_of_date() }}
        and (not is_closed or closed_date > {{ as_of_date() }})
)

select running.ticket_count
from running
inner join counted
    on running.ticket_count <> counted.ticket_count
