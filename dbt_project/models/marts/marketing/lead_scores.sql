-- Grain: one golden contact who is a lead without a deal yet.
-- Rules that add up to 100: who it is (40), what the person did lately (40), and how leads of that source fared (20).
-- Beside them the probability that a model learned from leads of the past.
with

leads as (
    select * from {{ ref('lead_funnel') }}
),

contacts as (
    select * from {{ ref('dim_contacts') }}
),

-- Unlike leads.lead_source alone: leads old enough to have become a deal, drawn to the overall rate by ten leads.
overall as (
    select count(*) filter (where is_opportunity) / nullif(count(*), 0) as deal_rate
    from leads
    where lead_date <= {{ as_of_date() }} - 90
),

source_rates as (
    select
        leads.lead_source,
        (count(*) filter (where leads.is_opportunity) + 10 * any_value(overall.deal_rate)) / (count(*) + 10) as deal_rate
    from leads
    cross join overall
    where leads.lead_date <= {{ as_of_date() }} - 90
    group by 1
),

recent_activities as (
    select
        golden_contact_id,
        count(*) filter (where activity_type = 'meeting') as meeting_count,
        count(*) filter (where activity_type in ('call', 'email')) as conversation_count,
        max(activity_date) as last_activity_date
    from {{ ref('bridge_activity_contacts') }}
    where
        is_completed
        and not is_deleted
        and activity_date between {{ as_of_date() }} - 90 and {{ as_of_date() }}
    group by 1
),

recent_responses as (
    select
        contact_clusters.golden_contact_id,
        count(*) as response_count
    from {{ ref('int_campaign_members_unioned') }} as campaign_members
    inner join {{ ref('stg_hygiene__contact_clusters') }} as contact_clusters
        on campaign_members.contact_source_record_key = contact_clusters.source_record_key
    where
        campaign_members.has_responded
        and not campaign_members.is_deleted
        and campaign_members.responded_date between {{ as_of_date() }} - 180 and {{ as_of_date() }}
    group by 1
),

predictions as (
    select * from {{ ref('int_leads_predicted') }}
),

points as (
    select
        leads.golden_contact_id,
        leads.golden_account_id,
        leads.lead_source,
        leads.funnel_stage_type,
        leads.lead_date,
        recent_activities.last_activity_date,
        predictions.conversion_probability,
        predictions.prediction_method,
        predictions.model_run_id,
        case when contacts.email is not null and not coalesce(contacts.is_free_email, false) and not coalesce(contacts.is_role_email, false) then 15 else 0 end
            as business_email_points,
        list_extract([0, 8, 15], {{ seniority_rank('contacts.job_title') }} + 1) as seniority_points,
        case when coalesce(contacts.phone, contacts.mobile_phone) is not null then 5 else 0 end as phone_points,
        case when leads.golden_account_id is not null then 5 else 0 end as account_points,
        case when recent_responses.response_count > 0 then 15 else 0 end as response_points,
        case when recent_activities.meeting_count > 0 then 15 else 0 end as meeting_points,
        least(10, 5 * coalesce(recent_activities.conversation_count, 0)) as conversation_points,
        cast(coalesce(round(20 * source_rates.deal_rate / nullif(max(source_rates.deal_rate) over (), 0)), 0) as integer) as source_points
    from leads
    inner join contacts
        on leads.golden_contact_id = contacts.golden_contact_id
    left join source_rates
        on leads.lead_source = source_rates.lead_source
    left join recent_activities
        on leads.golden_contact_id = recent_activities.golden_contact_id
    left join recent_responses
        on leads.golden_contact_id = recent_responses.golden_contact_id
    left join predictions
        on leads.golden_contact_id = predictions.golden_contact_id
    where not leads.is_opportunity and not leads.is_disqualified
),

final as (
    select
        golden_contact_id,
        golden_account_id,
        lead_source,
        funnel_stage_type,
        case
            when score >= 60 then 'hot'
            when score >= 35 then 'warm'
            else 'cold'
        end as score_band_type,
        coalesce(prediction_method, 'insufficient_data') as prediction_method,
        model_run_id,
        cast(score as bigint) as lead_score,
        {%- for name in ['business_email', 'seniority', 'phone', 'account', 'response', 'meeting', 'conversation', 'source'] %}
        cast({{ name }}_points as bigint) as {{ name }}_points,
        {%- endfor %}
        cast(conversion_probability as decimal(9, 6)) as conversion_probability,
        lead_date,
        last_activity_date,
        {{ as_of_date() }} as as_of_date
    from (
        select
            *,
            business_email_points + seniority_points + phone_points + account_points
            + response_points + meeting_points + conversation_points + source_points as score
        from points
    ) as scored
)

select * from final
