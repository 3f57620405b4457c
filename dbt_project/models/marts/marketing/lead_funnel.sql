-- Grain: one golden contact who is or was a lead.
with

leads as (
    select * from {{ ref('int_lead_stages_unioned') }}
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

contacts as (
    select * from {{ ref('dim_contacts') }}
),

campaign_members as (
    select * from {{ ref('int_campaign_members_unioned') }}
),

opportunity_records as (
    select
        source_record_key,
        opportunity_id
    from {{ ref('bridge_opportunity_source_records') }}
),

opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where is_counted
),

outcomes as (
    select * from {{ ref('int_opportunity_outcomes_resolved') }}
),

people as (
    select
        contact_clusters.golden_contact_id,
        min(leads.created_at) as lead_at,
        first(leads.lead_source order by leads.created_at nulls last, leads.source_record_key) filter (where leads.lead_source is not null)
            as lead_source,
        first(leads.source_name order by leads.created_at nulls last, leads.source_record_key) as first_source_name,
        max(leads.stage_rank) as stage_rank,
        min(leads.mql_at) as mql_at,
        min(leads.sql_at) as sql_at,
        bool_and(leads.is_disqualified or leads.is_deleted) and bool_or(leads.is_disqualified) as is_disqualified
    from leads
    inner join contact_clusters
        on leads.source_record_key = contact_clusters.source_record_key
    group by 1
),

-- Who answers a campaign is a marketing qualified lead, whatever the CRM's field says.
responses as (
    select
        contact_clusters.golden_contact_id,
        min(campaign_members.responded_date) as responded_date
    from campaign_members
    inner join contact_clusters
        on campaign_members.contact_source_record_key = contact_clusters.source_record_key
    where campaign_members.has_responded and not campaign_members.is_deleted
    group by 1
),

contact_deals as (
    select
        golden_contact_id,
        opportunity_id
    from opportunities
    where golden_contact_id is not null

    union

    select
        contact_clusters.golden_contact_id,
        opportunity_records.opportunity_id
    from leads
    inner join contact_clusters
        on leads.source_record_key = contact_clusters.source_record_key
    inner join opportunity_records
        on leads.converted_opportunity_source_record_key = opportunity_records.source_record_key
),

-- Deals that began before the person was a lead are no result of the lead.
deals as (
    select
        contact_deals.golden_contact_id,
        min(outcomes.started_date) as opportunity_date,
        min(outcomes.decided_date) filter (where outcomes.status = 'won') as won_date,
        count(*) as opportunity_count,
        count(*) filter (where outcomes.status = 'won') as won_count,
        sum(outcomes.amount_reporting) filter (where outcomes.status = 'won') as won_amount
    from contact_deals
    inner join people
        on contact_deals.golden_contact_id = people.golden_contact_id
    inner join outcomes
        on contact_deals.opportunity_id = outcomes.opportunity_id
    where people.lead_at is null or outcomes.started_date >= {{ reporting_date('people.lead_at') }}
    group by 1
),

dated as (
    select
        people.golden_contact_id,
        contacts.golden_account_id,
        people.lead_source,
        people.first_source_name,
        people.is_disqualified,
        coalesce(deals.opportunity_count, 0) as opportunity_count,
        coalesce(deals.won_count, 0) as won_count,
        deals.won_amount,
        people.stage_rank >= 5 or deals.won_date is not null as is_won,
        people.stage_rank >= 4 or deals.opportunity_date is not null as has_opportunity,
        people.stage_rank >= 3 or people.sql_at is not null as has_sql_mark,
        people.stage_rank >= 2 or people.mql_at is not null or responses.responded_date is not null as has_mql_mark,
        {{ reporting_date('people.lead_at') }} as lead_date,
        least({{ reporting_date('people.mql_at') }}, responses.responded_date) as mql_date,
        {{ reporting_date('people.sql_at') }} as sql_date,
        deals.opportunity_date,
        deals.won_date
    from people
    inner join contacts
        on people.golden_contact_id = contacts.golden_contact_id
    left join responses
        on people.golden_contact_id = responses.golden_contact_id
    left join deals
        on people.golden_contact_id = deals.golden_contact_id
    where
        not contacts.is_deleted
        and not (contacts.is_test_record and {{ var('exclude_test_records') }})
        and coalesce({{ reporting_date('people.lead_at') }} <= {{ as_of_date() }}, true)
),

final as (
    select
        golden_contact_id,
        golden_account_id,
        coalesce(lead_source, '(unknown)') as lead_source,
        first_source_name as source_name,
        case
            when is_won then 'won'
            when has_opportunity then 'opportunity'
            when has_sql_mark then 'sql'
            when has_mql_mark then 'mql'
            else 'lead'
        end as funnel_stage_type,
        cast(opportunity_count as bigint) as opportunity_count,
        cast(won_count as bigint) as won_count,
        cast(coalesce(won_amount, 0) as decimal(18, 2)) as won_amount_reporting,
        -- Times between two known days in their order; a stage that was recorded late has no time.
        {%- for name, begin, finish in [
            ('lead_to_mql', 'lead_date', 'mql_date'),
            ('mql_to_sql', 'mql_date', 'sql_date'),
            ('sql_to_opportunity', 'sql_date', 'opportunity_date'),
            ('lead_to_opportunity', 'lead_date', 'opportunity_date'),
            ('opportunity_to_won', 'opportunity_date', 'won_date'),
            ('lead_to_won', 'lead_date', 'won_date'),
        ] %}
        cast(case when {{ finish }} >= {{ begin }} and {{ finish }} <= {{ as_of_date() }} then date_diff('day', {{ begin }}, {{ finish }}) end as bigint)
            as days_{{ name }},
        {%- endfor %}
        -- Whoever reached a stage has passed the ones before it, recorded or not.
        is_won or has_opportunity or has_sql_mark or has_mql_mark as is_mql,
        is_won or has_opportunity or has_sql_mark as is_sql,
        is_won or has_opportunity as is_opportunity,
        is_won,
        is_disqualified,
        lead_date,
        mql_date,
        sql_date,
        opportunity_date,
        won_date
    from dated
)

select * from final
