-- Grain: one landed version of one Salesforce `product2` record.
with

landing as (
    select * from {{ source('landing_salesforce', 'product2') }}
),

typed as (
    select
        cast(id as varchar) as id,
        cast(isdeleted as varchar) as isdeleted,
        cast(name as varchar) as name,
        cast(productcode as varchar) as productcode,
        cast(family as varchar) as family,
        cast(isactive as varchar) as isactive,
        cast(isarchived as varchar) as isarchived,
        cast(numberofquantityinstallments as varchar) as numberofquantityinstallments,
        cast(quantityinstallmentperiod as varchar) as quantityinstallmentperiod,
        cast(quantityscheduletype as varchar) as quantityscheduletype,
        cast(numberofrevenueinstallments as varchar) as numberofrevenueinstallments,
        cast(revenueinstallmentperiod as varchar) as revenueinstallmentperiod,
        cast(revenuescheduletype as varchar) as revenuescheduletype,
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
