-- Grain: one e-mail address that contacts of one HubSpot portal have, and the contact it stands for.
-- Every address of a contact counts, not the first alone; and none stands for two, which would double what happened to it.
with

contacts as (
    select * from {{ ref('stg_hubspot__contacts') }}
),

-- The addresses of a merged contact are those of the contact it went into.
survivors as (
    select
        source_record_key,
        source_record_id,
        is_deleted
    from contacts
    where delete_kind is distinct from 'merged'
),

listed as (
    select
        source_name,
        coalesce(merged_into_key, source_record_key) as contact_source_record_key,
        delete_kind is distinct from 'merged' as is_own,
        unnest([email] || coalesce({{ split_ids('additional_emails') }}, [])) as address,
        generate_subscripts([email] || coalesce({{ split_ids('additional_emails') }}, []), 1) as place
    from contacts
),

final as (
    select
        listed.source_name,
        lower(trim(listed.address)) as address,
        listed.contact_source_record_key,
        survivors.source_record_id as contact_id,
        survivors.is_deleted as is_contact_deleted
    from listed
    inner join survivors
        on listed.contact_source_record_key = survivors.source_record_key
    where nullif(trim(listed.address), '') is not null
    -- A living contact before a deleted one, its first address before a second one, the older before the newer.
    qualify row_number() over (
        partition by listed.source_name, lower(trim(listed.address))
        order by survivors.is_deleted, not listed.is_own, listed.place, try_cast(survivors.source_record_id as bigint), survivors.source_record_id
    ) = 1
)

select * from final
