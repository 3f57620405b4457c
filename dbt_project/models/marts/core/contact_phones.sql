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
        -- A record that tells one number twice tells it once, so that rows can be counted below.
        select *, mobile_phone_e164 as phone, 'mobile' as phone_type from {{ ref('stg_hygiene__standardised_contacts') }}
        where mobile_phone_e164 is distinct from phone_e164
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

owned as (
    select
        entity_type,
        golden_id,
        phone,
        max(phone_type) as phone_type,
        count(*) as source_record_count,
        count(distinct source_name) as source_system_count,
        bool_and(is_deleted) as is_deleted,
        min(created_at) as first_created_at,
        max(modified_at) as last_modified_at
    from numbers
    group by 1, 2, 3
),

-- A number that several entities share is a switchboard: it reaches somebody, but identifies nobody.
shared as (
    select
        phone,
        count(*) as entities
    from owned
    group by 1
),

final as (
    select
        {{ surrogate_key('ph', "owned.entity_type || '|' || owned.golden_id || '|' || owned.phone") }} as contact_phone_id,
        owned.entity_type,
        owned.golden_id,
        owned.phone,
        owned.phone_type,
        owned.source_record_count,
        owned.source_system_count,
        shared.entities as shared_by_count,
        owned.is_deleted,
        owned.first_created_at,
        owned.last_modified_at
    from owned
    inner join shared
        on owned.phone = shared.phone
)

select * from final
