-- Grain: one survey that one person was asked to answer, latest version. Deleted records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_spreadsheet__surveys')) }}
),

casted as (
    select
        {{ record_key_columns('surveys') }},
        latest.survey_type,
        latest.ticket_id as ticket_source_id,
        latest.company as company_name,
        latest.domain,
        latest.full_name,
        latest.email,
        latest.sheet_name,
        {{ cast_amount('latest.score', 'latest.decimal_separator') }} as score,
        {{ cast_sheet_instant('latest.sent_at', 'latest.date_order') }} as sent_at,
        {{ cast_sheet_instant('latest.answered_at', 'latest.date_order') }} as answered_at,
        {{ cast_sheet_instant('latest.modified_at', 'latest.date_order') }} as modified_at,
        {{ load_metadata_columns('surveys') }},
        {{ cast_failures([
            ('score', cast_amount('latest.score', 'latest.decimal_separator')),
            ('sent_at', cast_sheet_instant('latest.sent_at', 'latest.date_order')),
            ('answered_at', cast_sheet_instant('latest.answered_at', 'latest.date_order')),
            ('modified_at', cast_sheet_instant('latest.modified_at', 'latest.date_order'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
