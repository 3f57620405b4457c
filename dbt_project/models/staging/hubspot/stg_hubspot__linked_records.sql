-- Grain: one HubSpot record and one kind of record it is associated with (API sources only).
with

{%- set pairs = [
    ('contacts', 'companies'),
    ('deals', 'companies'),
    ('deals', 'contacts'),
    ('tickets', 'companies'),
    ('tickets', 'contacts'),
] %}

associations as (
    {%- for from_object, to_object in pairs %}
    select
        latest._source_name as source_name,
        '{{ from_object }}' as from_object,
        latest.from_object_id,
        '{{ to_object }}' as to_object,
        latest.to_object_id,
        latest.association_category = 'HUBSPOT_DEFINED' and lower(latest.association_label) = 'primary' as is_primary
    from ({{ latest_version(ref('base_hubspot__associations_' ~ from_object ~ '_' ~ to_object)) }}) as latest
    where not coalesce(latest._is_deleted, false)
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- A pair has one row per label; the marked record comes first, then the oldest by its number.
linked as (
    select
        source_name,
        from_object,
        from_object_id,
        to_object,
        to_object_id,
        coalesce(bool_or(is_primary), false) as is_primary
    from associations
    group by source_name, from_object, from_object_id, to_object, to_object_id
),

summarised as (
    select
        {{ source_record_key("' || from_object || '", 'from_object_id', 'source_name') }} || ':' || to_object as linked_records_key,
        source_name,
        from_object,
        from_object_id,
        to_object,
        first(to_object_id order by is_primary desc, try_cast(to_object_id as bigint), to_object_id) as primary_id,
        string_agg(to_object_id, ';' order by is_primary desc, try_cast(to_object_id as bigint), to_object_id) as linked_ids,
        count(*) as linked_count
    from linked
    group by source_name, from_object, from_object_id, to_object
)

select * from summarised
