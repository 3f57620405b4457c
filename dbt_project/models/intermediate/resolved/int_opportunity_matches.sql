-- Grain: one deal record that repeats a deal of another record, with the record it repeats.
with recursive

opportunities as (
    select
        *,
        case source_type when 'salesforce' then 1 when 'hubspot' then 2 else 3 end as source_rank,
        trim(regexp_replace(lower(opportunity_name), '[^\p{L}\p{N}]+', ' ', 'g')) as name_key,
        list_distinct(regexp_extract_all(lower(opportunity_name), '[\p{L}\p{N}]+')) as name_words,
        list_sort(list_distinct(regexp_extract_all(lower(opportunity_name), '[0-9]+'))) as name_numbers
    from {{ ref('int_opportunities_resolved') }}
),

-- 1. The CRM merged the record away and names the winner.
crm_merges as (
    select
        losers.source_record_key,
        winners.source_record_key as matched_source_record_key,
        'crm_merge' as match_method
    from opportunities as losers
    inner join opportunities as winners
        on losers.merged_into_key = winners.source_record_key
    where losers.source_record_key <> winners.source_record_key

    union

    select
        losers.source_record_key,
        winners.source_record_key as matched_source_record_key,
        'crm_merge' as match_method
    from (
        select
            source_record_key,
            source_name || ':' || source_object || ':' || unnest({{ split_ids('merged_source_ids') }}) as loser_key
        from opportunities
    ) as winners
    inner join opportunities as losers
        on winners.loser_key = losers.source_record_key
    where losers.source_record_key <> winners.source_record_key
),

-- 2. The record carries the id of the Salesforce opportunity it syncs with.
sync_ids as (
    select
        copies.source_record_key,
        min(originals.source_record_key) as matched_source_record_key,
        'sync_id' as match_method
    from opportunities as copies
    inner join opportunities as originals
        on copies.synced_salesforce_opportunity_id = originals.source_record_id
        and originals.source_type = 'salesforce'
    group by copies.source_record_key
),

known_matches as (
    select * from (
        select * from crm_merges
        union all
        select * from sync_ids
    ) as evidence
    qualify row_number() over (
        partition by source_record_key order by match_method, matched_source_record_key
    ) = 1
),

-- Originals that a record of the same other system already repeats by sync id are taken.
taken_originals as (
    select distinct
        known_matches.matched_source_record_key,
        copies.source_type
    from known_matches
    inner join opportunities as copies
        on known_matches.source_record_key = copies.source_record_key
    where known_matches.match_method = 'sync_id'
),

-- 3. Same account, currency and nearly the same amount, day and name, in systems of two vendors.
-- Numbers in names must agree ('Phase 1' is not 'Phase 2') and won never repeats lost. Strong
-- agreement on the name excuses a corrected amount, and equal amounts excuse a shortened name.
pairs as (
    select
        originals.source_record_key as original_key,
        copies.source_record_key as copy_key,
        copies.source_type as copy_source_type,
        abs(originals.amount - copies.amount) as amount_distance,
        abs(date_diff('day', originals.close_date, copies.close_date)) as days_distance,
        abs(originals.amount - copies.amount) / greatest(abs(originals.amount), abs(copies.amount)) as amount_rate,
        jaro_winkler_similarity(originals.name_key, copies.name_key) as name_similarity,
        -- Every word of the shorter name occurs in the longer one.
        len(originals.name_words) >= 2
        and len(copies.name_words) >= 2
        and len(list_intersect(originals.name_words, copies.name_words))
            = least(len(originals.name_words), len(copies.name_words)) as is_name_contained
    from opportunities as originals
    inner join opportunities as copies
        on originals.golden_account_id = copies.golden_account_id
        and originals.currency_code = copies.currency_code
        and originals.source_rank < copies.source_rank
    left join known_matches as copies_known
        on copies.source_record_key = copies_known.source_record_key
    left join known_matches as originals_known
        on originals.source_record_key = originals_known.source_record_key
    left join taken_originals
        on originals.source_record_key = taken_originals.matched_source_record_key
        and copies.source_type = taken_originals.source_type
    where
        copies_known.source_record_key is null
        and (originals_known.source_record_key is null or originals_known.match_method = 'sync_id')
        and taken_originals.matched_source_record_key is null
        and not originals.is_deleted
        and not copies.is_deleted
        and originals.amount <> 0
        and originals.name_key <> ''
        and abs(date_diff('day', originals.close_date, copies.close_date)) <= {{ var('deal_match_days') }}
        and originals.name_numbers = copies.name_numbers
        and not (originals.status in ('won', 'lost') and copies.status in ('won', 'lost') and originals.status <> copies.status)
),

candidates as (
    select *
    from pairs
    where
        (amount_rate <= {{ var('deal_match_amount_rate') }} and name_similarity >= {{ var('deal_match_name_similarity') }})
        or (
            amount_rate <= {{ var('deal_match_loose_amount_rate') }}
            and name_similarity >= {{ var('deal_match_strict_name_similarity') }}
        )
        or (amount_rate = 0 and is_name_contained)
),

-- One to one, best pairs first: each round takes every pair that is the best of both its records
-- and drops the pairs that they block, until none is left.
rounds as (
    select
        original_key,
        copy_key,
        copy_source_type,
        name_similarity,
        days_distance,
        amount_distance,
        false as is_match
    from candidates

    union all

    select
        original_key,
        copy_key,
        copy_source_type,
        name_similarity,
        days_distance,
        amount_distance,
        is_match
    from (
        select
            *,
            bool_or(is_match) over (partition by copy_key) as is_copy_taken,
            bool_or(is_match) over (partition by original_key, copy_source_type) as is_original_taken
        from (
            select
                original_key,
                copy_key,
                copy_source_type,
                name_similarity,
                days_distance,
                amount_distance,
                row_number() over (
                    partition by copy_key
                    order by name_similarity desc, days_distance, amount_distance, original_key
                ) = 1
                and row_number() over (
                    partition by original_key, copy_source_type
                    order by name_similarity desc, days_distance, amount_distance, copy_key
                ) = 1 as is_match
            from rounds
            where not is_match
        ) as ranked
    ) as taken
    where is_match or not (is_copy_taken or is_original_taken)
),

similar_deals as (
    select
        copy_key as source_record_key,
        original_key as matched_source_record_key,
        'similar_deal' as match_method
    from rounds
    where is_match
),

matches as (
    select * from known_matches
    union all
    select * from similar_deals
)

select * from matches
