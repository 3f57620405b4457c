-- Grain: one spreadsheet contact record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_spreadsheet__contacts')) }}
),

casted as (
    select
        {{ record_key_columns('contacts') }},
        latest.full_name,
        latest.first_name,
        latest.last_name,
        latest.email,
        latest.phone,
        latest.mobile_phone,
        latest.job_title,
        latest.company as company_name,
        latest.website,
        latest.street,
        latest.city,
        latest.state,
        latest.postal_code,
        latest.country,
        latest.owner as owner_name,
        latest.lead_source,
        latest.lifecycle_stage,
        latest.sheet_name,
        {{ cast_boolean('latest.email_opt_out') }} as has_email_opt_out,
        {{ cast_sheet_instant('latest.created_at', 'latest.date_order') }} as created_at,
        {{ cast_sheet_instant('latest.modified_at', 'latest.date_order') }} as modified_at,
        {{ load_metadata_columns('contacts') }},
        {{ cast_failures([
            ('email_opt_out', cast_boolean('latest.email_opt_out')),
            ('created_at', cast_sheet_instant('latest.created_at', 'latest.date_order')),
            ('modified_at', cast_sheet_instant('latest.modified_at', 'latest.date_order'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
