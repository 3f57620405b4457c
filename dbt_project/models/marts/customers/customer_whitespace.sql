-- Grain: one product that one customer could buy: not owned yet (cross-sell), or bought for less than
-- its buyers usually spend (upsell). At most five of a kind per customer.
with

churn as (
    select customer_id from {{ ref('customer_churn') }}
    where not is_churned
),

customers as (
    select
        customers.customer_id,
        coalesce(customers.industry, 'unknown') as segment
    from {{ ref('int_customers_classified') }} as customers
    inner join churn
        on customers.customer_id = churn.customer_id
    where not customers.is_test_record
),

spending as (
    select
        customer_id,
        trim(product_name) as product_name,
        sum(amount_reporting) as spent
    from {{ ref('fct_revenue_events') }}
    where
        is_counted
        and product_name is not null
        and customer_id <> 'unknown'
        and event_date > {{ as_of_date() }} - 365
    group by 1, 2
    having sum(amount_reporting) > 0
),

owned as (
    select distinct
        customer_id,
        trim(product_name) as product_name
    from {{ ref('fct_revenue_events') }}
    where is_counted and amount > 0 and product_name is not null
),

affinity as (
    select * from {{ ref('product_affinity') }}
    where customers_with_both_count >= {{ var('affinity_min_customers') }} and lift > 1
),

product_spending as (
    select
        product_name,
        count(*) as buyers,
        median(spent) as median_spent
    from spending
    group by 1
),

segment_sizes as (
    select
        segment,
        count(*) as customers
    from customers
    group by 1
),

-- How many of the customers alike have it: the white space of a segment.
segment_owners as (
    select
        customers.segment,
        owned.product_name,
        count(*) as owners
    from customers
    inner join owned
        on customers.customer_id = owned.customer_id
    group by 1, 2
),

cross_sell as (
    select
        customers.customer_id,
        customers.segment,
        'cross_sell' as candidate_type,
        affinity.other_product_name as product_name,
        arg_max(affinity.product_name, {'lift': affinity.lift, 'name': affinity.product_name}) as because_of_product_name,
        max(affinity.lift) as lift,
        arg_max(affinity.confidence_rate, {'lift': affinity.lift, 'name': affinity.product_name}) as confidence_rate,
        arg_max(affinity.customers_with_both_count, {'lift': affinity.lift, 'name': affinity.product_name}) as evidence_customers,
        cast(null as decimal(18, 2)) as spent
    from customers
    inner join owned
        on customers.customer_id = owned.customer_id
    inner join affinity
        on owned.product_name = affinity.product_name
    left join owned as already_owned
        on customers.customer_id = already_owned.customer_id
        and affinity.other_product_name = already_owned.product_name
    where already_owned.customer_id is null
    group by 1, 2, 4
),

upsell as (
    select
        customers.customer_id,
        customers.segment,
        'upsell' as candidate_type,
        spending.product_name,
        spending.product_name as because_of_product_name,
        cast(null as decimal(18, 4)) as lift,
        cast(null as decimal(9, 4)) as confidence_rate,
        product_spending.buyers as evidence_customers,
        spending.spent
    from customers
    inner join spending
        on customers.customer_id = spending.customer_id
    inner join product_spending
        on spending.product_name = product_spending.product_name
    where
        product_spending.buyers >= {{ var('affinity_min_customers') }}
        and spending.spent < product_spending.median_spent / 2
),

candidates as (
    select * from cross_sell
    union all
    select * from upsell
),

valued as (
    select
        candidates.*,
        product_spending.median_spent,
        {{ rate('coalesce(segment_owners.owners, 0)', 'segment_sizes.customers') }} as segment_penetration_rate,
        case
            when candidates.candidate_type = 'upsell' then product_spending.median_spent - candidates.spent
            else product_spending.median_spent * candidates.confidence_rate
        end as expected_revenue
    from candidates
    inner join segment_sizes
        on candidates.segment = segment_sizes.segment
    left join segment_owners
        on candidates.segment = segment_owners.segment
        and candidates.product_name = segment_owners.product_name
    left join product_spending
        on candidates.product_name = product_spending.product_name
),

final as (
    select
        {{ surrogate_key('ws', "customer_id || '|' || candidate_type || '|' || product_name") }} as customer_whitespace_id,
        customer_id,
        candidate_type,
        product_name,
        because_of_product_name,
        segment,
        row_number() over (
            partition by customer_id, candidate_type order by expected_revenue desc nulls last, lift desc nulls last, product_name
        ) as candidate_rank,
        cast(evidence_customers as bigint) as evidence_customer_count,
        confidence_rate,
        lift,
        segment_penetration_rate,
        cast(coalesce(spent, 0) as decimal(18, 2)) as spent_365_days_reporting,
        cast(median_spent as decimal(18, 2)) as median_spent_reporting,
        cast(expected_revenue as decimal(18, 2)) as expected_revenue_reporting,
        {{ as_of_date() }} as as_of_date
    from valued
    qualify candidate_rank <= 5
)

select * from final
