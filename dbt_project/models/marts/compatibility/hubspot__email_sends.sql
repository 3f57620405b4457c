-- Grain: one marketing mail that HubSpot sent to one recipient.
with

sends as (
    select * from {{ ref('hubspot__email_event_sent') }}
),

mails as (
    select * from {{ ref('int_hubspot_mails_counted') }}
),

final as (
    select
        sends.*
        {%- for name, _ in hubspot_mail_metrics() %},
        coalesce(mails.{{ name }}, 0) as {{ name }}
        {%- endfor %}
        {%- for name, was in [
            ('bounces', 'bounced'), ('clicks', 'clicked'), ('deferrals', 'deferred'), ('deliveries', 'delivered'), ('forwards', 'forwarded'),
            ('opens', 'opened'), ('prints', 'printed'), ('spam_reports', 'spam_reported'), ('unsubscribes', 'unsubscribed')
        ] %},
        coalesce(mails.{{ name }}, 0) > 0 as was_{{ was }}
        {%- endfor %}
    from sends
    left join mails
        on sends.source_relation = mails.source_name
        and sends.email_send_id = mails.email_send_id
)

select * from final
