-- Grain: one HubSpot engagement and one kind of record it is associated with (API sources only).
with

associations as (
    {%- for from_object in hubspot_engagements() %}
    {%- set is_last_object = loop.last %}
    {%- for to_object in ['contacts', 'companies', 'deals', 'tickets'] %}
    select
        cast(latest._source_name as varchar) as source_name,
        '{{ from_object }}' as from_object,
        cast(latest.from_object_id as varchar) as from_object_id,
        '{{ to_object }}' as to_object,
        cast(latest.to_object_id as varchar) as to_object_id,
        latest.association_category = 'HUBSPOT_DEFINED' and lower(latest.association_label) = 'primary' as is_primary
    from ({{ latest_version(source('landing_hubspot', 'associations_' ~ from_object ~ '_' ~ to_object)) }}) as latest
    where not coalesce(latest._is_deleted, false)
    {%- if not (loop.last and is_last_object) %}
    union all
    {%- endif %}
    {%- endfor %}
    {%- endfor %}
),

{{ summarise_hubspot_links() }}

select * from summarised
