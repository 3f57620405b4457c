-- Grain: one landed version of one Salesforce `opportunity` record.
with

landing as (
    select * from {{ source('landing_salesforce', 'opportunity') }}
),

typed as (
    select
        cast(id as varchar) as id,
        cast(isdeleted as varchar) as isdeleted,
        cast(accountid as varchar) as accountid,
        cast(contactid as varchar) as contactid,
        cast(name as varchar) as name,
        cast(stagename as varchar) as stagename,
        cast(amount as varchar) as amount,
        cast(currencyisocode as varchar) as currencyisocode,
        cast(probability as varchar) as probability,
        cast(expectedrevenue as varchar) as expectedrevenue,
        cast(closedate as varchar) as closedate,
        cast(type as varchar) as type,
        cast(leadsource as varchar) as leadsource,
        cast(isclosed as varchar) as isclosed,
        cast(iswon as varchar) as iswon,
        cast(forecastcategory as varchar) as forecastcategory,
        cast(forecastcategoryname as varchar) as forecastcategoryname,
        cast(campaignid as varchar) as campaignid,
        cast(ownerid as varchar) as ownerid,
        cast(nextstep as varchar) as nextstep,
        cast(fiscalyear as varchar) as fiscalyear,
        cast(fiscalquarter as varchar) as fiscalquarter,
        cast(recordtypeid as varchar) as recordtypeid,
        cast(syncedquoteid as varchar) as syncedquoteid,
        cast(contractstartdate__c as varchar) as contractstartdate__c,
        cast(contractenddate__c as varchar) as contractenddate__c,
        cast(contractterm__c as varchar) as contractterm__c,
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
