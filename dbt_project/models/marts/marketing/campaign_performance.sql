-- Grain: one campaign.
with

campaigns as (
    select * from {{ ref('int_campaigns_unioned') }}
),

campaign_members as (
    select * from {{ ref('int_campaign_members_unioned') }}
    where not is_deleted
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

touches as (
    select * from {{ ref('fct_attribution_touches') }}
),

members as (
    select
        campaign_members.campaign_source_record_key,
        count(*) as member_count,
        count(distinct contact_clusters.golden_contact_id) as person_count,
        count(distinct contact_clusters.golden_contact_id) filter (where campaign_members.has_responded) as responded_person_count
    from campaign_members
    left join contact_clusters
        on campaign_members.contact_source_record_key = contact_clusters.source_record_key
    group by 1
),

attributed as (
    select
        campaign_id,
        count(distinct opportunity_id) as opportunity_count,
        count(distinct opportunity_id) filter (where opportunity_status = 'won') as won_count,
        {%- for model in ['first_touch', 'last_touch', 'linear', 'u_shaped', 'w_shaped'] %}
        sum({{ model }}_amount_reporting) filter (where opportunity_status = 'won') as won_{{ model }}_amount,
        {%- endfor %}
        sum(linear_amount_reporting) filter (where opportunity_status = 'open') as open_linear_amount
    from touches
    where campaign_id is not null
    group by 1
),

keyed as (
    select
        *,
        {{ surrogate_key('ca', 'source_record_key') }} as campaign_id
    from campaigns
),

final as (
    select
        keyed.campaign_id,
        keyed.source_record_key,
        keyed.source_name,
        keyed.campaign_name,
        keyed.campaign_type,
        keyed.campaign_status,
        cast(coalesce(members.member_count, 0) as bigint) as member_count,
        cast(coalesce(members.person_count, 0) as bigint) as person_count,
        cast(coalesce(members.responded_person_count, 0) as bigint) as responded_person_count,
        cast(coalesce(attributed.opportunity_count, 0) as bigint) as opportunity_count,
        cast(coalesce(attributed.won_count, 0) as bigint) as won_count,
        keyed.budgeted_cost_amount,
        keyed.actual_cost_amount,
        {%- for model in ['first_touch', 'last_touch', 'linear', 'u_shaped', 'w_shaped'] %}
        cast(coalesce(attributed.won_{{ model }}_amount, 0) as decimal(18, 2)) as won_{{ model }}_amount_reporting,
        {%- endfor %}
        cast(coalesce(attributed.open_linear_amount, 0) as decimal(18, 2)) as open_linear_amount_reporting,
        cast(round(keyed.actual_cost_amount / nullif(members.responded_person_count, 0), 2) as decimal(18, 2)) as cost_per_response_amount,
        {{ rate('members.responded_person_count', 'members.person_count') }} as response_rate,
        -- Without a cost there is no return to state.
        cast(round(
            (coalesce(attributed.won_linear_amount, 0) - keyed.actual_cost_amount)
            / case when keyed.actual_cost_amount > 0 then keyed.actual_cost_amount end, 4
        ) as decimal(18, 4)) as return_on_cost_rate,
        keyed.is_deleted,
        keyed.start_date,
        keyed.end_date
    from keyed
    left join members
        on keyed.source_record_key = members.campaign_source_record_key
    left join attributed
        on keyed.campaign_id = attributed.campaign_id
)

select * from final
