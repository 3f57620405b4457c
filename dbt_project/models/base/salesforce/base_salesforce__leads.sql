-- Grain: one landed version of one Salesforce `lead` record.
with

landing as (
    select * from {{ source('landing_salesforce', 'lead') }}
),

typed as (
    select
        cast(id as varchar) as id,
        cast(isdeleted as varchar) as isdeleted,
        cast(masterrecordid as varchar) as masterrecordid,
        cast(salutation as varchar) as salutation,
        cast(firstname as varchar) as firstname,
        cast(middlename as varchar) as middlename,
        cast(lastname as varchar) as lastname,
        cast(suffix as varchar) as suffix,
        cast(name as varchar) as name,
        cast(company as varchar) as company,
        cast(title as varchar) as title,
        cast(email as varchar) as email,
        cast(phone as varchar) as phone,
        cast(mobilephone as varchar) as mobilephone,
        cast(website as varchar) as website,
        cast(street as varchar) as street,
        cast(city as varchar) as city,
        cast(state as varchar) as state,
        cast(postalcode as varchar) as postalcode,
        cast(country as varchar) as country,
        cast(countrycode as varchar) as countrycode,
        cast(statecode as varchar) as statecode,
        cast(leadsource as varchar) as leadsource,
        cast(status as varchar) as status,
        cast(industry as varchar) as industry,
        cast(rating as varchar) as rating,
        cast(numberofemployees as varchar) as numberofemployees,
        cast(annualrevenue as varchar) as annualrevenue,
        cast(isconverted as varchar) as isconverted,
        cast(converteddate as varchar) as converteddate,
        cast(convertedaccountid as varchar) as convertedaccountid,
        cast(convertedcontactid as varchar) as convertedcontactid,
        cast(convertedopportunityid as varchar) as convertedopportunityid,
        cast(hasoptedoutofemail as varchar) as hasoptedoutofemail,
        cast(donotcall as varchar) as donotcall,
        cast(ownerid as varchar) as ownerid,
        cast(createddate as varchar) as createddate,
        cast(lastmodifieddate as varchar) as lastmodifieddate,
        cast(systemmodstamp as varchar) as systemmodstamp,
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
