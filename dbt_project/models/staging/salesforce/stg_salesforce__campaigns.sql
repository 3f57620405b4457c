-- Grain: one Salesforce campaign record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__campaigns'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('campaign') }},
        latest.name as campaign_name,
        latest.type as campaign_type,
        latest.status,
        {{ salesforce_id_18('latest.ownerid') }} as owner_user_id,
        {{ cast_amount('latest.budgetedcost') }} as budgeted_cost_amount,
        {{ cast_amount('latest.actualcost') }} as actual_cost_amount,
        {{ cast_date('latest.startdate') }} as start_date,
        {{ cast_date('latest.enddate') }} as end_date,
        {{ cast_instant('latest.createddate') }} as created_at,
        coalesce(
            {{ cast_instant('latest.lastmodifieddate') }},
            {{ cast_instant('latest.systemmodstamp') }}
        ) as modified_at,
        {{ load_metadata_columns('campaign', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('budgetedcost', cast_amount('latest.budgetedcost')),
            ('actualcost', cast_amount('latest.actualcost')),
            ('startdate', cast_date('latest.startdate')),
            ('enddate', cast_date('latest.enddate')),
            ('createddate', cast_instant('latest.createddate')),
            ('lastmodifieddate', cast_instant('latest.lastmodifieddate')),
            ('systemmodstamp', cast_instant('latest.systemmodstamp'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
