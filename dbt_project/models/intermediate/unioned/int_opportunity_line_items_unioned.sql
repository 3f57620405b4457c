-- Grain: one product line of one deal record.
with

salesforce_line_items as (
    select * from {{ ref('stg_salesforce__opportunity_line_items') }}
),

hubspot_line_items as (
    select * from {{ ref('stg_hubspot__line_items') }}
),

salesforce_line_items_conformed as (
    select
        source_record_key,
        source_name,
        'salesforce' as source_type,
        'opportunitylineitem' as source_object,
        source_record_id,
        {{ source_record_key('opportunity', 'opportunity_source_id', 'source_name') }} as opportunity_source_record_key,
        product_id as product_source_id,
        product_code,
        line_item_name,
        sort_order,
        quantity,
        unit_price_amount,
        list_price_amount,
        coalesce(total_price_amount, cast(quantity * unit_price_amount as decimal(18, 2))) as total_price_amount,
        service_date,
        created_at,
        modified_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from salesforce_line_items
),

-- Products without a SKU are known by their name.
hubspot_line_items_conformed as (
    select
        source_record_key,
        source_name,
        'hubspot' as source_type,
        'line_items' as source_object,
        source_record_id,
        {{ source_record_key('deals', 'deal_id', 'source_name') }} as opportunity_source_record_key,
        product_id as product_source_id,
        coalesce(sku, line_item_name) as product_code,
        line_item_name,
        sort_order,
        quantity,
        unit_price_amount,
        cast(null as decimal(18, 4)) as list_price_amount,
        coalesce(total_price_amount, cast(quantity * unit_price_amount as decimal(18, 2))) as total_price_amount,
        service_date,
        created_at,
        modified_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from hubspot_line_items
),

opportunity_line_items_unioned as (
    select * from salesforce_line_items_conformed
    union all
    select * from hubspot_line_items_conformed
)

select * from opportunity_line_items_unioned
