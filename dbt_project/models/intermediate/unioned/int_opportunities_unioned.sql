-- Grain: one deal record of one source system.
with

salesforce_opportunities as (
    select * from {{ ref('stg_salesforce__opportunities') }}
),

hubspot_deals as (
    select * from {{ ref('stg_hubspot__deals') }}
),

spreadsheet_deals as (
    select * from {{ ref('stg_spreadsheet__deals') }}
),

salesforce_opportunities_conformed as (
    select
        source_record_key,
        source_name,
        'salesforce' as source_type,
        'opportunity' as source_object,
        source_record_id,
        {{ source_record_key('account', 'account_id', 'source_name') }} as account_source_record_key,
        {{ source_record_key('contact', 'contact_id', 'source_name') }} as contact_source_record_key,
        cast(null as varchar) as contact_email,
        {{ source_record_key('user', 'owner_user_id', 'source_name') }} as owner_source_record_key,
        opportunity_name,
        stage_name,
        cast(null as varchar) as pipeline_name,
        opportunity_type,
        lead_source,
        forecast_category_name,
        next_step,
        campaign_id as campaign_source_id,
        cast(null as varchar) as synced_salesforce_opportunity_id,
        cast(null as varchar) as merged_source_ids,
        {{ currency_code('currency_code') }} as currency_code,
        {{ opportunity_status('is_won', 'is_closed', 'stage_name') }} as status,
        amount,
        probability_pct,
        cast(null as decimal(18, 2)) as mrr_amount,
        contract_term_months,
        nullif(trim(currency_code), '') is null as is_currency_assumed,
        close_date,
        contract_start_date,
        contract_end_date,
        cast(null as date) as recurring_end_date,
        cast(null as varchar) as recurring_end_reason,
        created_at,
        modified_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from salesforce_opportunities
),

hubspot_deals_conformed as (
    select
        source_record_key,
        source_name,
        'hubspot' as source_type,
        'deals' as source_object,
        source_record_id,
        {{ source_record_key('companies', 'primary_company_id', 'source_name') }} as account_source_record_key,
        {{ source_record_key('contacts', 'primary_contact_id', 'source_name') }} as contact_source_record_key,
        cast(null as varchar) as contact_email,
        {{ owner_key('source_name', 'owner_id', 'owner_name') }} as owner_source_record_key,
        deal_name as opportunity_name,
        stage_name,
        pipeline_name,
        coalesce(deal_type, recurring_revenue_deal_type) as opportunity_type,
        cast(null as varchar) as lead_source,
        cast(null as varchar) as forecast_category_name,
        cast(null as varchar) as next_step,
        cast(null as varchar) as campaign_source_id,
        salesforce_opportunity_id as synced_salesforce_opportunity_id,
        merged_deal_ids as merged_source_ids,
        {{ currency_code('currency_code') }} as currency_code,
        {{ opportunity_status('is_won', 'is_closed', 'stage_name', 'probability_pct') }} as status,
        amount,
        probability_pct,
        coalesce(recurring_revenue_amount, mrr_amount, cast(arr_amount / 12 as decimal(18, 2))) as mrr_amount,
        cast(null as bigint) as contract_term_months,
        nullif(trim(currency_code), '') is null as is_currency_assumed,
        close_date,
        contract_start_date,
        contract_end_date,
        recurring_revenue_inactive_date as recurring_end_date,
        recurring_revenue_inactive_reason as recurring_end_reason,
        created_at,
        modified_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from hubspot_deals
),

spreadsheet_deals_conformed as (
    select
        source_record_key,
        source_name,
        'spreadsheet' as source_type,
        'deals' as source_object,
        source_record_id,
        {{ source_record_key('buyer_companies', buyer_company_id('company_name', 'null'), 'source_name') }} as account_source_record_key,
        cast(null as varchar) as contact_source_record_key,
        email as contact_email,
        {{ owner_key('source_name', 'null', 'owner_name') }} as owner_source_record_key,
        deal_name as opportunity_name,
        stage_name,
        cast(null as varchar) as pipeline_name,
        deal_type as opportunity_type,
        cast(null as varchar) as lead_source,
        cast(null as varchar) as forecast_category_name,
        cast(null as varchar) as next_step,
        cast(null as varchar) as campaign_source_id,
        cast(null as varchar) as synced_salesforce_opportunity_id,
        cast(null as varchar) as merged_source_ids,
        {{ currency_code('currency_code') }} as currency_code,
        {{ opportunity_status('is_won', 'null', 'stage_name', 'probability_pct') }} as status,
        amount,
        probability_pct,
        cast(null as decimal(18, 2)) as mrr_amount,
        cast(null as bigint) as contract_term_months,
        nullif(trim(currency_code), '') is null as is_currency_assumed,
        close_date,
        cast(null as date) as contract_start_date,
        cast(null as date) as contract_end_date,
        cast(null as date) as recurring_end_date,
        cast(null as varchar) as recurring_end_reason,
        created_at,
        cast(null as timestamp) as modified_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from spreadsheet_deals
),

opportunities_unioned as (
    select * from salesforce_opportunities_conformed
    union all
    select * from hubspot_deals_conformed
    union all
    select * from spreadsheet_deals_conformed
)

select * from opportunities_unioned
