-- Grain: one thing that happened to a marketing e-mail of HubSpot. Events do not change.
with

latest as (
    {{ latest_version(ref('base_hubspot__email_events')) }}
),

casted as (
    select
        {{ record_key_columns('email_events') }},
        latest.event_id,
        upper(latest.event_type) as event_type,
        lower(trim(latest.recipient_email)) as recipient_email,
        latest.email_campaign_id,
        latest.app_id,
        -- A mail that was sent is its own origin, whether the event says so or not.
        coalesce(latest.sent_by_id, case when upper(latest.event_type) = 'SENT' then latest.event_id end) as email_send_id,
        coalesce({{ cast_instant('latest.sent_by_created_at') }}, case when upper(latest.event_type) = 'SENT' then {{ cast_instant('latest.created_at') }} end) as sent_at,
        latest.caused_by_id,
        latest.obsoleted_by_id,
        coalesce({{ cast_boolean('latest.is_filtered') }}, false) as is_filtered,
        latest.subject,
        latest.from_email,
        latest.cc_emails,
        latest.bcc_emails,
        latest.reply_to_emails,
        latest.smtp_id,
        latest.response,
        {{ cast_integer('latest.attempt') }} as attempt_number,
        latest.category,
        latest.status,
        latest.drop_reason,
        latest.drop_message,
        latest.url,
        latest.referer,
        {{ cast_integer('latest.duration_ms') }} as duration_ms,
        latest.browser,
        latest.device_type,
        latest.change_source,
        latest.requested_by_email,
        upper(latest.subscription_status) as subscription_status,
        latest.subscriptions,
        {{ cast_boolean('latest.is_bounced') }} as is_bounced,
        {{ cast_instant('latest.created_at') }} as created_at,
        {{ load_metadata_columns('email_events') }},
        {{ cast_failures([
            ('created_at', cast_instant('latest.created_at')),
            ('sent_by_created_at', cast_instant('latest.sent_by_created_at')),
            ('is_filtered', cast_boolean('latest.is_filtered')),
            ('attempt', cast_integer('latest.attempt')),
            ('duration_ms', cast_integer('latest.duration_ms')),
            ('is_bounced', cast_boolean('latest.is_bounced'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
