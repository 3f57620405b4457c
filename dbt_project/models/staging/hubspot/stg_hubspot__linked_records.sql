-- Grain: one HubSpot record and one kind of record it is associated with (API sources only).
with

{%- set pairs = [
    ('contacts', 'companies'),
    ('deals', 'companies'),
    ('deals', 'contacts'),
    ('tickets', 'companies'),
    ('tickets', 'contacts'),
    ('tickets', 'deals'),
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

{{ summarise_hubspot_links() }}

select * from summarised
