-- Grain: one Salesforce line item that is not deleted.
with

line_items as (
    select * from {{ ref('int_opportunity_line_items_unioned') }}
    where source_type = 'salesforce' and not is_deleted
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
        cast(null as varchar) as pricebook_entry_id,
        line_items.product_source_id as product_2_id,
        cast(null as varchar) as product_2_name,
        line_items.product_code,
        cast(null as varchar) as product_family,
        cast(null as boolean) as product_is_active,
        cast(null as boolean) as product_is_archived,
        cast(null as boolean) as product_is_deleted,
        {%- for name in ['number_of_quantity_installments', 'number_of_revenue_installments'] %}
        cast(null as bigint) as {{ name }},
        {%- endfor %}
        {%- for name in ['quantity_installment_period', 'quantity_schedule_type', 'revenue_installment_period', 'revenue_schedule_type'] %}
        cast(null as varchar) as {{ name }},
        {%- endfor %}
        line_items.source_record_key,
        line_items.source_name as source_relation
    from line_items
    window by_deal as (
        partition by line_items.opportunity_source_record_key
        order by line_items.sort_order nulls last, line_items.created_at nulls last, line_items.source_record_key
    )
)

select * from final
