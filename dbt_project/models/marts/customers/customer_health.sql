-- Grain: one customer who is not churned, as of the as-of date.
{%- set weights = {'commitment': 30, 'commercial': 20, 'engagement': 20, 'relationship': 15, 'support': 15} %}
with

churn as (
    select * from {{ ref('customer_churn') }}
    where not is_churned
),

-- The same score 30 days earlier is computed by the same text on what was known then.
days as (
    select {{ as_of_date() }} as health_date, true as is_current
    union all
    select cast({{ as_of_date() }} - 30 as date) as health_date, false as is_current
),

terms as (
    select * from {{ ref('int_recurring_terms_selected') }}
),

purchases as (
    select
        customer_id,
        event_date,
        amount,
        amount_reporting
    from {{ ref('fct_revenue_events') }}
    where is_counted
),

-- Everybody in an activity counts for their customer, and the activity for the one it is about: where that
-- is more than one person says, it stands here beside them without a person.
activities as (
    select
        customer_id,
        golden_contact_id,
        activity_date
    from {{ ref('bridge_activity_contacts') }}
    where not is_deleted and is_completed and activity_type <> 'note' and activity_date <= {{ as_of_date() }}
    union all
    select
        coalesce(golden_account_id, golden_contact_id) as customer_id,
        cast(null as varchar) as golden_contact_id,
        activity_date
    from {{ ref('fct_activities') }}
    where
        not is_deleted
        and is_completed
        and activity_type <> 'note'
        and activity_date <= {{ as_of_date() }}
        and (participant_count > 1 or golden_contact_id is null)
),

tickets as (
    select
        coalesce(golden_account_id, golden_contact_id) as customer_id,
        created_date,
        {{ reporting_date('closed_at') }} as closed_date
    from {{ ref('fct_tickets') }}
    where not is_deleted and created_date <= {{ as_of_date() }}
),

term_states as (
    select
        days.health_date,
        terms.customer_id,
        max(coalesce(terms.end_date, date '9999-12-31')) as covered_to_date,
        sum(case
            when coalesce(terms.end_date, date '9999-12-31') >= days.health_date then terms.mrr_reporting else 0
        end) as mrr_now,
        sum(case
            when terms.start_date <= days.health_date - 90
                and coalesce(terms.end_date, date '9999-12-31') >= days.health_date - 90
                then terms.mrr_reporting
            else 0
        end) as mrr_before
    from days
    inner join terms
        on terms.start_date <= days.health_date
    group by 1, 2
),

purchase_states as (
    select
        days.health_date,
        purchases.customer_id,
        max(case when purchases.amount > 0 then purchases.event_date end) as last_purchase_date,
        sum(case when purchases.event_date > days.health_date - 365 then purchases.amount_reporting else 0 end) as revenue_now,
        sum(case
            when purchases.event_date between days.health_date - 729 and days.health_date - 365
                then purchases.amount_reporting
            else 0
        end) as revenue_before
    from days
    inner join purchases
        on purchases.event_date <= days.health_date
    group by 1, 2
),

activity_states as (
    select
        days.health_date,
        activities.customer_id,
        max(activities.activity_date) as last_activity_date,
        count(distinct case when activities.activity_date > days.health_date - 365 then activities.golden_contact_id end)
            as contacts_engaged
    from days
    inner join activities
        on activities.activity_date <= days.health_date
    group by 1, 2
),

ticket_states as (
    select
        days.health_date,
        tickets.customer_id,
        count(*) filter (where tickets.closed_date is null or tickets.closed_date > days.health_date) as open_tickets,
        count(*) filter (where tickets.created_date > days.health_date - 90) as recent_tickets
    from days
    inner join tickets
        on tickets.created_date <= days.health_date
    group by 1, 2
),

-- A component is unknown, and takes no part, where the company records nothing of its kind at all.
recorded as (
    select
        (select count(*) > 0 from activities) as has_activities,
        (select count(*) > 0 from tickets) as has_tickets
),

