-- Grain: one customer, as of the as-of date. The row 'unknown' is not here.
with

customers as (
    select customer_id from {{ ref('int_customers_classified') }}
    where customer_id <> 'unknown'
),

-- An activity belongs to the organisation it is about; to the person where there is none.
activities as (
    select
        activity_id,
        golden_contact_id,
        coalesce(golden_account_id, golden_contact_id) as customer_id,
        activity_type,
        case
            when lower(call_direction) like 'in%' then 'inbound'
            when lower(call_direction) like 'out%' then 'outbound'
        end as direction,
        participant_count,
        is_completed,
        activity_date,
        date_diff('day', activity_date, {{ as_of_date() }}) as days_ago
    from {{ ref('fct_activities') }}
    -- A note is somebody's own: nobody was in touch.
    where not is_deleted and activity_date is not null and activity_type <> 'note'
),

participants as (
    select * from {{ ref('bridge_activity_contacts') }}
),

-- Among several people may be some of other customers: it counts for each of those too, once.
further_customers as (
    select distinct
        activities.activity_id,
        participants.customer_id
    from activities
    inner join participants
        on activities.activity_id = participants.activity_id
    where
        (activities.participant_count > 1 or activities.golden_contact_id is null)
        and activities.customer_id is distinct from participants.customer_id
),

touches as (
    select * from activities
    union all
    select activities.* replace (further_customers.customer_id as customer_id)
    from activities
    inner join further_customers
        on activities.activity_id = further_customers.activity_id
),

activity_totals as (
    select
        customer_id,
        count(*) filter (where activity_type = 'email' and days_ago < 90) as emails,
        count(*) filter (where activity_type = 'call' and days_ago < 90) as calls,
        count(*) filter (where activity_type = 'meeting' and days_ago < 90) as meetings,
        count(*) filter (where days_ago < 90) as activities,
        count(*) filter (where days_ago between 90 and 179) as activities_before,
        count(*) filter (where direction = 'inbound' and days_ago < 90) as inbound,
        count(*) filter (where direction = 'outbound' and days_ago < 90) as outbound,
        max(activity_date) as last_activity_date,
        max(activity_date) filter (where direction = 'inbound') as last_inbound_date,
        max(activity_date) filter (where direction = 'outbound') as last_outbound_date,
        max(activity_date) filter (where activity_type = 'meeting') as last_meeting_date
    from touches
    where is_completed and days_ago >= 0
    group by 1
),

people_totals as (
    select
        customer_id,
        count(distinct golden_contact_id) as contacts_engaged
    from participants
    where
        is_completed
        and not is_deleted
        and activity_type <> 'note'
        and date_diff('day', activity_date, {{ as_of_date() }}) between 0 and 364
    group by 1
),

planned as (
    select
        customer_id,
        min(activity_date) as next_activity_date
    from touches
    where days_ago < 0
    group by 1
),

ticket_totals as (
    select
        coalesce(golden_account_id, golden_contact_id) as customer_id,
        count(*) filter (where not coalesce(is_closed, false)) as open_tickets,
        count(*) filter (where date_diff('day', created_date, {{ as_of_date() }}) < 90) as tickets,
        max(created_date) as last_ticket_date
    from {{ ref('fct_tickets') }}
    where not is_deleted and created_date <= {{ as_of_date() }}
    group by 1
),

final as (
    select
        customers.customer_id,
        cast(coalesce(activity_totals.emails, 0) as bigint) as emails_90_days_count,
        cast(coalesce(activity_totals.calls, 0) as bigint) as calls_90_days_count,
        cast(coalesce(activity_totals.meetings, 0) as bigint) as meetings_90_days_count,
        cast(coalesce(activity_totals.activities, 0) as bigint) as activities_90_days_count,
        cast(coalesce(activity_totals.activities_before, 0) as bigint) as activities_previous_90_days_count,
        cast(coalesce(activity_totals.inbound, 0) as bigint) as inbound_90_days_count,
        cast(coalesce(activity_totals.outbound, 0) as bigint) as outbound_90_days_count,
        cast(coalesce(people_totals.contacts_engaged, 0) as bigint) as contacts_engaged_365_days_count,
        cast(coalesce(ticket_totals.open_tickets, 0) as bigint) as open_ticket_count,
        cast(coalesce(ticket_totals.tickets, 0) as bigint) as tickets_90_days_count,
        cast(date_diff('day', activity_totals.last_activity_date, {{ as_of_date() }}) as bigint) as days_since_last_activity,
        activity_totals.last_activity_date,
        -- A ticket is a touch from the customer's side.
        greatest(activity_totals.last_inbound_date, ticket_totals.last_ticket_date) as last_inbound_date,
        activity_totals.last_outbound_date,
        activity_totals.last_meeting_date,
        ticket_totals.last_ticket_date,
        planned.next_activity_date,
        {{ as_of_date() }} as as_of_date
    from customers
    left join activity_totals
        on customers.customer_id = activity_totals.customer_id
    left join people_totals
        on customers.customer_id = people_totals.customer_id
    left join planned
        on customers.customer_id = planned.customer_id
    left join ticket_totals
        on customers.customer_id = ticket_totals.customer_id
)

select * from final
