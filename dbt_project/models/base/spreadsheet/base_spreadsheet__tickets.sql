-- Grain: one landed version of one spreadsheet `tickets` record.
with

landing as (
    select * from {{ source('landing_spreadsheet', 'tickets') }}
),

typed as (
    select
        cast(id as varchar) as id,
        cast(subject as varchar) as subject,
        cast(company as varchar) as company,
        cast(domain as varchar) as domain,
        cast(full_name as varchar) as full_name,
        cast(email as varchar) as email,
        cast(status as varchar) as status,
        cast(priority as varchar) as priority,
        cast(category as varchar) as category,
        cast(channel as varchar) as channel,
        cast(owner as varchar) as owner,
        cast(created_at as varchar) as created_at,
        cast(first_reply_at as varchar) as first_reply_at,
        cast(closed_at as varchar) as closed_at,
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
