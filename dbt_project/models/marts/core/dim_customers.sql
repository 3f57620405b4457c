-- Grain: one customer: a golden account, a person who buys without a company, or 'unknown'.
with

customers as (
    select * from {{ ref('int_customers_classified') }}
),

ltv as (
    select * from {{ ref('customer_ltv') }}
),

churn as (
    select * from {{ ref('customer_churn') }}
),

final as (
    select
        customers.customer_id,
        customers.golden_account_id,
        customers.golden_contact_id,
        customers.customer_kind,
        customers.setting,
        customers.customer_name,
        customers.country_code,
        customers.industry,
        -- Everyone in this table appears in a revenue event; a customer has revenue that counts, or a contract.
        (ltv.order_count > 0 or coalesce(churn.mrr_reporting, 0) > 0) and customers.customer_kind <> 'unknown' as is_customer,
        coalesce(churn.churn_status in ('active', 'in_grace'), false) as is_active,
        customers.is_test_record,
        least(ltv.first_order_date, churn.first_purchase_date) as customer_since_date
    from customers
    left join ltv
        on customers.customer_id = ltv.customer_id
    left join churn
        on customers.customer_id = churn.customer_id
)

select * from final
