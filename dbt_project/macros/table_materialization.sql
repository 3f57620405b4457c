{#- A table, replaced in one statement. DuckDB's `create or replace` is part of the
    transaction, so readers see the old table or the new one; the adapter's own way (build
    beside, rename twice, drop) gives the same with several statements more for each
    table. Contracts, hooks and Python models work as before. -#}
{%- materialization table, adapter='duckdb', supported_languages=['sql', 'python'] -%}
  {%- set existing = load_cached_relation(this) -%}
  {%- set target = this.incorporate(type='table') -%}
  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}
  {%- if existing is not none and (model.language == 'python' or not existing.is_table) -%}
    {{ drop_relation_if_exists(existing) }}
  {%- endif -%}
  {%- call statement('main', language=model.language) -%}
    {%- if model.language == 'python' -%}
      {{ create_table_as(False, target, compiled_code, 'python') }}
    {%- else -%}
      {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(compiled_code) }}
        create or replace table {{ target }} {{ get_table_columns_and_constraints() }};
        insert into {{ target }} {{ get_column_names() }} (
          {{ get_select_subquery(compiled_code) }}
        )
      {%- else -%}
        create or replace table {{ target }} as (
          {{ compiled_code }}
        )
      {%- endif -%}
    {%- endif -%}
  {%- endcall -%}
  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {%- do persist_docs(target, model) -%}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': [target]}) }}
{%- endmaterialization -%}
