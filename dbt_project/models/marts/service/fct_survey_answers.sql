-- Grain: one survey that one person was asked to answer; without a score while unanswered.
with

surveys as (
    select * from {{ ref('int_surveys_unioned') }}
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

account_clusters as (
    select * from {{ ref('stg_hygiene__account_clusters') }}
),

contact_accounts as (
    select * from {{ ref('int_contact_accounts_resolved') }}
),

-- An id says nothing about the system that issued it: it has to be one ticket's only.
ticket_ids as (
    select
        ticket_source_id,
        min(source_record_key) as ticket_source_record_key
    from (
        select source_record_id as ticket_source_id, source_record_key from {{ ref('int_tickets_unioned') }}
        union
        select ticket_number as ticket_source_id, source_record_key from {{ ref('int_tickets_unioned') }}
    ) as ids
    where ticket_source_id is not null
    group by 1
    having count(*) = 1
),

resolved as (
    select
        surveys.*,
        ticket_ids.ticket_source_record_key,
        contact_clusters.golden_contact_id,
        coalesce(account_clusters.golden_account_id, contact_accounts.golden_account_id) as golden_account_id,
        case surveys.survey_type
            when 'nps' then surveys.score between 0 and 10
            else surveys.score between 1 and 5
        end as is_on_scale
    from surveys
    left join ticket_ids
        on trim(surveys.ticket_source_id) = ticket_ids.ticket_source_id
    left join contact_clusters
        on surveys.contact_source_record_key = contact_clusters.source_record_key
    left join account_clusters
        on surveys.account_source_record_key = account_clusters.source_record_key
    left join contact_accounts
        on contact_clusters.golden_contact_id = contact_accounts.golden_contact_id
),

final as (
    select
        {{ surrogate_key('sv', 'source_record_key') }} as survey_answer_id,
        golden_contact_id,
        golden_account_id,
        source_record_key,
        source_name,
        source_type,
        source_object,
        ticket_source_record_key,
        survey_type,
        cast(case when is_on_scale then score end as decimal(9, 2)) as score,
        case
            when not coalesce(is_on_scale, false) then null
            when survey_type = 'nps' and score >= 9 then 'promoter'
            when survey_type = 'nps' and score >= 7 then 'passive'
            when survey_type = 'nps' then 'detractor'
            when score >= 4 then 'satisfied'
            else 'not satisfied'
        end as answer_group,
        coalesce(is_on_scale, false) as is_answered,
        coalesce(not is_on_scale, false) as is_off_scale,
        is_deleted,
        {{ reporting_date('coalesce(answered_at, sent_at)') }} as survey_date,
        sent_at,
        answered_at
    from resolved
)

select * from final
