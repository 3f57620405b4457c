-- Grain: one golden contact who was a lead without a deal on one of seven days, 90 days apart, the last the as-of date.
-- Facts of each day are those of the 90 days up to it. Whether the person has a company or a phone is left out: a deal
-- brings both, so today's value would tell the outcome.
with

leads as (
    select * from {{ ref('lead_funnel') }}
    where lead_date is not null and (not is_opportunity or opportunity_date is not null)
),

contacts as (
    select * from {{ ref('dim_contacts') }}
),

periods as (
    select
        period_number,
        {{ as_of_date() }} - cast(90 * period_number as integer) as snapshot_date
    from unnest(range(7)) as numbers(period_number)
),

-- Past days teach from at most some 50,000 people, chosen by their id and not by chance.
size as (
    select greatest(1, count(*) // 50000) as share_count
    from leads
),

recent_activities as (
    select
        golden_contact_id,
        ({{ as_of_date() }} - activity_date) // 90 as period_number,
        count(*) filter (where activity_type = 'meeting') as meeting_count,
        count(*) filter (where activity_type in ('call', 'email')) as conversation_count
    from {{ ref('bridge_activity_contacts') }}
    where
        is_completed
        and not is_deleted
        and activity_date <= {{ as_of_date() }}
    group by 1, 2
),

recent_responses as (
    select
        contact_clusters.golden_contact_id,
        ({{ as_of_date() }} - campaign_members.responded_date) // 90 as period_number,
        count(*) as response_count
    from {{ ref('int_campaign_members_unioned') }} as campaign_members
    inner join {{ ref('stg_hygiene__contact_clusters') }} as contact_clusters
        on campaign_members.contact_source_record_key = contact_clusters.source_record_key
    where
        campaign_members.has_responded
        and not campaign_members.is_deleted
        and campaign_members.responded_date <= {{ as_of_date() }}
    group by 1, 2
),

final as (
    select
        leads.golden_contact_id,
        leads.lead_source,
        {{ seniority_rank('contacts.job_title') }} as seniority,
        coalesce(recent_responses.response_count, 0) as response_count,
        coalesce(recent_activities.meeting_count, 0) as meeting_count,
        coalesce(recent_activities.conversation_count, 0) as conversation_count,
        date_diff('day', leads.lead_date, periods.snapshot_date) as days_since_lead,
        contacts.email is not null and not coalesce(contacts.is_free_email, false) and not coalesce(contacts.is_role_email, false)
            as has_business_email,
        periods.period_number = 0 as is_current,
        case when periods.period_number > 0 then coalesce(leads.opportunity_date <= periods.snapshot_date + 90, false) end
            as has_converted,
        periods.snapshot_date
    from leads
    cross join periods
    cross join size
    inner join contacts
        on leads.golden_contact_id = contacts.golden_contact_id
    left join recent_activities
        on
            leads.golden_contact_id = recent_activities.golden_contact_id
            and periods.period_number = recent_activities.period_number
    left join recent_responses
        on
            leads.golden_contact_id = recent_responses.golden_contact_id
            and periods.period_number = recent_responses.period_number
    where
        leads.lead_date <= periods.snapshot_date
        and coalesce(leads.opportunity_date > periods.snapshot_date, true)
        and case
            when periods.period_number = 0 then not leads.is_opportunity and not leads.is_disqualified
            else md5_number_lower(leads.golden_contact_id) % size.share_count = 0
        end
)

select * from final
