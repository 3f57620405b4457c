{#- The day everything is computed for. Fails when it was not given: models never read the clock. -#}
{% macro as_of_date() -%}
    {%- if execute and not var('as_of_date') -%}
        {{ exceptions.raise_compiler_error(
            "The variable as_of_date is not set. Expected a day such as 2026-01-31: "
            ~ "pass --vars '{as_of_date: 2026-01-31}'."
        ) }}
    {%- endif -%}
    date '{{ var("as_of_date") or "1970-01-01" }}'
{%- endmacro %}

{#- Day of an instant in the reporting time zone. -#}
{% macro reporting_date(instant) -%}
    {%- if var('reporting_timezone') == 'UTC' -%}
    cast({{ instant }} as date)
    {%- else -%}
    cast(({{ instant }} at time zone 'UTC') at time zone '{{ var("reporting_timezone") }}' as date)
    {%- endif -%}
{%- endmacro %}
