{#- Path of a Parquet file that dbt and the Python stages exchange. -#}
{% macro stage_file(name) -%}
    {{ var('tidycrm_home') }}/stages/{{ name }}.parquet
{%- endmacro %}
