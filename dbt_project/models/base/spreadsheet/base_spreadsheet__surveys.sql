-- Grain: one landed version of one spreadsheet `surveys` record.
with

landing as (
    select * from {{ source('landing_spreadsheet', 'surveys') }}
),

typed as (
    select
        cast(id as varchar) as id,
        cast(survey_type as varchar) as survey_type,
        cast(score as varchar) as score,
        cast(ticket_id as varchar) as ticket_id,
        cast(company as varchar) as company,
        cast(domain as varchar) as domain,
        cast(full_name as varchar) as full_name,
        cast(email as varchar) as email,
        cast(sent_at as varchar) as sent_at,
        cast(answered_at as varchar) as answered_at,
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
