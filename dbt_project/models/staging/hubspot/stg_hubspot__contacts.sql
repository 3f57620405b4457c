-- Grain: one HubSpot contact record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_hubspot__contacts')) }}
),

casted as (
    select
        {{ record_key_columns('contacts') }},
        latest.firstname as first_name,
        latest.lastname as last_name,
        latest.email,
        latest.hs_additional_emails as additional_emails,
        latest.phone,
        latest.mobilephone as mobile_phone,
        latest.jobtitle as job_title,
        latest.company as company_name,
        latest.website,
        latest.address as street,
        latest.city,
        latest.state,
        latest.zip as postal_code,
        latest.country,
        latest.date_of_birth as birth_date,
        latest.lifecyclestage as lifecycle_stage,
        latest.hs_lead_status as lead_status,
        latest.hs_analytics_source as lead_source,
        {{ hubspot_owner_columns() }},
        coalesce(latest.associated_company_ids_primary, {{ split_ids('latest.associated_company_ids') }}[1], linked_companies.primary_id, latest.associatedcompanyid) as primary_company_id,
        coalesce(latest.hs_merged_object_ids, regexp_replace(latest.hs_calculated_merged_vids, ':[0-9]+', '', 'g')) as merged_contact_ids,
        {{ salesforce_id_18('trim(latest.hs_salesforcecontactid)') }} as salesforce_contact_id,
        {{ salesforce_id_18('trim(latest.hs_salesforceleadid)') }} as salesforce_lead_id,
        {{ cast_boolean('latest.hs_email_optout') }} as has_email_opt_out,
        try_cast(latest.hs_email_delivered as bigint) as delivered_email_count,
        try_cast(latest.hs_email_open as bigint) as opened_email_count,
        try_cast(latest.hs_email_click as bigint) as clicked_email_count,
        try_cast(latest.hs_email_replied as bigint) as replied_email_count,
        try_cast(latest.hs_email_bounce as bigint) as bounced_email_count,
        {{ cast_instant('latest.hs_email_first_send_date') }} as first_emailed_at,
        {{ cast_instant('latest.hs_email_last_send_date') }} as last_emailed_at,
        {{ cast_instant('latest.hs_email_last_open_date') }} as last_opened_at,
        {{ cast_instant('latest.hs_email_last_click_date') }} as last_clicked_at,
        {{ cast_instant('latest.hs_email_last_reply_date') }} as last_replied_at,
        {{ cast_instant('latest.first_conversion_date') }} as first_conversion_at,
        latest.first_conversion_event_name,
        {{ cast_instant('latest.recent_conversion_date') }} as recent_conversion_at,
        latest.recent_conversion_event_name,
        try_cast(latest.num_conversion_events as bigint) as form_submission_count,
        try_cast(latest.num_unique_conversion_events as bigint) as form_count,
        {{ cast_instant('latest.createdate') }} as created_at,
        {{ cast_instant('latest.lastmodifieddate') }} as modified_at,
        {{ load_metadata_columns('contacts') }},
        {{ cast_failures([
            ('hs_email_optout', cast_boolean('latest.hs_email_optout')),
            ('hs_email_delivered', 'try_cast(latest.hs_email_delivered as bigint)'),
            ('hs_email_open', 'try_cast(latest.hs_email_open as bigint)'),
            ('hs_email_click', 'try_cast(latest.hs_email_click as bigint)'),
            ('hs_email_replied', 'try_cast(latest.hs_email_replied as bigint)'),
            ('hs_email_bounce', 'try_cast(latest.hs_email_bounce as bigint)'),
            ('hs_email_first_send_date', cast_instant('latest.hs_email_first_send_date')),
            ('hs_email_last_send_date', cast_instant('latest.hs_email_last_send_date')),
            ('hs_email_last_open_date', cast_instant('latest.hs_email_last_open_date')),
            ('hs_email_last_click_date', cast_instant('latest.hs_email_last_click_date')),
            ('hs_email_last_reply_date', cast_instant('latest.hs_email_last_reply_date')),
            ('first_conversion_date', cast_instant('latest.first_conversion_date')),
            ('recent_conversion_date', cast_instant('latest.recent_conversion_date')),
            ('num_conversion_events', 'try_cast(latest.num_conversion_events as bigint)'),
            ('num_unique_conversion_events', 'try_cast(latest.num_unique_conversion_events as bigint)'),
            ('createdate', cast_instant('latest.createdate')),
            ('lastmodifieddate', cast_instant('latest.lastmodifieddate'))
        ]) }} as _cast_failures
    from latest
    {{ join_hubspot_owner() }}
    {{ join_hubspot_links('contacts', 'companies', 'linked_companies') }}
)

select * from casted