components as (
    select
        churn.customer_id,
        churn.setting,
        days.health_date,
        days.is_current,
        case
            when churn.setting = 'contractual' then case
                when term_states.covered_to_date >= days.health_date + 90 then 1.0
                when term_states.covered_to_date >= days.health_date then 0.5
                when term_states.covered_to_date is not null then 0.1
            end
            else greatest(
                0.0, 1 - date_diff('day', purchase_states.last_purchase_date, days.health_date) / {{ var('churn_inactive_days') }}.0
            )
        end as commitment_score,
        case
            when churn.setting = 'contractual' and term_states.mrr_before > 0
                then least(1.0, cast(term_states.mrr_now as double) / cast(term_states.mrr_before as double))
            when churn.setting = 'non_contractual' and purchase_states.revenue_before > 0
                then least(1.0, greatest(0.0, cast(purchase_states.revenue_now as double) / cast(purchase_states.revenue_before as double)))
        end as commercial_score,
        case
            when not recorded.has_activities then null
            when activity_states.last_activity_date is null then 0.0
            else greatest(0.0, least(1.0, 1 - (date_diff('day', activity_states.last_activity_date, days.health_date) - 30) / 150.0))
        end as engagement_score,
        case when recorded.has_activities then least(1.0, coalesce(activity_states.contacts_engaged, 0) / 3.0) end as relationship_score,
        case
            when recorded.has_tickets
                then greatest(0.0, 1 - coalesce(ticket_states.open_tickets, 0) / 5.0 - greatest(coalesce(ticket_states.recent_tickets, 0) - 2, 0) / 10.0)
        end as support_score
    from churn
    cross join days
    cross join recorded
    left join term_states
        on churn.customer_id = term_states.customer_id and days.health_date = term_states.health_date
    left join purchase_states
        on churn.customer_id = purchase_states.customer_id and days.health_date = purchase_states.health_date
    left join activity_states
        on churn.customer_id = activity_states.customer_id and days.health_date = activity_states.health_date
    left join ticket_states
        on churn.customer_id = ticket_states.customer_id and days.health_date = ticket_states.health_date
),

rounded as (
    select
        customer_id,
        setting,
        is_current,
        {%- for component in weights %}
        cast(round({{ component }}_score, 4) as decimal(9, 4)) as {{ component }}_score,
        {%- endfor %}
        -- Who had neither bought nor signed then has no score of then.
        commitment_score is not null as is_customer_then
    from components
),

weighted as (
    select
        *,
        case when is_customer_then then cast(round(
            100 * (
                {%- for component, weight in weights.items() %}
                {{ '+ ' if not loop.first }}{{ weight }} * coalesce({{ component }}_score, 0)
                {%- endfor %}
            ) / (
                {%- for component, weight in weights.items() %}
                {{ '+ ' if not loop.first }}case when {{ component }}_score is not null then {{ weight }} else 0 end
                {%- endfor %}
            ), 1
        ) as decimal(9, 1)) end as health_score
    from rounded
),

final as (
    select
        today.customer_id,
        today.setting,
        case
            when today.health_score >= 70 then 'healthy'
            when today.health_score >= 40 then 'watch'
            else 'poor'
        end as health_band,
        case
            when earlier.health_score is null then 'new'
            when today.health_score >= earlier.health_score + 5 then 'rising'
            when today.health_score <= earlier.health_score - 5 then 'falling'
            else 'steady'
        end as health_trend,
        'v1' as weights_version,
        today.health_score,
        earlier.health_score as health_score_30_days_ago,
        cast(today.health_score - earlier.health_score as decimal(9, 1)) as health_change_30_days,
        {%- for component in weights %}
        today.{{ component }}_score,
        {%- endfor %}
        {{ as_of_date() }} as as_of_date
    from weighted as today
    inner join weighted as earlier
        on today.customer_id = earlier.customer_id
        and not earlier.is_current
    where today.is_current
)

select * from final
