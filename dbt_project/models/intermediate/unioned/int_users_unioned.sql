-- Grain: one user of one source: a Salesforce user, a HubSpot owner, or an owner whom files only name.
with

salesforce_users as (
    select * from {{ ref('stg_salesforce__users') }}
),

hubspot_owners as (
    select * from {{ ref('stg_hubspot__owners') }}
),

owner_mentions as (
    {%- for name, owner_id in [
        ('stg_hubspot__contacts', 'owner_id'),
        ('stg_hubspot__companies', 'owner_id'),
        ('stg_hubspot__deals', 'owner_id'),
        ('stg_hubspot__tickets', 'owner_id'),
        ('stg_spreadsheet__contacts', 'null'),
        ('stg_spreadsheet__companies', 'null'),
        ('stg_spreadsheet__deals', 'null'),
        ('stg_spreadsheet__tickets', 'null'),
    ] %}
    select
        {{ owner_key('source_name', owner_id, 'owner_name') }} as source_record_key,
        source_name,
        '{{ name.split("__")[0] | replace("stg_", "") }}' as source_type,
        trim(owner_name) as user_name
    from {{ ref(name) }}
    union all
    {%- endfor %}
    select
        source_record_key,
        source_name,
        'hubspot' as source_type,
        trim(owner_name) as user_name
    from hubspot_owners
),

users_conformed as (
    select
        source_record_key,
        source_name,
        'salesforce' as source_type,
        'user' as source_object,
        source_record_id,
        user_name,
        email,
        job_title,
        department,
        {{ source_record_key('user', 'manager_user_id', 'source_name') }} as manager_source_record_key,
        coalesce(is_active, true) as is_active,
        created_at
    from salesforce_users
),

owners_named as (
    select
        source_record_key,
        source_name,
        source_type,
        min(user_name) as user_name
    from owner_mentions
    where source_record_key is not null
    group by source_record_key, source_name, source_type
),

owners_conformed as (
    select
        owners_named.source_record_key,
        owners_named.source_name,
        owners_named.source_type,
        'owners' as source_object,
        substr(owners_named.source_record_key, length(owners_named.source_name) + length(':owners:') + 1) as source_record_id,
        owners_named.user_name,
        hubspot_owners.email,
        cast(null as varchar) as job_title,
        cast(null as varchar) as department,
        cast(null as varchar) as manager_source_record_key,
        not coalesce(hubspot_owners.is_deleted, false) as is_active,
        cast(null as timestamp) as created_at
    from owners_named
    left join hubspot_owners
        on owners_named.source_record_key = hubspot_owners.source_record_key
),

users_conformed_all as (
    select * from users_conformed
    union all
    select * from owners_conformed
),

-- Files name owners without an address. Such a name means a colleague only where no second one bears it.
emails_of_names as (
    select
        lower(trim(user_name)) as name_key,
        min(lower(trim(email))) as email_key,
        count(distinct lower(trim(email))) as email_count
    from users_conformed_all
    where nullif(trim(email), '') is not null
    group by 1
),

people as (
    select
        users_conformed_all.*,
        case
            when nullif(trim(users_conformed_all.email), '') is not null then 'email:' || lower(trim(users_conformed_all.email))
            when emails_of_names.email_count = 1 then 'email:' || emails_of_names.email_key
            when emails_of_names.email_count is null and nullif(trim(users_conformed_all.user_name), '') is not null
                then 'name:' || lower(trim(users_conformed_all.user_name))
            else users_conformed_all.source_record_key
        end as person_key,
        nullif(trim(users_conformed_all.email), '') is not null as has_email
    from users_conformed_all
    left join emails_of_names
        on lower(trim(users_conformed_all.user_name)) = emails_of_names.name_key
),

users_unioned as (
    select
        people.* exclude (person_key, has_email),
        -- Salesforce knows department and manager, so its user stands for the person.
        first_value(source_record_key) over (
            partition by person_key order by source_type <> 'salesforce', not has_email, source_record_key
        ) as person_source_record_key,
        case
            when count(*) over (partition by person_key) = 1 then 'single'
            when has_email then 'email'
            else 'name'
        end as person_match_method
    from people
)

select * from users_unioned
