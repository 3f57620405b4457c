-- Grain: one uninterrupted time in which records of one golden contact name one golden account.
-- Two times of one account that touch or overlap are one; a later return to it is another one.
with

contacts as (
    select * from {{ ref('stg_hygiene__standardised_contacts') }}
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

account_clusters as (
    select * from {{ ref('stg_hygiene__account_clusters') }}
),

changes as (
    select
        source_record_key,
        previous_account_source_record_key,
        account_source_record_key,
        evidence,
        changed_at,
        row_number() over by_time as place,
        lead(evidence) over by_time as next_evidence,
        lead(changed_at) over by_time as next_changed_at
    from {{ ref('stg_hygiene__contact_account_changes') }}
    where {{ reporting_date('changed_at') }} <= {{ as_of_date() }}
    window by_time as (partition by source_record_key order by changed_at, contact_account_change_key)
),

last_changes as (
    select
        source_record_key,
        account_source_record_key,
        changed_at
    from changes
    where next_changed_at is null
),

record_spells as (
    -- Before its first known change a record named the account that the change took away.
    select
        source_record_key,
        previous_account_source_record_key as account_source_record_key,
        'record_created' as start_evidence,
        evidence as end_evidence,
        cast(null as timestamp) as started_at,
        changed_at as ended_at
    from changes
    where place = 1

    union all

    select
        source_record_key,
        account_source_record_key,
        evidence as start_evidence,
        next_evidence as end_evidence,
        changed_at as started_at,
        next_changed_at as ended_at
    from changes

    union all

    -- What a record names now, unless its last change has said so.
    select
        contacts.source_record_key,
        contacts.account_source_record_key,
        case when last_changes.source_record_key is null then 'record_created' else 'record_version' end as start_evidence,
        cast(null as varchar) as end_evidence,
        case
            when last_changes.source_record_key is not null then greatest(last_changes.changed_at, contacts.modified_at)
        end as started_at,
        cast(null as timestamp) as ended_at
    from contacts
    left join last_changes
        on contacts.source_record_key = last_changes.source_record_key
    where
        last_changes.source_record_key is null
        or contacts.account_source_record_key is distinct from last_changes.account_source_record_key
),

dated as (
    select
        contact_clusters.golden_contact_id,
        account_clusters.golden_account_id,
        record_spells.source_record_key,
        record_spells.start_evidence,
        record_spells.end_evidence,
        contacts.is_deleted,
        {{ reporting_date('coalesce(record_spells.started_at, contacts.created_at, contacts._extracted_at)') }} as first_date,
        {{ reporting_date('record_spells.ended_at') }} as ended_date,
        {{ reporting_date('coalesce(record_spells.ended_at, contacts.modified_at, contacts.created_at, contacts._extracted_at)') }} as seen_date
    from record_spells
    inner join contacts
        on record_spells.source_record_key = contacts.source_record_key
    inner join contact_clusters
        on record_spells.source_record_key = contact_clusters.source_record_key
    inner join account_clusters
        on record_spells.account_source_record_key = account_clusters.source_record_key
),

-- A record that is gone says nothing of the time after it was last touched.
bounded as (
    select
        golden_contact_id,
        golden_account_id,
        source_record_key,
        start_evidence,
        case when ended_date is null and is_deleted then 'record_deleted' else end_evidence end as end_evidence,
        first_date,
        greatest(seen_date, first_date) as seen_date,
        case when ended_date is null and is_deleted then greatest(seen_date, first_date + 1) else ended_date end as ended_date
    from dated
),

reached as (
    select
        *,
        max(coalesce(ended_date, date '9999-12-31')) over (
            partition by golden_contact_id, golden_account_id
            order by first_date, source_record_key, coalesce(ended_date, date '9999-12-31')
            rows between unbounded preceding and 1 preceding
        ) as reached_date
    from bounded
    where
        first_date <= {{ as_of_date() }}
        and (ended_date is null or ended_date > first_date)
),

numbered as (
    select
        *,
        sum(case when first_date <= reached_date then 0 else 1 end) over (
            partition by golden_contact_id, golden_account_id
            order by first_date, source_record_key, coalesce(ended_date, date '9999-12-31')
            rows between unbounded preceding and current row
        ) as spell_number
    from reached
),

final as (
    select
        golden_contact_id,
        golden_account_id,
        cast(spell_number as bigint) as spell_number,
        arg_min(start_evidence, {'day': first_date, 'record': source_record_key}) as start_evidence,
        case when bool_and(ended_date is not null) then arg_max(end_evidence, {'day': ended_date, 'record': source_record_key}) end as end_evidence,
        arg_min(source_record_key, {'day': first_date, 'record': source_record_key}) as first_source_record_key,
        count(distinct source_record_key) as source_record_count,
        min(first_date) as first_date,
        case when bool_and(ended_date is not null) then max(ended_date) end as ended_date,
        max(seen_date) as last_seen_date
    from numbered
    group by 1, 2, 3
)

select * from final
