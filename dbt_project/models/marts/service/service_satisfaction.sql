-- Grain: one month, kind of survey and segment of people who were asked.
with

answers as (
    select
        *,
        cast(date_trunc('month', survey_date) as date) as month_date,
        coalesce(golden_contact_id, source_record_key) as person_key,
        unnest([
            {'type': 'all', 'value': 'all'},
            {'type': 'source_name', 'value': source_name}
        ]) as segment
    from {{ ref('fct_survey_answers') }}
    where not is_deleted and survey_date <= {{ as_of_date() }}
),

-- Who answers twice in a month has one voice: the latest.
latest_answers as (
    select * from answers
    where is_answered
    qualify row_number() over (
        partition by segment, survey_type, month_date, person_key order by answered_at desc nulls last, source_record_key desc
    ) = 1
),

-- A sheet of answers only cannot tell how many were asked.
askings as (
    select
        segment,
        survey_type,
        month_date,
        count(*) as asked_count,
        count(*) filter (where is_answered) as answered_count,
        count(*) filter (where is_off_scale) as off_scale_count
    from answers
    group by 1, 2, 3
),

tells_who_was_asked as (
    select
        segment,
        survey_type
    from answers
    group by 1, 2
    having bool_or(not is_answered and not is_off_scale)
),

counted as (
    select
        segment,
        survey_type,
        month_date,
        count(*) as person_count,
        count(*) filter (where answer_group = 'promoter') as promoter_count,
        count(*) filter (where answer_group = 'detractor') as detractor_count,
        count(*) filter (where answer_group = 'satisfied') as satisfied_count,
        avg(score) as score_mean
    from latest_answers
    group by 1, 2, 3
),

final as (
    select
        askings.segment.type as segment_type,
        askings.segment.value as segment,
        askings.survey_type,
        cast(askings.asked_count as bigint) as asked_count,
        cast(askings.answered_count as bigint) as answered_count,
        cast(askings.off_scale_count as bigint) as off_scale_count,
        cast(coalesce(counted.person_count, 0) as bigint) as person_count,
        {{ rate('askings.answered_count', 'askings.asked_count', condition='tells_who_was_asked.survey_type is not null') }} as response_rate,
        cast(round(counted.score_mean, 2) as decimal(9, 2)) as score_mean,
        cast(case
            when askings.survey_type = 'nps' and counted.person_count > 0
                then round(100.0 * (counted.promoter_count - counted.detractor_count) / counted.person_count, 1)
        end as decimal(9, 1)) as nps,
        case when askings.survey_type = 'csat' then {{ rate('counted.satisfied_count', 'counted.person_count') }} end as csat_rate,
        askings.month_date < date_trunc('month', {{ as_of_date() }}) as is_complete,
        askings.month_date
    from askings
    left join counted
        on askings.segment = counted.segment
        and askings.survey_type = counted.survey_type
        and askings.month_date = counted.month_date
    left join tells_who_was_asked
        on askings.segment = tells_who_was_asked.segment
        and askings.survey_type = tells_who_was_asked.survey_type
)

select * from final
