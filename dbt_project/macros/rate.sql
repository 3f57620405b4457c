{#- Quotient as a rate with four decimals; null when there is nothing to divide by or the condition fails. -#}
{% macro rate(numerator, denominator, condition='true') -%}
    case
        when {{ condition }} and {{ denominator }} > 0
            then cast(round(cast({{ numerator }} as double) / cast({{ denominator }} as double), 4) as decimal(9, 4))
    end
{%- endmacro %}
