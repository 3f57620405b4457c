{#-
    Materialisation of the tables that Python reads: a Parquet file under stages/ and a view on it.
    The adapter's own `external` writes a row of nulls where a table is empty, and an empty table
    of links is the normal case. DuckDB writes beside an existing file and renames, so a reader
    sees the old file or the new one.
-#}
{% materialization stage_parquet, adapter='duckdb' %}
    {%- set location = stage_file(model.name) | trim -%}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set existing_relation = load_cached_relation(this) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if existing_relation is not none and existing_relation.type != 'view' -%}
        {{ adapter.drop_relation(existing_relation) }}
    {%- endif -%}

    {% call statement('write_file') -%}
        copy (
            {{ sql }}
        ) to '{{ location | replace("'", "''") }}' (format parquet, compression zstd)
    {%- endcall %}

    {% call statement('main') -%}
        create or replace view {{ target_relation }} as
        select * from read_parquet('{{ location | replace("'", "''") }}')
    {%- endcall %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target_relation, model) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
