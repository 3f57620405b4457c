-- Grain: one spreadsheet company record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_spreadsheet__companies')) }}
),

casted as (
    select
        {{ record_key_columns('companies') }},
        latest.name as company_name,
        latest.domain,
        latest.website,
        latest.phone,
        latest.street,
        latest.city,
        latest.state,
        latest.postal_code,
        latest.country,
        latest.industry,
        latest.parent_name as parent_company_name,
        latest.owner as owner_name,
        latest.sheet_name,
        {{ cast_integer('latest.employee_count', 'latest.decimal_separator') }} as employee_count,
        {{ cast_amount('latest.annual_revenue', 'latest.decimal_separator') }} as annual_revenue,
        {{ cast_sheet_instant('latest.created_at', 'latest.date_order') }} as created_at,
        {{ cast_sheet_instant('latest.modified_at', 'latest.date_order') }} as modified_at,
        {{ load_metadata_columns('companies') }},
        {{ cast_failures([
            ('employee_count', cast_integer('latest.employee_count', 'latest.decimal_separator')),
            ('annual_revenue', cast_amount('latest.annual_revenue', 'latest.decimal_separator')),
            ('created_at', cast_sheet_instant('latest.created_at', 'latest.date_order')),
            ('modified_at', cast_sheet_instant('latest.modified_at', 'latest.date_order'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
