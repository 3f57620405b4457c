{#- Let the line of the log that says how a table went say its rows too. dbt-duckdb answers
    every statement with `OK`, and nobody else can look while dbt holds the file. -#}
{%- macro count_rows() -%}
  {%- if execute and model.config.materialized == 'table' -%}
    {%- set rows = run_query('select count(*) from ' ~ this).rows[0][0] | int -%}
    {%- do store_raw_result('main', message=rows ~ ' rows', code='OK', rows_affected=rows) -%}
  {%- endif -%}
{%- endmacro -%}
