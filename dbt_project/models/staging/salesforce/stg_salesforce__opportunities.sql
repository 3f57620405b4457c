-- Grain: one Salesforce opportunity record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_salesforce__opportunities'), salesforce_id_18('_source_record_id')) }}
),

casted as (
    select
        {{ record_key_columns('opportunity') }},
        {{ salesforce_id_18('latest.accountid') }} as account_id,
        {{ salesforce_id_18('latest.contactid') }} as contact_id,
        latest.name as opportunity_name,
        latest.stagename as stage_name,
        latest.type as opportunity_type,
        latest.leadsource as lead_source,
        coalesce(latest.forecastcategoryname, latest.forecastcategory) as forecast_category_name,
        latest.nextstep as next_step,
        latest.currencyisocode as currency_code,
        {{ salesforce_id_18('latest.campaignid') }} as campaign_id,
        {{ salesforce_id_18('latest.ownerid') }} as owner_user_id,
        {{ salesforce_id_18('latest.recordtypeid') }} as record_type_id,
        {{ salesforce_id_18('latest.syncedquoteid') }} as synced_quote_id,
        {{ cast_amount('latest.amount') }} as amount,
        {{ cast_amount('latest.expectedrevenue') }} as expected_revenue_amount,
        {{ cast_amount('latest.probability') }} as probability_pct,
        {{ cast_integer('latest.contractterm__c') }} as contract_term_months,
        {{ cast_boolean('latest.isclosed') }} as is_closed,
        {{ cast_boolean('latest.iswon') }} as is_won,
        {{ cast_date('latest.closedate') }} as close_date,
        {{ cast_date('latest.contractstartdate__c') }} as contract_start_date,
        {{ cast_date('latest.contractenddate__c') }} as contract_end_date,
        {{ cast_instant('latest.createddate') }} as created_at,
        coalesce(
            {{ cast_instant('latest.lastmodifieddate') }},
            {{ cast_instant('latest.systemmodstamp') }}
        ) as modified_at,
        {{ load_metadata_columns('opportunity', salesforce_id_18('latest._merged_into')) }},
        {{ cast_failures([
            ('amount', cast_amount('latest.amount')),
            ('expectedrevenue', cast_amount('latest.expectedrevenue')),
            ('probability', cast_amount('latest.probability')),
            ('contractterm__c', cast_integer('latest.contractterm__c')),
            ('isclosed', cast_boolean('latest.isclosed')),
            ('iswon', cast_boolean('latest.iswon')),
            ('closedate', cast_date('latest.closedate')),
            ('contractstartdate__c', cast_date('latest.contractstartdate__c')),
            ('contractenddate__c', cast_date('latest.contractenddate__c')),
            ('createddate', cast_instant('latest.createddate')),
            ('lastmodifieddate', cast_instant('latest.lastmodifieddate')),
            ('systemmodstamp', cast_instant('latest.systemmodstamp'))
        ]) }} as _cast_failures
    from latest
)

select * from casted
