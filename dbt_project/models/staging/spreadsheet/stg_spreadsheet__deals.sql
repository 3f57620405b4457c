-- Grain: one spreadsheet deal record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_spreadsheet__deals')) }}
),

casted as (
    select
        {{ record_key_columns('deals') }},
        latest.name as deal_name,
        latest.company as company_name,
        latest.email,
        latest.stage as stage_name,
        latest.deal_type,
        latest.owner as owner_name,
        latest.currency as currency_code,
        latest.sheet_name,
        {{ cast_amount('latest.amount', 'latest.decimal_separator') }} as amount,
        {{ cast_probability_pct('latest.probability') }} as probability_pct,
        {{ cast_boolean('latest.is_won') }} as is_won,
        {{ cast_sheet_date('latest.close_date', 'latest.date_order') }} as close_date,
        {{ cast_sheet_instant('latest.created_at', 'latest.date_order') }} as created_at,
        {{ load_metadata_columns('deals') }},
        {{ cast_failures([
            ('amount', cast_amount('latest.amount', 'latest.decimal_separator')),
            ('probability', cast_amount('latest.probability', scale=4)),
            ('is_won', cast_boolean('latest.is_won')),
            ('close_date', cast_sheet_date('latest.close_date', 'latest.date_order')),
            ('created_at', cast_sheet_instant('latest.created_at', 'latest.date_order'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
