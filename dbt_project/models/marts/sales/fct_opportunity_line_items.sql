-- Grain: one product line of one deal record.
with

line_items as (
    select * from {{ ref('int_opportunity_line_items_unioned') }}
),

opportunities as (
    select * from {{ ref('int_opportunities_deduplicated') }}
),

final as (
    select
        {{ surrogate_key('li', 'line_items.source_record_key') }} as opportunity_line_item_id,
        opportunities.opportunity_id,
        line_items.source_record_key,
        line_items.source_name,
        line_items.source_type,
        line_items.product_source_id,
        line_items.product_code,
        line_items.line_item_name,
        opportunities.currency_code,
        line_items.sort_order,
        line_items.quantity,
        line_items.unit_price_amount,
        line_items.list_price_amount,
        line_items.total_price_amount,
        line_items.is_deleted or coalesce(opportunities.is_deleted, false) as is_deleted,
        -- Two systems that record a deal may both hold its lines: those of one record count.
        not line_items.is_deleted
        and not coalesce(opportunities.is_deleted, false)
        and (
            opportunities.opportunity_id is null
            or line_items.opportunity_source_record_key = first_value(line_items.opportunity_source_record_key) over by_deal
        ) as is_counted,
        line_items.service_date,
        line_items.created_at
    from line_items
    left join opportunities
        on line_items.opportunity_source_record_key = opportunities.source_record_key
    window by_deal as (
        partition by opportunities.opportunity_id
        order by
            line_items.is_deleted or opportunities.is_deleted, not opportunities.is_primary, line_items.opportunity_source_record_key
    )
)

select * from final
