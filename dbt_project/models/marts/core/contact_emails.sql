-- Grain: one email address of one golden contact, from any of its source records.
with

clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

standardised as (
    select * from {{ ref('stg_hygiene__standardised_contacts') }}
),

golden_contacts as (
    select * from {{ ref('stg_hygiene__golden_contacts') }}
),

-- Main and further addresses; a further one was not checked by itself.
addresses as (
    select
        source_record_key,
        email_std as email,
        email_status,
        false as is_additional,
        source_name,
        has_email_opt_out,
        is_deleted,
        created_at,
        modified_at
    from standardised
    where email_std is not null

    union all

    select
        source_record_key,
        lower(trim(unnest(string_split(additional_emails, ';')))) as email,
        'unchecked' as email_status,
        true as is_additional,
        source_name,
        has_email_opt_out,
        is_deleted,
        created_at,
        modified_at
    from standardised
    where additional_emails is not null
),

final as (
    select
        {{ surrogate_key('em', "clusters.golden_contact_id || '|' || addresses.email") }} as contact_email_id,
        clusters.golden_contact_id,
        addresses.email,
        -- A checked address is better known than the same one among the further ones.
        min_by(addresses.email_status, {'a': addresses.is_additional, 's': addresses.email_status}) as email_status,
        count(distinct addresses.source_record_key) as source_record_count,
        count(distinct addresses.source_name) as source_system_count,
        coalesce(bool_or(addresses.email = golden_contacts.email), false) as is_primary,
        bool_or(addresses.has_email_opt_out) as has_email_opt_out,
        bool_and(addresses.is_deleted) as is_deleted,
        min(addresses.created_at) as first_created_at,
        max(addresses.modified_at) as last_modified_at
    from addresses
    inner join clusters
        on addresses.source_record_key = clusters.source_record_key
    left join golden_contacts
        on clusters.golden_contact_id = golden_contacts.golden_contact_id
    where addresses.email <> ''
    group by 2, 3
)

select * from final
