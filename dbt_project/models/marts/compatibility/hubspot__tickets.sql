-- Grain: one HubSpot ticket that was not merged into another.
with

tickets as (
    select * from {{ ref('int_tickets_unioned') }}
    where source_type = 'hubspot' and delete_kind is distinct from 'merged'
),

accounts as (
    select * from {{ ref('int_accounts_unioned') }}
    where source_type = 'hubspot'
),

contacts as (
    select * from {{ ref('int_contacts_unioned') }}
    where source_type = 'hubspot'
),

users as (
    select * from {{ ref('int_users_unioned') }}
),

measured as (
    select source_record_key, first_reply_at from {{ ref('fct_tickets') }}
),

details as (
    select * from {{ ref('stg_hubspot__tickets') }}
),

linked_deals as (
    select
        links.source_record_key,
        list(links.deal_id order by links.place) as deal_ids,
        list(deals.opportunity_name order by links.place) filter (where deals.opportunity_name is not null) as deal_names
    from (
        select
            source_record_key,
            source_name,
            unnest({{ split_ids('deal_ids') }}) as deal_id,
            generate_subscripts({{ split_ids('deal_ids') }}, 1) as place
        from details
    ) as links
    left join {{ ref('int_opportunities_deduplicated') }} as deals
        on {{ source_record_key('deals', 'links.deal_id', 'links.source_name') }} = deals.source_record_key
    group by 1
),

final as (
    select
        tickets.source_record_id as ticket_id,
        tickets.subject as ticket_subject,
        cast(null as varchar) as ticket_content,
        tickets.priority as ticket_priority,
        tickets.ticket_type as ticket_category,
        case when tickets.is_closed then 'CLOSED' else 'OPEN' end as ticket_state,
        details.pipeline_id,
        tickets.pipeline_name as pipeline_label,
        details.stage_id as pipeline_stage_id,
        tickets.status as pipeline_stage_label,
        users.source_record_id as owner_id,
        users.email as owner_email,
        users.user_name as owner_full_name,
        list_filter([accounts.source_record_id], lambda id : id is not null) as company_ids,
        list_filter([accounts.account_name], lambda name : name is not null) as company_names,
        list_filter([contacts.source_record_id], lambda id : id is not null) as contact_ids,
        list_filter([contacts.email], lambda email : email is not null) as contact_emails,
        coalesce(linked_deals.deal_ids, cast([] as varchar[])) as deal_ids,
        coalesce(linked_deals.deal_names, cast([] as varchar[])) as deal_names,
        {{- hubspot_engagement_columns(['notes', 'tasks', 'calls', 'meetings', 'emails', 'incoming_emails', 'forwarded_emails']) }}
        tickets.is_closed,
        tickets.is_deleted as is_ticket_deleted,
        tickets.created_at as created_date,
        measured.first_reply_at as first_agent_reply_at,
        tickets.closed_at as closed_date,
        tickets.source_record_key,
        tickets.source_name as source_relation
    from tickets
    left join accounts
        on tickets.account_source_record_key = accounts.source_record_key
    left join contacts
        on tickets.contact_source_record_key = contacts.source_record_key
    left join users
        on tickets.owner_source_record_key = users.source_record_key
    left join measured
        on tickets.source_record_key = measured.source_record_key
    left join details
        on tickets.source_record_key = details.source_record_key
    left join linked_deals
        on tickets.source_record_key = linked_deals.source_record_key
    {{ join_hubspot_engagement_counts('tickets') }}
)

select * from final
