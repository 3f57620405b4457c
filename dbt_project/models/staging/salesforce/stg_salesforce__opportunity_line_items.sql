-- Grain: one Salesforce opportunity line item record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__opportunity_line_items'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('opportunitylineitem') }},
        {{ salesforce_id_18('latest.opportunityid') }} as opportunity_source_id,
        {{ salesforce_id_18('latest.product2id') }} as product_id,
        {{ salesforce_id_18('latest.pricebookentryid') }} as pricebook_entry_id,
        latest.productcode as product_code,
        latest.name as line_item_name,
        latest.description,
        {{ cast_integer('latest.sortorder') }} as sort_order,
        {{ cast_amount('latest.quantity', scale=4) }} as quantity,
        {{ cast_amount('latest.unitprice', scale=4) }} as unit_price_amount,
        {{ cast_amount('latest.listprice', scale=4) }} as list_price_amount,
        {{ cast_amount('latest.totalprice') }} as total_price_amount,
        {{ cast_date('latest.servicedate') }} as service_date,
        {{ cast_instant('latest.createddate') }} as created_at,
        coalesce(
            {{ cast_instant('latest.lastmodifieddate') }},
            {{ cast_instant('latest.systemmodstamp') }}
        ) as modified_at,
        {{ load_metadata_columns('opportunitylineitem', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('sortorder', cast_integer('latest.sortorder')),
            ('quantity', cast_amount('latest.quantity', scale=4)),
            ('unitprice', cast_amount('latest.unitprice', scale=4)),
            ('listprice', cast_amount('latest.listprice', scale=4)),
            ('totalprice', cast_amount('latest.totalprice')),
            ('servicedate', cast_date('latest.servicedate')),
            ('createddate', cast_instant('latest.createddate')),
            ('lastmodifieddate', cast_instant('latest.lastmodifieddate')),
            ('systemmodstamp', cast_instant('latest.systemmodstamp'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
