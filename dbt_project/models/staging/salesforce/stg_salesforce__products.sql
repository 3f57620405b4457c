-- Grain: one Salesforce product, latest version. Deleted records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__products'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('product2') }},
        latest.name as product_name,
        latest.productcode as product_code,
        latest.family as product_family,
        {{ cast_boolean('latest.isactive') }} as is_active,
        {{ cast_boolean('latest.isarchived') }} as is_archived,
        {{ cast_integer('latest.numberofquantityinstallments') }} as number_of_quantity_installments,
        latest.quantityinstallmentperiod as quantity_installment_period,
        latest.quantityscheduletype as quantity_schedule_type,
        {{ cast_integer('latest.numberofrevenueinstallments') }} as number_of_revenue_installments,
        latest.revenueinstallmentperiod as revenue_installment_period,
        latest.revenuescheduletype as revenue_schedule_type,
        {{ cast_instant('latest.createddate') }} as created_at,
        coalesce(
            {{ cast_instant('latest.lastmodifieddate') }},
            {{ cast_instant('latest.systemmodstamp') }}
        ) as modified_at,
        {{ load_metadata_columns('product2', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('isactive', cast_boolean('latest.isactive')),
            ('isarchived', cast_boolean('latest.isarchived')),
            ('numberofquantityinstallments', cast_integer('latest.numberofquantityinstallments')),
            ('numberofrevenueinstallments', cast_integer('latest.numberofrevenueinstallments')),
            ('createddate', cast_instant('latest.createddate')),
            ('lastmodifieddate', cast_instant('latest.lastmodifieddate')),
            ('systemmodstamp', cast_instant('latest.systemmodstamp'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
