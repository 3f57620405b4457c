-- Grain: one spreadsheet order record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_spreadsheet__orders')) }}
),

casted as (
    select
        {{ record_key_columns('orders') }},
        latest.type as order_type,
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
        {{ cast_amount('latest.quantity', 'latest.decimal_separator', scale=4) }} as quantity,
        {{ cast_boolean('latest.amount_includes_tax') }} as is_amount_including_tax,
        {{ cast_sheet_date('latest.order_date', 'latest.date_order') }} as order_date,
        {{ cast_sheet_instant('latest.modified_at', 'latest.date_order') }} as modified_at,
        {{ load_metadata_columns('orders') }},
        {{ cast_failures([
            ('amount', cast_amount('latest.amount', 'latest.decimal_separator')),
            ('tax', cast_amount('latest.tax', 'latest.decimal_separator')),
            ('quantity', cast_amount('latest.quantity', 'latest.decimal_separator', scale=4)),
            ('amount_includes_tax', cast_boolean('latest.amount_includes_tax')),
            ('order_date', cast_sheet_date('latest.order_date', 'latest.date_order')),
            ('modified_at', cast_sheet_instant('latest.modified_at', 'latest.date_order'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
