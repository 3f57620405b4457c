-- Grain: one HubSpot line item, latest version. Deleted ones are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_hubspot__line_items')) }}
),

-- A line belongs to one deal; should HubSpot name two, to the older one.
deals as (
    select
        associations._source_name as source_name,
        associations.to_object_id as line_item_id,
        first(associations.from_object_id order by try_cast(associations.from_object_id as bigint), associations.from_object_id)
            as deal_id
    from ({{ latest_version(ref('base_hubspot__associations_deals_line_items')) }}) as associations
    where not coalesce(associations._is_deleted, false)
    group by 1, 2
),

casted as (
    select
        {{ record_key_columns('line_items') }},
        deals.deal_id,
        latest.hs_product_id as product_id,
        latest.hs_sku as sku,
        latest.name as line_item_name,
        latest.hs_line_item_currency_code as currency_code,
        {{ cast_integer('latest.hs_position_on_quote') }} as sort_order,
        {{ cast_amount('latest.quantity', scale=4) }} as quantity,
        {{ cast_amount('latest.price', scale=4) }} as unit_price_amount,
        {{ cast_amount('latest.amount') }} as total_price_amount,
        {{ cast_date('latest.hs_recurring_billing_start_date') }} as service_date,
        {{ cast_instant('latest.createdate') }} as created_at,
        {{ cast_instant('latest.hs_lastmodifieddate') }} as modified_at,
        {{ load_metadata_columns('line_items') }},
        {{ cast_failures([
            ('hs_position_on_quote', cast_integer('latest.hs_position_on_quote')),
            ('quantity', cast_amount('latest.quantity', scale=4)),
            ('price', cast_amount('latest.price', scale=4)),
            ('amount', cast_amount('latest.amount')),
            ('hs_recurring_billing_start_date', cast_date('latest.hs_recurring_billing_start_date')),
            ('createdate', cast_instant('latest.createdate')),
            ('hs_lastmodifieddate', cast_instant('latest.hs_lastmodifieddate'))
        ]) }} as _cast_failures
    from latest
    left join deals
        on latest._source_name = deals.source_name
        and latest._record_id = deals.line_item_id
)

select * from casted
