-- Grain: one Salesforce opportunity history record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__opportunity_stage_changes'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('opportunityhistory') }},
        {{ salesforce_id_18('latest.opportunityid') }} as opportunity_source_id,
        latest.stagename as stage_name,
        latest.forecastcategory as forecast_category_name,
        {{ salesforce_id_18('latest.createdbyid') }} as changed_by_user_id,
        {{ cast_amount('latest.amount') }} as amount,
        {{ cast_amount('latest.probability') }} as probability_pct,
        {{ cast_date('latest.closedate') }} as close_date,
        {{ cast_instant('latest.createddate') }} as changed_at,
        {{ load_metadata_columns('opportunityhistory', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('amount', cast_amount('latest.amount')),
            ('probability', cast_amount('latest.probability')),
            ('closedate', cast_date('latest.closedate')),
            ('createddate', cast_instant('latest.createddate'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
