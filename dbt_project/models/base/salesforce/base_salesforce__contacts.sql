-- Grain: one landed version of one Salesforce `contact` record.
with

landing as (
    select * from {{ source('landing_salesforce', 'contact') }}
),

typed as (
    select
        cast(id as varchar) as id,
        cast(isdeleted as varchar) as isdeleted,
        cast(masterrecordid as varchar) as masterrecordid,
        cast(accountid as varchar) as accountid,
        cast(salutation as varchar) as salutation,
        cast(firstname as varchar) as firstname,
        cast(middlename as varchar) as middlename,
        cast(lastname as varchar) as lastname,
        cast(suffix as varchar) as suffix,
        cast(name as varchar) as name,
        cast(email as varchar) as email,
        cast(phone as varchar) as phone,
        cast(mobilephone as varchar) as mobilephone,
        cast(homephone as varchar) as homephone,
        cast(title as varchar) as title,
        cast(department as varchar) as department,
        cast(mailingstreet as varchar) as mailingstreet,
        cast(mailingcity as varchar) as mailingcity,
        cast(mailingstate as varchar) as mailingstate,
        cast(mailingpostalcode as varchar) as mailingpostalcode,
        cast(mailingcountry as varchar) as mailingcountry,
        cast(mailingcountrycode as varchar) as mailingcountrycode,
        cast(mailingstatecode as varchar) as mailingstatecode,
        cast(birthdate as varchar) as birthdate,
        cast(leadsource as varchar) as leadsource,
        cast(hasoptedoutofemail as varchar) as hasoptedoutofemail,
        cast(donotcall as varchar) as donotcall,
        cast(ownerid as varchar) as ownerid,
        cast(reportstoid as varchar) as reportstoid,
        cast(individualid as varchar) as individualid,
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
