-- Grain: one landed version of one HubSpot `email_events` record.
with

landing as (
    select * from {{ source('landing_hubspot', 'email_events') }}
),

typed as (
    select
        cast(event_id as varchar) as event_id,
        cast(created_at as varchar) as created_at,
        cast(event_type as varchar) as event_type,
        cast(recipient_email as varchar) as recipient_email,
        cast(email_campaign_id as varchar) as email_campaign_id,
        cast(app_id as varchar) as app_id,
        cast(sent_by_id as varchar) as sent_by_id,
        cast(sent_by_created_at as varchar) as sent_by_created_at,
        cast(caused_by_id as varchar) as caused_by_id,
        cast(caused_by_created_at as varchar) as caused_by_created_at,
        cast(obsoleted_by_id as varchar) as obsoleted_by_id,
        cast(obsoleted_by_created_at as varchar) as obsoleted_by_created_at,
        cast(is_filtered as varchar) as is_filtered,
        cast(subject as varchar) as subject,
        cast(from_email as varchar) as from_email,
        cast(cc_emails as varchar) as cc_emails,
        cast(bcc_emails as varchar) as bcc_emails,
        cast(reply_to_emails as varchar) as reply_to_emails,
        cast(smtp_id as varchar) as smtp_id,
        cast(response as varchar) as response,
        cast(attempt as varchar) as attempt,
        cast(category as varchar) as category,
        cast(status as varchar) as status,
        cast(drop_reason as varchar) as drop_reason,
        cast(drop_message as varchar) as drop_message,
        cast(url as varchar) as url,
        cast(referer as varchar) as referer,
        cast(duration_ms as varchar) as duration_ms,
        cast(browser as varchar) as browser,
        cast(device_type as varchar) as device_type,
        cast(change_source as varchar) as change_source,
        cast(requested_by_email as varchar) as requested_by_email,
        cast(subscription_status as varchar) as subscription_status,
        cast(subscriptions as varchar) as subscriptions,
        cast(is_bounced as varchar) as is_bounced,
        cast(_source_name as varchar) as _source_name,
        cast(_source_record_id as varchar) as _source_record_id,
        cast(_load_id as varchar) as _load_id,
        cast(_extracted_at as timestamp) as _extracted_at,
        cast(_row_hash as varchar) as _row_hash,
        cast(_is_deleted as boolean) as _is_deleted,
        cast(_delete_kind as varchar) as _delete_kind,
        cast(_merged_into as varchar) as _merged_into,
        cast(_source_file as varchar) as _source_file,
        cast(_source_line as bigint) as _source_line,
        cast(_load_seq as bigint) as _load_seq
    from landing
)

select * from typed
