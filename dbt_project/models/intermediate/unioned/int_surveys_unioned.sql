-- Grain: one survey that one person was asked to answer, of one source.
with

surveys as (
    select * from {{ ref('stg_spreadsheet__surveys') }}
),

surveys_conformed as (
    select
        source_record_key,
        source_name,
        'spreadsheet' as source_type,
        'surveys' as source_object,
        source_record_id,
        {{ source_record_key('buyers', buyer_id('email', 'full_name', 'company_name'), 'source_name') }} as contact_source_record_key,
        {{ source_record_key('buyer_companies', buyer_company_id('company_name', 'domain'), 'source_name') }} as account_source_record_key,
        -- A sheet that names no kind holds one kind: scores above five are of the scale of ten.
        case
            when regexp_matches(lower(survey_type), '(nps|promot|recommend|weiterempf|recomend|raccomand)') then 'nps'
            when regexp_matches(lower(survey_type), '(csat|satisf|zufried|tevred|soddisf)') then 'csat'
            when max(score) over (partition by source_name, survey_type, sheet_name) > 5 then 'nps'
            else 'csat'
        end as survey_type,
        ticket_source_id,
        score,
        sent_at,
        answered_at,
        modified_at,
        is_deleted,
        delete_kind,
        merged_into_key,
        _load_id,
        _extracted_at
    from surveys
)

select * from surveys_conformed
