-- Grain: one spreadsheet invoice record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_spreadsheet__invoices')) }}
),

casted as (
    select
        {{ record_key_columns('invoices') }},
        latest.type as invoice_type,
        latest.company as company_name,
        latest.domain,
        latest.full_name,
        latest.email,
        latest.phone,
        latest.country,
        latest.status,
        latest.product as product_name,
        latest.currency as currency_code,
        latest.related_id as related_source_id,
        latest.sheet_name,
        {{ cast_amount('latest.amount', 'latest.decimal_separator') }} as amount,
        {{ cast_amount('latest.tax', 'latest.decimal_separator') }} as tax_amount,
        {{ cast_boolean('latest.amount_includes_tax') }} as is_amount_including_tax,
        {{ cast_sheet_date('latest.invoice_date', 'latest.date_order') }} as invoice_date,
        {{ cast_sheet_date('latest.due_date', 'latest.date_order') }} as due_date,
        {{ cast_sheet_date('latest.paid_date', 'latest.date_order') }} as paid_date,
        {{ cast_sheet_date('latest.period_start', 'latest.date_order') }} as period_start_date,
        {{ cast_sheet_date('latest.period_end', 'latest.date_order') }} as period_end_date,
        {{ cast_sheet_instant('latest.modified_at', 'latest.date_order') }} as modified_at,
        {{ load_metadata_columns('invoices') }},
        {{ cast_failures([
            ('amount', cast_amount('latest.amount', 'latest.decimal_separator')),
            ('tax', cast_amount('latest.tax', 'latest.decimal_separator')),
            ('amount_includes_tax', cast_boolean('latest.amount_includes_tax')),
            ('invoice_date', cast_sheet_date('latest.invoice_date', 'latest.date_order')),
            ('due_date', cast_sheet_date('latest.due_date', 'latest.date_order')),
            ('paid_date', cast_sheet_date('latest.paid_date', 'latest.date_order')),
            ('period_start', cast_sheet_date('latest.period_start', 'latest.date_order')),
            ('period_end', cast_sheet_date('latest.period_end', 'latest.date_order')),
            ('modified_at', cast_sheet_instant('latest.modified_at', 'latest.date_order'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
