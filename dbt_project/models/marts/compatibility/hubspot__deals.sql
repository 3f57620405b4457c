-- Grain: one HubSpot deal that was not merged into another.
with

deals as (
    select * from {{ ref('int_opportunities_deduplicated') }}
    where source_type = 'hubspot' and delete_kind is distinct from 'merged'
),

users as (
    select * from {{ ref('int_users_unioned') }}
),

details as (
    select * from {{ ref('stg_hubspot__deals') }}
),

owners as (
    select * from {{ ref('stg_hubspot__owners') }}
),

final as (
    select
        deals.source_record_id as deal_id,
        deals.opportunity_name as deal_name,
        deals.amount,
        deals.close_date as closed_date,
        deals.created_at as created_date,
        details.description,
        details.pipeline_id as deal_pipeline_id,
        details.stage_id as deal_pipeline_stage_id,
        deals.pipeline_name as pipeline_label,
        deals.stage_name as pipeline_stage_label,
        deals.is_deleted as is_deal_deleted,
        deals.merged_source_ids as merged_deal_ids,
        users.source_record_id as owner_id,
        users.email as owner_email,
        users.user_name as owner_full_name,
        owners.primary_team_id as owner_primary_team_id,
        owners.primary_team_name as owner_primary_team_name,
        owners.team_ids as owner_all_team_ids,
        owners.team_names as owner_all_team_names,
        cast(null as varchar) as owner_role_name,
        {{- hubspot_engagement_columns(['notes', 'tasks', 'calls', 'meetings', 'emails', 'incoming_emails', 'forwarded_emails']) }}
        deals.currency_code,
        deals.status,
        deals.status = 'won' as is_won,
        deals.status <> 'open' as is_closed,
        deals.golden_account_id,
        deals.golden_contact_id,
        deals.opportunity_id as tidycrm_opportunity_id,
        deals.source_record_key,
        deals.source_name as source_relation
    from deals
    left join users
        on deals.owner_source_record_key = users.source_record_key
    left join owners
        on deals.owner_source_record_key = owners.source_record_key
    left join details
        on deals.source_record_key = details.source_record_key
    {{ join_hubspot_engagement_counts('deals') }}
)

select * from final
