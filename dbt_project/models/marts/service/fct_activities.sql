-- Grain: one call, email, message, meeting, note or to-do with or about a customer.
with

activities as (
    select * from {{ ref('int_activities_unioned') }}
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

account_clusters as (
    select * from {{ ref('stg_hygiene__account_clusters') }}
),

contact_accounts as (
    select * from {{ ref('int_contact_accounts_resolved') }}
),

-- Few activities name several people: those are counted, the others have one or none.
several as (
    select
        activity_source_record_key,
        count(*) as people
    from {{ ref('int_activity_contacts_resolved') }}
    group by 1
),

opportunities as (
    select * from {{ ref('int_opportunities_deduplicated') }}
),

-- Keys are hashed once per user here, not once per row of the table.
users as (
    select
        source_record_key,
        user_name,
        {{ surrogate_key('us', 'source_record_key') }} as user_id
    from {{ ref('int_users_unioned') }}
),

resolved as (
    select
        activities.*,
        coalesce(contact_clusters.golden_contact_id, lead_clusters.golden_contact_id) as golden_contact_id,
        -- The account the activity names, else the one its subject belongs to, else the person's.
        coalesce(
            account_clusters.golden_account_id,
            related_account_clusters.golden_account_id,
            opportunities.golden_account_id,
            contact_accounts.golden_account_id
        ) as golden_account_id,
        opportunities.opportunity_id,
        several.people as several_people,
        users.user_id as owner_user_id,
        users.user_name as owner_name,
        coalesce(activities.started_at, activities.completed_at, cast(activities.due_date as timestamp), activities.created_at)
            as occurred_at
    from activities
    left join contact_clusters
        on activities.contact_source_record_key = contact_clusters.source_record_key
    left join contact_clusters as lead_clusters
        on activities.lead_source_record_key = lead_clusters.source_record_key
    left join account_clusters
        on activities.account_source_record_key = account_clusters.source_record_key
    left join account_clusters as related_account_clusters
        on activities.related_account_source_record_key = related_account_clusters.source_record_key
    left join opportunities
        on activities.opportunity_source_record_key = opportunities.source_record_key
    left join contact_accounts
        on coalesce(contact_clusters.golden_contact_id, lead_clusters.golden_contact_id) = contact_accounts.golden_contact_id
    left join several
        on activities.source_record_key = several.activity_source_record_key
    left join users
        on activities.owner_source_record_key = users.source_record_key
),

final as (
    select
        {{ surrogate_key('ac', 'source_record_key') }} as activity_id,
        golden_contact_id,
        golden_account_id,
        opportunity_id,
        owner_user_id,
        source_record_key,
        source_name,
        source_type,
        source_object,
        activity_type,
        subject,
        status,
        priority,
        call_direction,
        owner_name,
        coalesce(several_people, cast(golden_contact_id is not null as bigint)) as participant_count,
        -- Calendar events carry no status, and meetings often none: one that has ended took place.
        case
            when source_object in ('event', 'meetings')
                then coalesce(is_completed, cast(coalesce(ended_at, occurred_at) as date) <= {{ as_of_date() }}, false)
            else is_completed
        end as is_completed,
        is_deleted,
        {{ reporting_date('occurred_at') }} as activity_date,
        due_date,
        occurred_at,
        ended_at,
        created_at
    from resolved
)

select * from final
