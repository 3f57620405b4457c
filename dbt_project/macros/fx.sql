{#-
    The exchange rate of each row as `fx_rates`: the latest on or before the day of the event. The
    reporting currency itself is 1 by definition; a missing rate stays null and never becomes 1.
    Rates are looked up once per currency and day, because an as-of join sorts what it joins
    with all of its columns.
-#}
{% macro fx_join(relation, currency, day) -%}
    left join (
        select
            priced.event_currency,
            priced.event_day,
            fx_rates.rate_date,
            fx_rates.rate_to_reporting
        from (
            select distinct
                {{ currency }} as event_currency,
                {{ day }} as event_day
            from {{ relation }}
        ) as priced
        asof inner join fx_rates
            on priced.event_currency = fx_rates.currency_code
            and priced.event_day >= fx_rates.rate_date
    ) as fx_rates
        on {{ relation }}.{{ currency }} = fx_rates.event_currency
        and {{ relation }}.{{ day }} = fx_rates.event_day
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
