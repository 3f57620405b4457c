{#-
    First day of the fiscal quarter of a day. Fiscal quarters are calendar quarters shifted by the
    month in which the fiscal year starts.
-#}
{% macro fiscal_quarter_start(day) -%}
    {%- set shift = (13 - var('fiscal_year_start_month') | int) % 12 -%}
    {%- if shift == 0 -%}
    cast(date_trunc('quarter', {{ day }}) as date)
    {%- else -%}
    cast(date_trunc('quarter', cast({{ day }} as date) + to_months({{ shift }})) - to_months({{ shift }}) as date)
    {%- endif -%}
{%- endmacro %}

{#- Name of the fiscal quarter that starts on a day: '2026-Q1', after the year in which the fiscal year ends. -#}
{% macro fiscal_quarter_name(quarter_start) -%}
    {%- set shift = (13 - var('fiscal_year_start_month') | int) % 12 -%}
    (
        cast(year(cast({{ quarter_start }} as date) + to_months({{ shift }})) as varchar)
        || '-Q' || cast(quarter(cast({{ quarter_start }} as date) + to_months({{ shift }})) as varchar)
    )
{%- endmacro %}

{#- First day of the reporting week of a day: `week_start_day` is 1 (Monday) to 7 (Sunday). -#}
{% macro week_start(day) -%}
    ({{ day }} - cast((isodow({{ day }}) + 7 - {{ var('week_start_day') | int }}) % 7 as integer))
{%- endmacro %}
