-- Grain: one user of one source: a Salesforce user, or an owner whom file exports only name.
with

salesforce_users as (
    select * from {{ ref('stg_salesforce__users') }}
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
    ] %}
    select
        {{ owner_key('source_name', owner_id, 'owner_name') }} as source_record_key,
        source_name,
        '{{ name.split("__")[0] | replace("stg_", "") }}' as source_type,
        trim(owner_name) as user_name
    from {{ ref(name) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
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

owners_conformed as (
    select
        source_record_key,
        source_name,
        source_type,
        'owners' as source_object,
        substr(source_record_key, length(source_name) + length(':owners:') + 1) as source_record_id,
        min(user_name) as user_name,
        cast(null as varchar) as email,
        cast(null as varchar) as job_title,
        cast(null as varchar) as department,
        cast(null as varchar) as manager_source_record_key,
        true as is_active,
        cast(null as timestamp) as created_at
    from owner_mentions
    where source_record_key is not null
    group by source_record_key, source_name, source_type
),

users_unioned as (
    select * from users_conformed
    union all
    select * from owners_conformed
)

select * from users_unioned
