-- Grain: one campaign of marketing e-mail in HubSpot.
with

campaigns as (
    select * from {{ ref('stg_hubspot__email_campaigns') }}
    where not is_deleted
),

mails as (
    select * from {{ ref('int_hubspot_mails_counted') }}
),

totals as (
    select
        mails.source_name,
        mails.email_campaign_id,
        {{ hubspot_mail_totals() }}
    from mails
    group by 1, 2
),

final as (
    select
        campaigns.email_campaign_id,
        campaigns.campaign_name as email_campaign_name,
        campaigns.subject as email_campaign_subject,
        campaigns.campaign_type as email_campaign_type,
        campaigns.campaign_sub_type as email_campaign_sub_type,
        campaigns.app_id,
        campaigns.app_name,
        campaigns.content_id,
        campaigns.included_count as num_included,
        campaigns.queued_count as num_queued,
        {{ hubspot_mail_total_columns() }},
        campaigns.source_record_key,
        campaigns.source_name as source_relation
    from campaigns
    left join totals
        on campaigns.source_name = totals.source_name
        and campaigns.email_campaign_id = totals.email_campaign_id
)

select * from final
