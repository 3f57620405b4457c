-- Grain: one object of one source type. Records in are records out, at every arrow.
with

staged as (
    select * from {{ ref('int_record_counts_staged') }}
),

contacts as (
    select source_type, source_object, source_record_key from {{ ref('int_contacts_unioned') }}
),

accounts as (
    select source_type, source_object, source_record_key from {{ ref('int_accounts_unioned') }}
),

unioned as (
    select 'contact' as entity_type, * from contacts
    union all
    select 'account' as entity_type, * from accounts
),

standardised as (
    select source_record_key from {{ ref('stg_hygiene__standardised_contacts') }}
    union all
    select source_record_key from {{ ref('stg_hygiene__standardised_accounts') }}
),

quarantined as (
    select distinct source_record_key from {{ ref('stg_hygiene__quarantined_records') }}
    where stage = 'standardise' and source_record_key is not null
),

clustered as (
    select source_record_key from {{ ref('stg_hygiene__contact_clusters') }}
    union all
    select source_record_key from {{ ref('stg_hygiene__account_clusters') }}
),

-- Repeats would hide a loss of as many: each side is counted per record first.
per_record as (
    select
        unioned.entity_type,
        unioned.source_type,
        unioned.source_object,
        unioned.source_record_key,
        count(*) as times_unioned
    from unioned
    group by 1, 2, 3, 4
),

identified as (
    select
        per_record.entity_type,
        per_record.source_type,
        per_record.source_object,
        sum(per_record.times_unioned) as unioned_records,
        sum(coalesce(standardised_counts.times, 0)) as standardised_records,
        count(quarantined.source_record_key) as quarantined_records,
        sum(coalesce(clustered_counts.times, 0)) as clustered_records
    from per_record
    left join (select source_record_key, count(*) as times from standardised group by 1) as standardised_counts
        on per_record.source_record_key = standardised_counts.source_record_key
    left join quarantined
        on per_record.source_record_key = quarantined.source_record_key
    left join (select source_record_key, count(*) as times from clustered group by 1) as clustered_counts
        on per_record.source_record_key = clustered_counts.source_record_key
    group by 1, 2, 3
),

final as (
    select
        coalesce(staged.source_type, identified.source_type) as source_type,
        coalesce(staged.source_object, identified.source_object) as source_object,
        identified.entity_type,
        cast(staged.landed_records as bigint) as landed_records,
        cast(staged.staged_records as bigint) as staged_records,
        cast(coalesce(identified.unioned_records, staged.unioned_records) as bigint) as unioned_records,
        cast(identified.standardised_records as bigint) as standardised_records,
        cast(identified.quarantined_records as bigint) as quarantined_records,
        cast(identified.clustered_records as bigint) as clustered_records
    from staged
    full outer join identified
        on staged.source_type = identified.source_type
        and staged.source_object = identified.source_object
)

select * from final
