-- Grain: one landed version of one HubSpot `line_items` record.
with

landing as (
    select * from {{ source('landing_hubspot', 'line_items') }}
),

typed as (
    select
        cast(hs_object_id as varchar) as hs_object_id,
        cast(name as varchar) as name,
        cast(hs_sku as varchar) as hs_sku,
        cast(hs_product_id as varchar) as hs_product_id,
        cast(quantity as varchar) as quantity,
        cast(price as varchar) as price,
        cast(amount as varchar) as amount,
        cast(hs_line_item_currency_code as varchar) as hs_line_item_currency_code,
        cast(hs_position_on_quote as varchar) as hs_position_on_quote,
        cast(hs_recurring_billing_start_date as varchar) as hs_recurring_billing_start_date,
        cast(createdate as varchar) as createdate,
        cast(hs_lastmodifieddate as varchar) as hs_lastmodifieddate,
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
