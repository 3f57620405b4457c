-- Grain: one HubSpot record that somebody engaged with.
with

engagements as (
    {%- for object in hubspot_engagements() %}
    select
        source_name,
        '{{ object }}' as source_object,
        source_record_id,
        upper(direction) as direction
    from {{ ref('stg_hubspot__' ~ object) }}
    where not is_deleted
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

links as (
    select
        source_name,
        from_object,
        from_object_id,
        to_object,
        unnest({{ split_ids('linked_ids') }}) as to_object_id
    from {{ ref('stg_hubspot__engagement_links') }}
),

counted as (
    select
        {{ source_record_key("' || links.to_object || '", 'links.to_object_id', 'links.source_name') }} as source_record_key,
        count(*) filter (where engagements.source_object = 'notes') as notes,
        count(*) filter (where engagements.source_object = 'tasks') as tasks,
        count(*) filter (where engagements.source_object = 'calls') as calls,
        count(*) filter (where engagements.source_object = 'meetings') as meetings,
        count(*) filter (
            where engagements.source_object = 'emails' and coalesce(engagements.direction, '') not in ('INCOMING_EMAIL', 'FORWARDED_EMAIL')
        ) as emails,
        count(*) filter (where engagements.direction = 'INCOMING_EMAIL') as incoming_emails,
        count(*) filter (where engagements.direction = 'FORWARDED_EMAIL') as forwarded_emails
    from links
    inner join engagements
        on links.source_name = engagements.source_name
        and links.from_object = engagements.source_object
        and links.from_object_id = engagements.source_record_id
    group by 1
)

select * from counted
