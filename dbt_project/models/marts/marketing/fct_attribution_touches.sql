-- Grain: one touch of marketing before one opportunity, or one row that says there was none.
-- A touch is an answer to a campaign, or the source through which a person of the account came. The weights of an opportunity
-- add up to 1 in every model, and the amounts to its amount: shares are differences of rounded running totals.
{%- set models = ['first_touch', 'last_touch', 'linear', 'u_shaped', 'w_shaped'] %}
with

opportunities as (
    select
        fct_opportunities.*,
        outcomes.started_date,
        least(coalesce(outcomes.decided_date, {{ as_of_date() }}), {{ as_of_date() }}) as until_date
    from {{ ref('fct_opportunities') }} as fct_opportunities
    inner join {{ ref('int_opportunity_outcomes_resolved') }} as outcomes
        on fct_opportunities.opportunity_id = outcomes.opportunity_id
),

campaigns as (
    select * from {{ ref('int_campaigns_unioned') }}
    where not is_deleted
),

campaign_members as (
    select * from {{ ref('int_campaign_members_unioned') }}
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

contact_records as (
    select * from {{ ref('int_contacts_unioned') }}
),

contacts as (
    select * from {{ ref('dim_contacts') }}
),

lead_funnel as (
    select * from {{ ref('lead_funnel') }}
),

-- The same person in a campaign as a lead and as a contact was touched once.
campaign_touches as (
    select
        contact_clusters.golden_contact_id,
        'campaign' as touch_type,
        campaigns.source_record_key as campaign_source_record_key,
        campaigns.campaign_name as channel_name,
        min(campaign_members.responded_date) as touch_date
    from campaign_members
    inner join campaigns
        on campaign_members.campaign_source_record_key = campaigns.source_record_key
    inner join contact_clusters
        on campaign_members.contact_source_record_key = contact_clusters.source_record_key
    where campaign_members.has_responded and not campaign_members.is_deleted and campaign_members.responded_date is not null
    group by 1, 2, 3, 4
),

-- One source per person: the record that came first tells it.
source_touches as (
    select
        contact_clusters.golden_contact_id,
        'source' as touch_type,
        cast(null as varchar) as campaign_source_record_key,
        contact_records.lead_source as channel_name,
        {{ reporting_date('contact_records.created_at') }} as touch_date
    from contact_records
    inner join contact_clusters
        on contact_records.source_record_key = contact_clusters.source_record_key
    where contact_records.lead_source is not null and contact_records.created_at is not null
    qualify row_number() over (
        partition by contact_clusters.golden_contact_id
        order by contact_records.created_at, contact_records.source_record_key
    ) = 1
),

touches as (
    select
        touched.*,
        contacts.golden_account_id,
        lead_funnel.sql_date
    from (
        select * from campaign_touches
        union all
        select * from source_touches
    ) as touched
    inner join contacts
        on touched.golden_contact_id = contacts.golden_contact_id
    left join lead_funnel
        on touched.golden_contact_id = lead_funnel.golden_contact_id
),

-- Accounts that gather strangers (the company itself, 'unknown') would touch every deal with everybody.
account_touches as (
    select *
    from touches
    where golden_account_id is not null
    qualify count(*) over (partition by golden_account_id) <= {{ var('attribution_account_touches') }}
),

matched as (
    -- Everyone at the account takes part in its deal; a deal without account has its contact alone.
    select
        opportunities.opportunity_id,
        account_touches.golden_contact_id,
        account_touches.touch_type,
        account_touches.campaign_source_record_key,
        account_touches.channel_name,
        account_touches.touch_date,
        account_touches.sql_date
    from opportunities
    inner join account_touches
        on opportunities.golden_account_id = account_touches.golden_account_id
    where
        opportunities.is_counted
        and account_touches.touch_date between opportunities.started_date - {{ var('attribution_lookback_days') }} and opportunities.until_date

    union

    select
        opportunities.opportunity_id,
        touches.golden_contact_id,
        touches.touch_type,
        touches.campaign_source_record_key,
        touches.channel_name,
        touches.touch_date,
        touches.sql_date
    from opportunities
    inner join touches
        on opportunities.golden_contact_id = touches.golden_contact_id
    where
        opportunities.is_counted
        and touches.touch_date between opportunities.started_date - {{ var('attribution_lookback_days') }} and opportunities.until_date
),

-- What the deal itself names counts where no touch is known, and says nothing new where one is.
named as (
    select
        opportunities.opportunity_id,
        cast(null as varchar) as golden_contact_id,
        case
            when campaigns.source_record_key is not null then 'opportunity_campaign'
            when opportunities.lead_source is not null then 'opportunity_source'
            else 'none'
        end as touch_type,
        campaigns.source_record_key as campaign_source_record_key,
        coalesce(campaigns.campaign_name, opportunities.lead_source, '(none)') as channel_name,
        opportunities.started_date as touch_date,
        cast(null as date) as sql_date
    from opportunities
    left join campaigns
        on opportunities.source_name = campaigns.source_name
        and opportunities.campaign_source_id = campaigns.source_record_id
    left join (select distinct opportunity_id from matched) as touched
        on opportunities.opportunity_id = touched.opportunity_id
    where opportunities.is_counted and touched.opportunity_id is null
),

ordered as (
    select
        found.*,
        opportunities.amount_reporting,
        opportunities.status,
        opportunities.started_date,
        row_number() over by_touch as touch_number,
        count(*) over (partition by found.opportunity_id) as touch_count,
        -- The touch before the person was handed to sales, and the one before the deal was created.
        count(*) filter (where found.touch_date <= least(found.first_sql_date, opportunities.started_date))
            over (partition by found.opportunity_id) as lead_touch_number,
        count(*) filter (where found.touch_date <= opportunities.started_date)
            over (partition by found.opportunity_id) as opportunity_touch_number
    from (
        select
            *,
            min(sql_date) over (partition by opportunity_id) as first_sql_date
        from (
            select * from matched
            union all
            select * from named
        ) as unioned
    ) as found
    inner join opportunities
        on found.opportunity_id = opportunities.opportunity_id
    window by_touch as (
        partition by found.opportunity_id
        order by found.touch_date, found.touch_type, found.campaign_source_record_key, found.golden_contact_id, found.channel_name
    )
),

shares as (
    select
        *,
        cast(touch_number = 1 as integer) as is_first,
        cast(touch_number = touch_count as integer) as is_last,
        cast(touch_number = greatest(lead_touch_number, 1) as integer) as is_lead,
        cast(touch_number = greatest(opportunity_touch_number, 1) as integer) as is_opportunity
    from ordered
),

-- What is left for the touches between the key ones is shared evenly; without any it falls to the key ones.
raw_weights as (
    select
        *,
        cast(is_first as double) as raw_first_touch,
        cast(is_last as double) as raw_last_touch,
        cast(1 as double) as raw_linear,
        0.4 * is_first + 0.4 * is_lead + case
            when greatest(is_first, is_lead) = 0
                then 0.2 / count(*) filter (where greatest(is_first, is_lead) = 0) over by_deal
            else 0
        end as raw_u_shaped,
        0.3 * is_first + 0.3 * is_lead + 0.3 * is_opportunity + case
            when greatest(is_first, is_lead, is_opportunity) = 0
                then 0.1 / count(*) filter (where greatest(is_first, is_lead, is_opportunity) = 0) over by_deal
            else 0
        end as raw_w_shaped
    from shares
    window by_deal as (partition by opportunity_id)
),

running as (
    select
        *,
        {%- for model in models %}
        -- The last touch takes what is left, so that no float keeps the total from 1.
        case
            when touch_number = touch_count then 1
            else sum(raw_{{ model }}) over by_touch / sum(raw_{{ model }}) over (partition by opportunity_id)
        end as upto_{{ model }}
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from raw_weights
    window by_touch as (partition by opportunity_id order by touch_number rows between unbounded preceding and current row)
),

final as (
    select
        {{ surrogate_key('at', "opportunity_id || '|' || touch_number") }} as attribution_touch_id,
        opportunity_id,
        golden_contact_id,
        case when campaign_source_record_key is not null then {{ surrogate_key('ca', 'campaign_source_record_key') }} end as campaign_id,
        touch_type,
        channel_name,
        status as opportunity_status,
        touch_number,
        touch_count,
        {%- for model in models %}
        cast(round(upto_{{ model }}, 6) - round(coalesce(lag(upto_{{ model }}) over by_touch, 0), 6) as decimal(9, 6)) as {{ model }}_weight,
        {%- endfor %}
        {%- for model in models %}
        cast(
            round(cast(amount_reporting as decimal(28, 2)) * cast(upto_{{ model }} as decimal(10, 8)), 2)
            - round(cast(amount_reporting as decimal(28, 2)) * cast(coalesce(lag(upto_{{ model }}) over by_touch, 0) as decimal(10, 8)), 2)
            as decimal(18, 2)
        ) as {{ model }}_amount_reporting,
        {%- endfor %}
        touch_type <> 'none' as is_attributed,
        touch_date
    from running
    window by_touch as (partition by opportunity_id order by touch_number)
)

select * from final
