{#-
    Quotient as a rate with four decimals; null when there is nothing to divide by or the condition fails.
    Rates that no share bounds (more than all of a tiny start) get a wider `precision`.
-#}
{% macro rate(numerator, denominator, condition='true', precision=9) -%}
    case
        when {{ condition }} and {{ denominator }} > 0
            then cast(round(cast({{ numerator }} as double) / cast({{ denominator }} as double), 4) as decimal({{ precision }}, 4))
    end
{%- endmacro %}
