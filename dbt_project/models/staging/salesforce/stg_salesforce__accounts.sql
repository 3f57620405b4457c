-- Grain: one Salesforce account record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__accounts'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('account') }},
        latest.name as account_name,
        latest.type as account_type,
        {{ salesforce_id_18('latest.parentid') }} as parent_account_id,
        latest.billingstreet as billing_street,
        latest.billingcity as billing_city,
        coalesce(latest.billingstate, latest.billingstatecode) as billing_state,
        latest.billingpostalcode as billing_postal_code,
        coalesce(latest.billingcountry, latest.billingcountrycode, latest.shippingcountry) as billing_country,
        latest.phone,
        latest.website,
        latest.industry,
        latest.accountsource as account_source,
        latest.accountnumber as account_number,
        latest.rating,
        latest.currencyisocode as currency_code,
        {{ salesforce_id_18('latest.ownerid') }} as owner_user_id,
        {{ salesforce_id_18('latest.masterrecordid') }} as master_account_id,
        {{ cast_integer('latest.numberofemployees') }} as employee_count,
        {{ cast_amount('latest.annualrevenue') }} as annual_revenue,
        {{ cast_instant('latest.createddate') }} as created_at,
        coalesce(
            {{ cast_instant('latest.lastmodifieddate') }},
            {{ cast_instant('latest.systemmodstamp') }}
        ) as modified_at,
        {{ load_metadata_columns('account', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('numberofemployees', cast_integer('latest.numberofemployees')),
            ('annualrevenue', cast_amount('latest.annualrevenue')),
            ('createddate', cast_instant('latest.createddate')),
            ('lastmodifieddate', cast_instant('latest.lastmodifieddate')),
            ('systemmodstamp', cast_instant('latest.systemmodstamp'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
