-- Grain: one Salesforce line item that is not deleted.
with

line_items as (
    select * from {{ ref('int_opportunity_line_items_unioned') }}
    where source_type = 'salesforce' and not is_deleted
),

products as (
    select * from {{ ref('stg_salesforce__products') }}
),

line_item_details as (
    select * from {{ ref('stg_salesforce__opportunity_line_items') }}
),

final as (
    select
        line_items.source_record_id as opportunity_line_item_id,
        substr(line_items.opportunity_source_record_key, length(line_items.source_name) + length(':opportunity:') + 1) as opportunity_id,
        cast(row_number() over by_deal as bigint) as line_item_index,
        cast(count(*) over (partition by line_items.opportunity_source_record_key) as bigint) as total_line_items,
        line_items.line_item_name as opportunity_line_item_name,
        line_items.list_price_amount as list_price,
        line_items.quantity,
        line_items.unit_price_amount as unit_price,
        line_items.total_price_amount as total_price,
        line_items.service_date,
        line_item_details.pricebook_entry_id,
        line_items.product_source_id as product_2_id,
        products.product_name as product_2_name,
        coalesce(line_items.product_code, products.product_code) as product_code,
        products.product_family,
        products.is_active as product_is_active,
        products.is_archived as product_is_archived,
        products.is_deleted as product_is_deleted,
        products.number_of_quantity_installments,
        products.number_of_revenue_installments,
        products.quantity_installment_period,
        products.quantity_schedule_type,
        products.revenue_installment_period,
        products.revenue_schedule_type,
        line_items.source_record_key,
        line_items.source_name as source_relation
    from line_items
    left join line_item_details
        on line_items.source_record_key = line_item_details.source_record_key
    left join products
        on {{ source_record_key('product2', 'line_items.product_source_id', 'line_items.source_name') }} = products.source_record_key
    window by_deal as (
        partition by line_items.opportunity_source_record_key
        order by line_items.sort_order nulls last, line_items.created_at nulls last, line_items.source_record_key
    )
)

select * from final
