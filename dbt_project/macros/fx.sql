{#-
    As-of join to the exchange rates: the latest rate on or before the day of the event. The
    reporting currency itself is 1 by definition; a missing rate stays null and never becomes 1.
-#}
{% macro fx_join(relation, currency, day) -%}
    asof left join fx_rates
        on {{ relation }}.{{ currency }} = fx_rates.currency_code
        and {{ relation }}.{{ day }} >= fx_rates.rate_date
{%- endmacro %}

{% macro fx_rate(currency) -%}
    case
        when {{ currency }} = '{{ var("reporting_currency") }}' then cast(1 as decimal(18, 8))
        else fx_rates.rate_to_reporting
    end
{%- endmacro %}

{% macro in_reporting_currency(amount, currency) -%}
    cast(round({{ amount }} * {{ fx_rate(currency) }}, 2) as decimal(18, 2))
{%- endmacro %}
