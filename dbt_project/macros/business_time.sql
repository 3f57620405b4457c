{#- An instant on the clocks of the reporting time zone. -#}
{% macro reporting_timestamp(instant) -%}
    {%- if var('reporting_timezone') == 'UTC' -%}
    ({{ instant }})
    {%- else -%}
    (({{ instant }} at time zone 'UTC') at time zone '{{ var("reporting_timezone") }}')
    {%- endif -%}
{%- endmacro %}

{#-
    Business minutes from Monday 3 January 2000 to an instant: whole weeks, whole days, and the part of
    the day within business hours. The difference of two such numbers is the business time between
    them, without a calendar of minutes. Monday to Friday; public holidays count as working days.
-#}
{% macro business_minutes_upto(instant) -%}
    {%- set local = reporting_timestamp(instant) -%}
    {%- set days = "date_diff('day', date '2000-01-03', cast(" ~ local ~ " as date))" -%}
    {%- set per_day = 60 * (var('business_hours_to') | int - var('business_hours_from') | int) -%}
    (
        ({{ days }} // 7) * {{ 5 * per_day }}
        + least({{ days }} % 7, 5) * {{ per_day }}
        + case
            when {{ days }} % 7 < 5
                then least(greatest(60 * hour({{ local }}) + minute({{ local }}) - {{ 60 * var('business_hours_from') | int }}, 0), {{ per_day }})
            else 0
        end
    )
{%- endmacro %}

{#- Minutes allowed for a ticket of a priority, from a variable that maps priorities to hours. -#}
{% macro sla_minutes(priority, hours) -%}
    case {{ priority }}
        {%- for name in ['urgent', 'high', 'medium', 'low'] %}
        when '{{ name }}' then {{ (60 * (hours[name] | default(0) | float)) | int }}
        {%- endfor %}
    end
{%- endmacro %}
