-- Grain: one contact record of a system that sends marketing mail, with what it counted so far.
with

hubspot_contacts as (
    select * from {{ ref('stg_hubspot__contacts') }}
),

contacts_conformed as (
    select
        source_record_key,
        source_name,
        'hubspot' as source_type,
        'contacts' as source_object,
        source_record_id,
        has_email_opt_out,
        coalesce(delivered_email_count, 0) as delivered_email_count,
        coalesce(opened_email_count, 0) as opened_email_count,
        coalesce(clicked_email_count, 0) as clicked_email_count,
        coalesce(replied_email_count, 0) as replied_email_count,
        coalesce(bounced_email_count, 0) as bounced_email_count,
        first_emailed_at,
        last_emailed_at,
        last_opened_at,
        last_clicked_at,
        last_replied_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from hubspot_contacts
)

select * from contacts_conformed
