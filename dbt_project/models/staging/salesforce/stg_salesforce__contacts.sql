-- Grain: one Salesforce contact record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__contacts'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('contact') }},
        {{ salesforce_id_18('latest.accountid') }} as account_id,
        latest.salutation,
        latest.firstname as first_name,
        latest.middlename as middle_name,
        latest.lastname as last_name,
        latest.suffix,
        latest.name as full_name,
        latest.email,
        latest.phone,
        coalesce(latest.mobilephone, latest.homephone) as mobile_phone,
        latest.title as job_title,
        latest.department,
        latest.mailingstreet as mailing_street,
        latest.mailingcity as mailing_city,
        coalesce(latest.mailingstate, latest.mailingstatecode) as mailing_state,
        latest.mailingstatecode as mailing_state_code,
        latest.mailingpostalcode as mailing_postal_code,
        coalesce(latest.mailingcountry, latest.mailingcountrycode) as mailing_country,
        latest.mailingcountrycode as mailing_country_code,
        latest.birthdate as birth_date,
        latest.leadsource as lead_source,
        {{ salesforce_id_18('latest.ownerid') }} as owner_user_id,
        {{ salesforce_id_18('latest.reportstoid') }} as reports_to_contact_id,
        {{ salesforce_id_18('latest.masterrecordid') }} as master_contact_id,
        {{ salesforce_id_18('latest.individualid') }} as individual_id,
        {{ cast_boolean('latest.hasoptedoutofemail') }} as has_email_opt_out,
        {{ cast_boolean('latest.donotcall') }} as has_do_not_call,
        {{ cast_instant('latest.createddate') }} as created_at,
        coalesce(
            {{ cast_instant('latest.lastmodifieddate') }},
            {{ cast_instant('latest.systemmodstamp') }}
        ) as modified_at,
        {{ load_metadata_columns('contact', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('hasoptedoutofemail', cast_boolean('latest.hasoptedoutofemail')),
            ('donotcall', cast_boolean('latest.donotcall')),
            ('createddate', cast_instant('latest.createddate')),
            ('lastmodifieddate', cast_instant('latest.lastmodifieddate')),
            ('systemmodstamp', cast_instant('latest.systemmodstamp'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
