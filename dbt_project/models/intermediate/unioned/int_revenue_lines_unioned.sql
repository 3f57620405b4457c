-- Grain: one row of a sheet of orders, invoices or subscriptions (latest version).
with

orders as (
    select * from {{ ref('stg_spreadsheet__orders') }}
),

invoices as (
    select * from {{ ref('stg_spreadsheet__invoices') }}
),

subscriptions as (
    select * from {{ ref('stg_spreadsheet__subscriptions') }}
),

order_lines as (
    select
        source_record_key,
        source_name,
        'orders' as source_object,
        source_record_id,
        -- A negative order is money given back, whatever its type says.
        case
            when regexp_matches(lower(order_type), '(credit|gutschrift|avoir)') then 'credit'
            when regexp_matches(lower(order_type), '(refund|return|chargeback|erstattung|retoure|rembours)')
                or amount < 0
                then 'refund'
            else 'order'
        end as line_type,
        company_name,
        domain,
        full_name,
        email,
        phone,
        country,
        product_name,
        cast(null as varchar) as plan_name,
        status,
        currency_code,
        related_source_id,
        cast(null as varchar) as billing_period,
        cast(null as varchar) as cancel_reason,
        amount,
        tax_amount,
        quantity,
        is_amount_including_tax,
        order_date as line_date,
        cast(null as date) as due_date,
        cast(null as date) as paid_date,
        cast(null as date) as period_start_date,
        cast(null as date) as period_end_date,
        cast(null as date) as cancelled_date,
        modified_at,
        is_deleted,
        delete_kind,
        _load_id,
        _extracted_at,
        _row_hash,
        _source_file,
        _source_line
    from orders
),

invoice_lines as (
    select
        source_record_key,
        source_name,
        'invoices' as source_object,
        source_record_id,
        case
            when regexp_matches(lower(invoice_type), '(refund|erstattung|rembours)') then 'refund'
            when regexp_matches(lower(invoice_type), '(credit|gutschrift|avoir)') or amount < 0
                then 'credit_note'
            else 'invoice'
        end as line_type,
        company_name,
        domain,
        full_name,
        email,
        phone,
        country,
        product_name,
        cast(null as varchar) as plan_name,
        status,
        currency_code,
        related_source_id,
        cast(null as varchar) as billing_period,
        cast(null as varchar) as cancel_reason,
        amount,
        tax_amount,
        cast(null as decimal(18, 4)) as quantity,
        is_amount_including_tax,
        invoice_date as line_date,
        due_date,
        paid_date,
        period_start_date,
        period_end_date,
        cast(null as date) as cancelled_date,
        modified_at,
        is_deleted,
        delete_kind,
        _load_id,
        _extracted_at,
        _row_hash,
        _source_file,
        _source_line
    from invoices
),

subscription_lines as (
    select
        source_record_key,
        source_name,
        'subscriptions' as source_object,
        source_record_id,
        'subscription' as line_type,
        company_name,
        domain,
        full_name,
        email,
        cast(null as varchar) as phone,
        country,
        product_name,
        plan_name,
        status,
        currency_code,
        cast(null as varchar) as related_source_id,
        case
            when billing_period is null then 'month'
            when regexp_matches(lower(billing_period), '(quarter|quartal|trimest|3 ?mo)') then 'quarter'
            when regexp_matches(lower(billing_period), '(year|annual|yr|jahr|jährlich|annuel|12 ?mo)') then 'year'
            when regexp_matches(lower(billing_period), '(week|woche|wöchentlich|semaine|hebdo)') then 'week'
            when regexp_matches(lower(billing_period), '(month|monat|mensuel|mois|mens)') then 'month'
        end as billing_period,
        cancel_reason,
        amount,
        cast(null as decimal(18, 2)) as tax_amount,
        cast(null as decimal(18, 4)) as quantity,
        false as is_amount_including_tax,
        start_date as line_date,
        cast(null as date) as due_date,
        cast(null as date) as paid_date,
        start_date as period_start_date,
        end_date as period_end_date,
        cancelled_date,
        modified_at,
        is_deleted,
        delete_kind,
        _load_id,
        _extracted_at,
        _row_hash,
        _source_file,
        _source_line
    from subscriptions
),

lines_unioned as (
    select * from order_lines
    union all
    select * from invoice_lines
    union all
    select * from subscription_lines
),

buyers_keyed as (
    select
        *,
        {{ buyer_id('email', 'full_name', 'company_name') }} as buyer_id,
        {{ buyer_company_id('company_name', 'domain') }} as buyer_company_id
    from lines_unioned
),

final as (
    select
        source_record_key,
        source_name,
        'spreadsheet' as source_type,
        source_object,
        source_record_id,
        {{ source_record_key('buyers', 'buyer_id', 'source_name') }} as contact_source_record_key,
        {{ source_record_key('buyer_companies', 'buyer_company_id', 'source_name') }} as account_source_record_key,
        line_type,
        company_name,
        domain,
        full_name,
        email,
        phone,
        country,
        product_name,
        plan_name,
        status,
        {{ currency_code('currency_code') }} as currency_code,
        related_source_id,
        billing_period,
        cancel_reason,
        amount,
        tax_amount,
        -- Without tax, and negative when money flows back.
        cast(case
            when line_type in ('refund', 'credit', 'credit_note')
                then -abs(amount - case when is_amount_including_tax then coalesce(tax_amount, 0) else 0 end)
            else amount - case when is_amount_including_tax then coalesce(tax_amount, 0) else 0 end
        end as decimal(18, 2)) as net_amount,
        quantity,
        nullif(trim(currency_code), '') is null as is_currency_assumed,
        -- Never became money: a draft, a cancelled order, a failed payment, a trial.
        coalesce(
            regexp_matches(lower(status), '(cancel|void|draft|fail|declin|storn|annul|trial|abandon)')
            and line_type <> 'subscription',
            false
        )
        or coalesce(
            regexp_matches(lower(status), '(trial|draft|void|fail|declin)') and line_type = 'subscription', false
        ) as is_void,
        line_date,
        due_date,
        paid_date,
        period_start_date,
        period_end_date,
        cancelled_date,
        modified_at,
        is_deleted,
        delete_kind,
        _load_id,
        _extracted_at,
        _row_hash,
        _source_file,
        _source_line
    from buyers_keyed
)

select * from final
