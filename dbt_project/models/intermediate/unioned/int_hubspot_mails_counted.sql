-- Grain: one marketing mail to one recipient in HubSpot, with how often each thing happened to it.
-- A mail that was dropped, and a change of subscription without a mail, are one of their own.
with

events as (
    select * from {{ ref('stg_hubspot__email_events') }}
    -- HubSpot leaves out what a program did, and so do the figures here.
    where not is_deleted and not is_filtered
),

addresses as (
    select * from {{ ref('int_hubspot_addresses_matched') }}
),

mails as (
    select
        source_name,
        coalesce(email_send_id, event_id) as email_send_id,
        min(email_campaign_id) as email_campaign_id,
        min(recipient_email) as recipient_email
        {%- for name, condition in hubspot_mail_metrics() %},
        count(*) filter (where {{ condition }}) as {{ name }}
        {%- endfor %}
    from events
    group by 1, 2
),

final as (
    select
        {{ source_record_key("mails", 'mails.email_send_id', 'mails.source_name') }} as mail_key,
        mails.*,
        addresses.contact_source_record_key
    from mails
    left join addresses
        on mails.source_name = addresses.source_name
        and mails.recipient_email = addresses.address
)

select * from final
