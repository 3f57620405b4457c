-- Grain: one object of one source type: its records in landing, in staging and in its union.
{% for source_type, object, plural, union_model in staged_objects() -%}
{%- set record_id = salesforce_id_18('_source_record_id') if source_type == 'salesforce' else '_source_record_id' -%}
select
    '{{ source_type }}' as source_type,
    '{{ object }}' as source_object,
    {{ "'" ~ union_model ~ "'" if union_model else 'cast(null as varchar)' }} as union_model,
    (
        select count(*) from (
            select distinct _source_name, {{ record_id }} from {{ ref('base_' ~ source_type ~ '__' ~ plural) }}
        ) as landed
    ) as landed_records,
    (select count(*) from {{ ref('stg_' ~ source_type ~ '__' ~ plural) }}) as staged_records,
    {% if union_model -%}
    (
        select count(*) from {{ ref(union_model) }}
        where source_type = '{{ source_type }}' and source_object = '{{ object }}'
    ) as unioned_records
    {%- else -%}
    cast(null as bigint) as unioned_records
    {%- endif %}
{% if not loop.last %}
union all

{% endif %}
{%- endfor %}
