-- Grain: one spreadsheet subscription record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_spreadsheet__subscriptions')) }}
),

casted as (
    select
        {{ record_key_columns('subscriptions') }},
        latest.company as company_name,
        latest.domain,
        latest.full_name,
        latest.email,
        latest.country,
        latest.product as product_name,
        latest.plan as plan_name,
        latest.status,
        latest.billing_period,
        latest.cancel_reason,
        latest.currency as currency_code,
        latest.sheet_name,
        {{ cast_amount('latest.amount', 'latest.decimal_separator') }} as amount,
        {{ cast_sheet_date('latest.start_date', 'latest.date_order') }} as start_date,
        {{ cast_sheet_date('latest.end_date', 'latest.date_order') }} as end_date,
        {{ cast_sheet_date('latest.cancelled_at', 'latest.date_order') }} as cancelled_date,
        {{ cast_sheet_instant('latest.modified_at', 'latest.date_order') }} as modified_at,
        {{ load_metadata_columns('subscriptions') }},
        {{ cast_failures([
            ('amount', cast_amount('latest.amount', 'latest.decimal_separator')),
            ('start_date', cast_sheet_date('latest.start_date', 'latest.date_order')),
            ('end_date', cast_sheet_date('latest.end_date', 'latest.date_order')),
            ('cancelled_at', cast_sheet_date('latest.cancelled_at', 'latest.date_order')),
            ('modified_at', cast_sheet_instant('latest.modified_at', 'latest.date_order'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
