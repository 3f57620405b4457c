-- Grain: one ordered pair of products that customers bought: who has the first, how often has the second.
with

revenue_events as (
    select * from {{ ref('fct_revenue_events') }}
    where is_counted and amount > 0 and product_name is not null and customer_id <> 'unknown'
),

line_items as (
    select * from {{ ref('fct_opportunity_line_items') }}
    where not is_deleted and product_code is not null
),

won_opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where is_won and is_counted and close_date <= {{ as_of_date() }}
),

-- Products of orders are known by name, those of deals by their code.
owned as (
    select distinct
        customer_id,
        trim(product_name) as product_name
    from revenue_events

    union

    select distinct
        coalesce(won_opportunities.golden_account_id, won_opportunities.golden_contact_id) as customer_id,
        trim(line_items.product_code) as product_name
    from line_items
    inner join won_opportunities
        on line_items.opportunity_id = won_opportunities.opportunity_id
    where coalesce(won_opportunities.golden_account_id, won_opportunities.golden_contact_id) is not null
),

-- Pairs grow with the square of products: the fifty that most customers have carry the signal.
common_products as (
    select
        product_name,
        count(*) as customers
    from owned
    group by 1
    qualify row_number() over (order by customers desc, product_name) <= 50
),

buyers as (
    select count(distinct customer_id) as customers from owned
),

common_owned as (
    select owned.*
    from owned
    inner join common_products
        on owned.product_name = common_products.product_name
),

pairs as (
    select
        first_owned.product_name,
        second_owned.product_name as other_product_name,
        count(*) as customers_with_both
    from common_owned as first_owned
    inner join common_owned as second_owned
        on first_owned.customer_id = second_owned.customer_id
        and first_owned.product_name <> second_owned.product_name
    group by 1, 2
),

final as (
    select
        {{ surrogate_key('pa', "pairs.product_name || '|' || pairs.other_product_name") }} as product_affinity_id,
        pairs.product_name,
        pairs.other_product_name,
        buyers.customers as customer_count,
        products.customers as customers_with_product_count,
        other_products.customers as customers_with_other_count,
        pairs.customers_with_both as customers_with_both_count,
        {{ rate('pairs.customers_with_both', 'products.customers') }} as confidence_rate,
        {{ rate('pairs.customers_with_both * buyers.customers', 'products.customers * other_products.customers', precision=18) }} as lift
    from pairs
    inner join common_products as products
        on pairs.product_name = products.product_name
    inner join common_products as other_products
        on pairs.other_product_name = other_products.product_name
    cross join buyers
)

select * from final
