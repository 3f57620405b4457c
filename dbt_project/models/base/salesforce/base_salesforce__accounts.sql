-- Grain: one landed version of one Salesforce `account` record.
with

landing as (
    select * from {{ source('landing_salesforce', 'account') }}
),

typed as (
    select
        cast(id as varchar) as id,
        cast(isdeleted as varchar) as isdeleted,
        cast(masterrecordid as varchar) as masterrecordid,
        cast(name as varchar) as name,
        cast(type as varchar) as type,
        cast(parentid as varchar) as parentid,
        cast(billingstreet as varchar) as billingstreet,
        cast(billingcity as varchar) as billingcity,
        cast(billingstate as varchar) as billingstate,
        cast(billingpostalcode as varchar) as billingpostalcode,
        cast(billingcountry as varchar) as billingcountry,
        cast(billingcountrycode as varchar) as billingcountrycode,
        cast(billingstatecode as varchar) as billingstatecode,
        cast(shippingcountry as varchar) as shippingcountry,
        cast(phone as varchar) as phone,
        cast(website as varchar) as website,
        cast(industry as varchar) as industry,
        cast(annualrevenue as varchar) as annualrevenue,
        cast(numberofemployees as varchar) as numberofemployees,
        cast(ownerid as varchar) as ownerid,
        cast(accountsource as varchar) as accountsource,
        cast(accountnumber as varchar) as accountnumber,
        cast(rating as varchar) as rating,
        cast(createddate as varchar) as createddate,
        cast(lastmodifieddate as varchar) as lastmodifieddate,
        cast(systemmodstamp as varchar) as systemmodstamp,
        cast(currencyisocode as varchar) as currencyisocode,
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
