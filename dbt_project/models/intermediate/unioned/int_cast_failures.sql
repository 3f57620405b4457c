-- Grain: one value of one source record that could not be read as its type. Names, never values.
{% for source_type, object, plural, union_model in staged_objects() -%}
select
    source_record_key,
    source_name,
    '{{ source_type }}' as source_type,
    '{{ object }}' as source_object,
    unnest(_cast_failures) as column_name,
    _source_file,
    _source_line
from {{ ref('stg_' ~ source_type ~ '__' ~ plural) }}
where len(_cast_failures) > 0
{% if not loop.last %}
union all

{% endif %}
{%- endfor %}
