-- Grain: one Salesforce lead record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__leads'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('lead') }},
        latest.salutation,
        latest.firstname as first_name,
        latest.middlename as middle_name,
        latest.lastname as last_name,
        latest.suffix,
        latest.name as full_name,
        latest.company as company_name,
        latest.title as job_title,
        latest.email,
        latest.phone,
        latest.mobilephone as mobile_phone,
        latest.website,
        latest.street,
        latest.city,
        coalesce(latest.state, latest.statecode) as state,
        latest.postalcode as postal_code,
        coalesce(latest.country, latest.countrycode) as country,
        latest.leadsource as lead_source,
        latest.status as lead_status,
        latest.industry,
        latest.rating,
        {{ salesforce_id_18('latest.ownerid') }} as owner_user_id,
        {{ salesforce_id_18('latest.masterrecordid') }} as master_lead_id,
        {{ salesforce_id_18('latest.convertedaccountid') }} as converted_account_id,
        {{ salesforce_id_18('latest.convertedcontactid') }} as converted_contact_id,
        {{ salesforce_id_18('latest.convertedopportunityid') }} as converted_opportunity_id,
        {{ cast_integer('latest.numberofemployees') }} as employee_count,
        {{ cast_amount('latest.annualrevenue') }} as annual_revenue,
        {{ cast_boolean('latest.isconverted') }} as is_converted,
        {{ cast_boolean('latest.hasoptedoutofemail') }} as has_email_opt_out,
        {{ cast_boolean('latest.donotcall') }} as has_do_not_call,
        {{ cast_date('latest.converteddate') }} as converted_date,
        {{ cast_instant('latest.createddate') }} as created_at,
        coalesce(
            {{ cast_instant('latest.lastmodifieddate') }},
            {{ cast_instant('latest.systemmodstamp') }}
        ) as modified_at,
        {{ load_metadata_columns('lead', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('numberofemployees', cast_integer('latest.numberofemployees')),
            ('annualrevenue', cast_amount('latest.annualrevenue')),
            ('isconverted', cast_boolean('latest.isconverted')),
            ('hasoptedoutofemail', cast_boolean('latest.hasoptedoutofemail')),
            ('donotcall', cast_boolean('latest.donotcall')),
            ('converteddate', cast_date('latest.converteddate')),
            ('createddate', cast_instant('latest.createddate')),
            ('lastmodifieddate', cast_instant('latest.lastmodifieddate')),
            ('systemmodstamp', cast_instant('latest.systemmodstamp'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
