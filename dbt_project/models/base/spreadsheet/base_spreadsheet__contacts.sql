-- Grain: one landed version of one spreadsheet `contacts` record.
with

landing as (
    select * from {{ source('landing_spreadsheet', 'contacts') }}
),

typed as (
    select
        cast(id as varchar) as id,
        cast(full_name as varchar) as full_name,
        cast(first_name as varchar) as first_name,
        cast(last_name as varchar) as last_name,
        cast(email as varchar) as email,
        cast(phone as varchar) as phone,
        cast(mobile_phone as varchar) as mobile_phone,
        cast(job_title as varchar) as job_title,
        cast(company as varchar) as company,
        cast(website as varchar) as website,
        cast(street as varchar) as street,
        cast(city as varchar) as city,
        cast(state as varchar) as state,
        cast(postal_code as varchar) as postal_code,
        cast(country as varchar) as country,
        cast(owner as varchar) as owner,
        cast(lead_source as varchar) as lead_source,
        cast(lifecycle_stage as varchar) as lifecycle_stage,
        cast(email_opt_out as varchar) as email_opt_out,
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
