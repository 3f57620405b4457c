{#-
    A model lives in the schema of its layer: base, staging, intermediate, marts. The layer comes
    from the folder and not from a `schema` config, so that orchestrators name the asset after the
    table alone.
-#}
{% macro generate_schema_name(custom_schema_name=none, node=none) -%}
    {%- if custom_schema_name is not none -%}
        {{ custom_schema_name | trim }}
    {%- elif node is not none and node.resource_type == 'model' and node.fqn | length > 2 -%}
        {{ node.fqn[1] }}
    {%- else -%}
        {{ target.schema }}
    {%- endif -%}
{%- endmacro %}
