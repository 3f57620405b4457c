-- Grain: one support ticket of a sheet, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_spreadsheet__tickets')) }}
),

casted as (
    select
        {{ record_key_columns('tickets') }},
        latest.subject,
        latest.company as company_name,
        latest.domain,
        latest.full_name,
        latest.email,
        latest.status,
        latest.priority,
        latest.category as ticket_type,
        latest.channel as origin,
        latest.owner as owner_name,
        latest.sheet_name,
        {{ cast_sheet_instant('latest.created_at', 'latest.date_order') }} as created_at,
        {{ cast_sheet_instant('latest.first_reply_at', 'latest.date_order') }} as first_reply_at,
        {{ cast_sheet_instant('latest.closed_at', 'latest.date_order') }} as closed_at,
        {{ cast_sheet_instant('latest.modified_at', 'latest.date_order') }} as modified_at,
        {{ load_metadata_columns('tickets') }},
        {{ cast_failures([
            ('created_at', cast_sheet_instant('latest.created_at', 'latest.date_order')),
            ('first_reply_at', cast_sheet_instant('latest.first_reply_at', 'latest.date_order')),
            ('closed_at', cast_sheet_instant('latest.closed_at', 'latest.date_order')),
            ('modified_at', cast_sheet_instant('latest.modified_at', 'latest.date_order'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
