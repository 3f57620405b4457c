-- Grain: one telephone number of one golden contact or golden account, from any of its source records.
with

contact_numbers as (
    select
        'contact' as entity_type,
        clusters.golden_contact_id as golden_id,
        numbers.phone,
        numbers.phone_type,
        numbers.source_record_key,
        numbers.source_name,
        numbers.is_deleted,
        numbers.created_at,
        numbers.modified_at
    from (
        select *, phone_e164 as phone, 'phone' as phone_type from {{ ref('stg_hygiene__standardised_contacts') }}
        union all
        select *, mobile_phone_e164 as phone, 'mobile' as phone_type from {{ ref('stg_hygiene__standardised_contacts') }}
    ) as numbers
    inner join {{ ref('stg_hygiene__contact_clusters') }} as clusters
        on numbers.source_record_key = clusters.source_record_key
    where numbers.phone is not null
),

account_numbers as (
    select
        'account' as entity_type,
        clusters.golden_account_id as golden_id,
        numbers.phone_e164 as phone,
        'phone' as phone_type,
        numbers.source_record_key,
        numbers.source_name,
        numbers.is_deleted,
        numbers.created_at,
        numbers.modified_at
    from {{ ref('stg_hygiene__standardised_accounts') }} as numbers
    inner join {{ ref('stg_hygiene__account_clusters') }} as clusters
        on numbers.source_record_key = clusters.source_record_key
    where numbers.phone_e164 is not null
),

numbers as (
    select * from contact_numbers
    union all
    select * from account_numbers
),

-- A number that several entities share is a switchboard: it reaches somebody, but identifies nobody.
shared as (
    select
        phone,
        count(distinct golden_id) as entities
    from numbers
    group by 1
),

final as (
    select
        {{ surrogate_key('ph', "numbers.entity_type || '|' || numbers.golden_id || '|' || numbers.phone") }} as contact_phone_id,
        numbers.entity_type,
        numbers.golden_id,
        numbers.phone,
        max(numbers.phone_type) as phone_type,
        count(distinct numbers.source_record_key) as source_record_count,
        count(distinct numbers.source_name) as source_system_count,
        any_value(shared.entities) as shared_by_count,
        bool_and(numbers.is_deleted) as is_deleted,
        min(numbers.created_at) as first_created_at,
        max(numbers.modified_at) as last_modified_at
    from numbers
    inner join shared
        on numbers.phone = shared.phone
    group by 2, 3, 4
)

select * from final
