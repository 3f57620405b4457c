-- Grain: one activity and one golden contact that it names.
with

activities as (
    select * from {{ ref('fct_activities') }}
),

several as (
    select * from {{ ref('int_activity_contacts_resolved') }}
),

contact_accounts as (
    select * from {{ ref('int_contact_accounts_resolved') }}
),

-- Alone, a person stands for the organisation the activity is about. Among several, each stands for their own.
primary_people as (
    select
        activities.activity_id,
        activities.golden_contact_id,
        contact_accounts.golden_account_id,
        coalesce(
            case when activities.participant_count > 1 then several.own_customer_id end,
            activities.golden_account_id,
            activities.golden_contact_id
        ) as customer_id,
        activities.activity_type,
        true as is_primary,
        activities.is_completed,
        activities.is_deleted,
        activities.activity_date
    from activities
    left join several
        on
            activities.source_record_key = several.activity_source_record_key
            and activities.golden_contact_id = several.golden_contact_id
    left join contact_accounts
        on activities.golden_contact_id = contact_accounts.golden_contact_id
    where activities.golden_contact_id is not null
),

other_people as (
    select
        activities.activity_id,
        several.golden_contact_id,
        several.golden_account_id,
        coalesce(several.own_customer_id, activities.golden_account_id, several.golden_contact_id) as customer_id,
        activities.activity_type,
        false as is_primary,
        activities.is_completed,
        activities.is_deleted,
        activities.activity_date
    from activities
    inner join several
        on
            activities.source_record_key = several.activity_source_record_key
            and activities.golden_contact_id is distinct from several.golden_contact_id
),

final as (
    select * from primary_people
    union all
    select * from other_people
)

select * from final
