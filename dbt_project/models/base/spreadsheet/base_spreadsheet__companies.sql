-- Grain: one landed version of one spreadsheet `companies` record.
with

landing as (
    select * from {{ source('landing_spreadsheet', 'companies') }}
),

typed as (
    select
        cast(id as varchar) as id,
        cast(name as varchar) as name,
        cast(domain as varchar) as domain,
        cast(website as varchar) as website,
        cast(phone as varchar) as phone,
        cast(street as varchar) as street,
        cast(city as varchar) as city,
        cast(state as varchar) as state,
        cast(postal_code as varchar) as postal_code,
        cast(country as varchar) as country,
        cast(industry as varchar) as industry,
        cast(employee_count as varchar) as employee_count,
        cast(annual_revenue as varchar) as annual_revenue,
        cast(parent_name as varchar) as parent_name,
        cast(owner as varchar) as owner,
        cast(created_at as varchar) as created_at,
        cast(modified_at as varchar) as modified_at,
        cast(amount_includes_tax as varchar) as amount_includes_tax,
        cast(date_order as varchar) as date_order,
        cast(decimal_separator as varchar) as decimal_separator,
        cast(sheet_name as varchar) as sheet_name,
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
