-- Grain: one list of contacts in HubSpot.
with

lists as (
    select * from {{ ref('stg_hubspot__contact_lists') }}
),

members as (
    select * from {{ ref('stg_hubspot__contact_list_members') }}
    where not is_deleted
),

mails as (
    select * from {{ ref('int_hubspot_mails_counted') }}
),

totals as (
    select
        members.source_name,
        members.list_id,
        {{ hubspot_mail_totals() }}
    from members
    inner join mails
        on {{ source_record_key('contacts', 'members.contact_id', 'members.source_name') }} = mails.contact_source_record_key
    group by 1, 2
),

final as (
    select
        lists.list_id as contact_list_id,
        lists.list_name as contact_list_name,
        lists.created_by_id,
        lists.object_type_id,
        lists.processing_status,
        lists.processing_type,
        lists.list_version,
        lists.filters_updated_at,
        lists.is_deleted as is_contact_list_deleted,
        lists.modified_at as updated_timestamp,
        lists.created_at as created_timestamp,
        lists.member_count,
        {{ hubspot_mail_total_columns() }},
        lists.source_record_key,
        lists.source_name as source_relation
    from lists
    left join totals
        on lists.source_name = totals.source_name
        and lists.list_id = totals.list_id
)

select * from final
