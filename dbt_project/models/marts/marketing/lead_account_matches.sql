-- Grain: one lead: a Salesforce lead, or another person record that its source ties to no account.
-- The accounts of a lead and "none" compete: the odds of each reason multiply, and all answers add up to 1.
with

contacts as (
    select * from {{ ref('stg_hygiene__standardised_contacts') }}
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

converted_leads as (
    select source_record_key
    from {{ ref('int_contacts_unioned') }}
    where is_converted
),

evidence as (
    select * from {{ ref('int_lead_account_evidence') }}
),

candidates as (
    select
        source_record_key,
        golden_account_id,
        arg_max(method, {'confidence': confidence, 'method': method}) as method,
        arg_max(matched_on, {'confidence': confidence, 'method': method}) as matched_on,
        arg_max(account_count > 1 and is_same_country, {'confidence': confidence, 'method': method}) as is_by_country,
        -- Sorted as a list: an ordered aggregate sorts every group by itself, a hundred times slower.
        array_to_string(
            list_transform(list_reverse_sort(list({'confidence': confidence, 'method': method})), lambda reason : reason.method), ', '
        ) as agreeing_methods,
        -- Probability that every reason is wrong; rounded, so that the order of reasons never matters.
        round(product(cast(1 - confidence as double)), 15) as doubt
    from evidence
    group by 1, 2
),

competing as (
    select
        *,
        -- As exact decimals, whose sum no order changes: a window that is ordered for it costs fifty times as much.
        cast(sum(cast(1 / doubt - 1 as decimal(38, 15))) over (partition by source_record_key) as double) as odds_of_any
    from candidates
),

ranked as (
    select
        *,
        cast((1 / doubt - 1) / (1 + odds_of_any) as decimal(9, 6)) as score,
        cast(1 / (1 + odds_of_any) as decimal(9, 6)) as score_of_none,
        row_number() over (partition by source_record_key order by doubt, golden_account_id) as place,
        count(*) over (partition by source_record_key) as candidate_count
    from competing
),

best as (
    select
        *,
        score >= {{ var('lead_match_min_score') }} as is_matched
    from ranked
    where place = 1
),

-- Next to an answer the second best; next to "none" the best that was not good enough.
runners_up as (
    select
        ranked.source_record_key,
        ranked.golden_account_id,
        ranked.method,
        ranked.score
    from ranked
    inner join best
        on ranked.source_record_key = best.source_record_key
        and ranked.place = case when best.is_matched then 2 else 1 end
),

people as (
    select
        contacts.*,
        contact_clusters.golden_contact_id
    from contacts
    inner join contact_clusters
        on contacts.source_record_key = contact_clusters.source_record_key
),

-- Converting a lead of a person who is a contact of the same CRM already should not make a second one.
existing_contacts as (
    select
        golden_contact_id,
        source_name,
        arg_min(
            source_record_key, {'created_at': coalesce(created_at, timestamp '9999-12-31'), 'source_record_key': source_record_key}
        ) as contact_source_record_key
    from people
    where source_object = 'contact' and not is_deleted
    group by 1, 2
),

final as (
    select
        people.source_record_key,
        people.golden_contact_id,
        case when best.is_matched then best.golden_account_id end as golden_account_id,
        runners_up.golden_account_id as runner_up_golden_account_id,
        case
            when people.source_object = 'lead' and not people.is_deleted and converted_leads.source_record_key is null
                then existing_contacts.contact_source_record_key
        end as existing_contact_source_record_key,
        people.source_name,
        people.source_object,
        case when best.is_matched then best.method else 'none' end as method,
        case
            when best.is_matched then null
            when best.source_record_key is null then 'no_evidence'
            when best.candidate_count > 1 then 'several_accounts'
            else 'weak_evidence'
        end as none_reason,
        case when best.is_matched then best.agreeing_methods end as agreeing_methods,
        case when best.is_matched and best.is_by_country then 'country' end as tie_break,
        case when best.is_matched then best.matched_on end as matched_on,
        runners_up.method as runner_up_method,
        cast(case when best.is_matched then best.score else coalesce(best.score_of_none, 1) end as decimal(9, 6)) as score,
        runners_up.score as runner_up_score,
        coalesce(best.candidate_count, 0) as candidate_count,
        coalesce(best.is_matched, false) as is_matched,
        people.is_deleted,
        people.is_test_record,
        people.created_at
    from people
    left join best
        on people.source_record_key = best.source_record_key
    left join runners_up
        on people.source_record_key = runners_up.source_record_key
    left join converted_leads
        on people.source_record_key = converted_leads.source_record_key
    left join existing_contacts
        on people.golden_contact_id = existing_contacts.golden_contact_id
        and people.source_name = existing_contacts.source_name
    where people.source_object = 'lead' or people.account_source_record_key is null
)

select * from final
