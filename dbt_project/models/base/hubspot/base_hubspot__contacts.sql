-- Grain: one landed version of one HubSpot `contacts` record.
with

landing as (
    select * from {{ source('landing_hubspot', 'contacts') }}
),

typed as (
    select
        cast(hs_object_id as varchar) as hs_object_id,
        cast(firstname as varchar) as firstname,
        cast(lastname as varchar) as lastname,
        cast(email as varchar) as email,
        cast(hs_additional_emails as varchar) as hs_additional_emails,
        cast(phone as varchar) as phone,
        cast(mobilephone as varchar) as mobilephone,
        cast(jobtitle as varchar) as jobtitle,
        cast(company as varchar) as company,
        cast(website as varchar) as website,
        cast(address as varchar) as address,
        cast(city as varchar) as city,
        cast(state as varchar) as state,
        cast(zip as varchar) as zip,
        cast(country as varchar) as country,
        cast(date_of_birth as varchar) as date_of_birth,
        cast(lifecyclestage as varchar) as lifecyclestage,
        cast(hs_lead_status as varchar) as hs_lead_status,
        cast(hubspot_owner_id as varchar) as hubspot_owner_id,
        cast(hs_email_optout as varchar) as hs_email_optout,
        cast(hs_email_delivered as varchar) as hs_email_delivered,
        cast(hs_email_open as varchar) as hs_email_open,
        cast(hs_email_click as varchar) as hs_email_click,
        cast(hs_email_replied as varchar) as hs_email_replied,
        cast(hs_email_bounce as varchar) as hs_email_bounce,
        cast(hs_email_first_send_date as varchar) as hs_email_first_send_date,
        cast(hs_email_last_send_date as varchar) as hs_email_last_send_date,
        cast(hs_email_last_open_date as varchar) as hs_email_last_open_date,
        cast(hs_email_last_click_date as varchar) as hs_email_last_click_date,
        cast(hs_email_last_reply_date as varchar) as hs_email_last_reply_date,
        cast(createdate as varchar) as createdate,
        cast(lastmodifieddate as varchar) as lastmodifieddate,
        cast(hs_merged_object_ids as varchar) as hs_merged_object_ids,
        cast(hs_calculated_merged_vids as varchar) as hs_calculated_merged_vids,
        cast(associatedcompanyid as varchar) as associatedcompanyid,
        cast(associated_company_ids as varchar) as associated_company_ids,
        cast(associated_company_ids_primary as varchar) as associated_company_ids_primary,
        cast(hs_salesforcecontactid as varchar) as hs_salesforcecontactid,
        cast(hs_salesforceleadid as varchar) as hs_salesforceleadid,
        cast(hs_analytics_source as varchar) as hs_analytics_source,
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
