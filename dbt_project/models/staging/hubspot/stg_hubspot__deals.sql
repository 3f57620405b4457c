-- Grain: one HubSpot deal record, latest version. Deleted and merged records are kept and flagged.
with

latest as (
    {{ latest_version(ref('base_hubspot__deals')) }}
),

casted as (
    select
        {{ record_key_columns('deals') }},
        latest.dealname as deal_name,
        latest.description,
        stages.pipeline_id,
        stages.stage_id,
        coalesce(stages.pipeline_name, latest.pipeline) as pipeline_name,
        coalesce(stages.stage_name, latest.dealstage) as stage_name,
        latest.dealtype as deal_type,
        latest.deal_currency_code as currency_code,
        {{ hubspot_owner_columns() }},
        coalesce(latest.associated_company_ids_primary, {{ split_ids('latest.associated_company_ids') }}[1], linked_companies.primary_id) as primary_company_id,
        coalesce({{ split_ids('latest.associated_contact_ids') }}[1], linked_contacts.primary_id) as primary_contact_id,
        latest.hs_merged_object_ids as merged_deal_ids,
        {{ salesforce_id_18('trim(latest.hs_salesforceopportunityid)') }} as salesforce_opportunity_id,
        latest.recurring_revenue_deal_type,
        latest.recurring_revenue_inactive_reason,
        {{ cast_amount('latest.amount') }} as amount,
        {{ cast_amount('latest.amount_in_home_currency') }} as amount_home_currency,
        coalesce({{ cast_probability_pct('latest.hs_deal_stage_probability') }}, stages.probability_pct) as probability_pct,
        {{ cast_amount('latest.recurring_revenue_amount') }} as recurring_revenue_amount,
        {{ cast_amount('latest.hs_mrr') }} as mrr_amount,
        {{ cast_amount('latest.hs_arr') }} as arr_amount,
        {{ cast_amount('latest.hs_tcv') }} as total_contract_value_amount,
        coalesce({{ cast_boolean('latest.hs_is_closed') }}, stages.is_closed) as is_closed,
        coalesce({{ cast_boolean('latest.hs_is_closed_won') }}, stages.is_closed and stages.probability_pct = 100) as is_won,
        {{ cast_date('latest.closedate') }} as close_date,
        {{ cast_date('latest.recurring_revenue_inactive_date') }} as recurring_revenue_inactive_date,
        {{ cast_date('latest.contract_start_date') }} as contract_start_date,
        {{ cast_date('latest.contract_end_date') }} as contract_end_date,
        {{ cast_instant('latest.createdate') }} as created_at,
        {{ cast_instant('latest.hs_lastmodifieddate') }} as modified_at,
        {{ load_metadata_columns('deals') }},
        {{ cast_failures([
            ('amount', cast_amount('latest.amount')),
            ('amount_in_home_currency', cast_amount('latest.amount_in_home_currency')),
            ('hs_deal_stage_probability', cast_amount('latest.hs_deal_stage_probability', scale=4)),
            ('recurring_revenue_amount', cast_amount('latest.recurring_revenue_amount')),
            ('hs_mrr', cast_amount('latest.hs_mrr')),
            ('hs_arr', cast_amount('latest.hs_arr')),
            ('hs_tcv', cast_amount('latest.hs_tcv')),
            ('hs_is_closed', cast_boolean('latest.hs_is_closed')),
            ('hs_is_closed_won', cast_boolean('latest.hs_is_closed_won')),
            ('closedate', cast_date('latest.closedate')),
            ('recurring_revenue_inactive_date', cast_date('latest.recurring_revenue_inactive_date')),
            ('contract_start_date', cast_date('latest.contract_start_date')),
            ('contract_end_date', cast_date('latest.contract_end_date')),
            ('createdate', cast_instant('latest.createdate')),
            ('hs_lastmodifieddate', cast_instant('latest.hs_lastmodifieddate'))
        ]) }} as _cast_failures
    from latest
    {{ join_hubspot_owner() }}
    {{ join_hubspot_links('deals', 'companies', 'linked_companies') }}
    {{ join_hubspot_links('deals', 'contacts', 'linked_contacts') }}
    {{ join_hubspot_stage('deals', 'latest.pipeline', 'latest.dealstage') }}
)

select * from casted
