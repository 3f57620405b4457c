-- Grain: one HubSpot company record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_hubspot__companies')) }}
),

casted as (
    select
        {{ record_key_columns('companies') }},
        latest.name as company_name,
        latest.description,
        latest.domain,
        latest.website,
        latest.phone,
        latest.address as street,
        latest.address2 as street_2,
        latest.city,
        latest.state,
        latest.zip as postal_code,
        latest.country,
        latest.industry,
        latest.type as company_type,
        latest.lifecyclestage as lifecycle_stage,
        {{ hubspot_owner_columns() }},
        latest.hs_parent_company_id as parent_company_id,
        latest.hs_merged_object_ids as merged_company_ids,
        {{ salesforce_id_18('trim(latest.hs_salesforceaccountid)') }} as salesforce_account_id,
        {{ cast_integer('latest.numberofemployees') }} as employee_count,
        {{ cast_amount('latest.annualrevenue') }} as annual_revenue,
        {{ cast_instant('latest.createdate') }} as created_at,
        {{ cast_instant('latest.hs_lastmodifieddate') }} as modified_at,
        {{ load_metadata_columns('companies') }},
        {{ cast_failures([
            ('numberofemployees', cast_integer('latest.numberofemployees')),
            ('annualrevenue', cast_amount('latest.annualrevenue')),
            ('createdate', cast_instant('latest.createdate')),
            ('hs_lastmodifieddate', cast_instant('latest.hs_lastmodifieddate'))
        ]) }} as _cast_failures
    from latest
    {{ join_hubspot_owner() }}
)

select * from casted
