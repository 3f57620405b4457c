-- Grain: one support ticket or case.
with

tickets as (
    select * from {{ ref('int_tickets_unioned') }}
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

users as (
    select * from {{ ref('int_users_unioned') }}
),

final as (
    select
        {{ surrogate_key('ti', 'tickets.source_record_key') }} as ticket_id,
        contact_clusters.golden_contact_id,
        coalesce(account_clusters.golden_account_id, contact_accounts.golden_account_id) as golden_account_id,
        case when users.source_record_key is not null then {{ surrogate_key('us', 'users.source_record_key') }} end
            as owner_user_id,
        tickets.source_record_key,
        tickets.source_name,
        tickets.source_type,
        tickets.source_object,
        tickets.ticket_number,
        tickets.subject,
        tickets.status,
        tickets.pipeline_name,
        tickets.priority,
        tickets.ticket_type,
        tickets.origin,
        users.user_name as owner_name,
        cast(case
            when tickets.closed_at >= tickets.created_at then date_diff('minute', tickets.created_at, tickets.closed_at)
        end as bigint) as minutes_to_close,
        tickets.is_closed,
        tickets.is_deleted,
        {{ reporting_date('tickets.created_at') }} as created_date,
        tickets.created_at,
        tickets.closed_at
    from tickets
    left join contact_clusters
        on tickets.contact_source_record_key = contact_clusters.source_record_key
    left join account_clusters
        on tickets.account_source_record_key = account_clusters.source_record_key
    left join contact_accounts
        on contact_clusters.golden_contact_id = contact_accounts.golden_contact_id
    left join users
        on tickets.owner_source_record_key = users.source_record_key
)

select * from final
