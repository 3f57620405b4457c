{#-
    First days of the billing periods of a subscription that have begun by the as-of date, at least
    one: the k-th period starts k periods after the first, so that a subscription of the 31st keeps
    its day. The end day starts no period of its own, whether the source means it in or out. Without a
    start, with an unknown period or with an end before the start the list holds the start alone.
-#}
{% macro billing_period_starts(start, end, billing_period) -%}
    case
        when {{ start }} is null or {{ billing_period }} is null or {{ end }} < {{ start }} then [{{ start }}]
        when {{ billing_period }} = 'week'
            then list_transform(
                range(
                    0,
                    1 + greatest(
                        0,
                        date_diff('day', {{ start }}, least(coalesce({{ end }} - 1, {{ as_of_date() }}), {{ as_of_date() }})) // 7
                    )
                ),
                lambda k : cast({{ start }} + to_days(cast(7 * k as integer)) as date)
            )
        else [
            cast({{ start }} + to_months(cast(k * {{ months_per_period(billing_period) }} as integer)) as date)
            for k in range(0, 1 + greatest(0, date_diff('month', {{ start }}, {{ as_of_date() }})))
            if k = 0
            or cast({{ start }} + to_months(cast(k * {{ months_per_period(billing_period) }} as integer)) as date)
                <= least(coalesce({{ end }} - 1, {{ as_of_date() }}), {{ as_of_date() }})
        ]
    end
{%- endmacro %}

{% macro months_per_period(billing_period) -%}
    case {{ billing_period }} when 'month' then 1 when 'quarter' then 3 when 'year' then 12 end
{%- endmacro %}

{#- Amount of a billing period as a monthly amount: year / 12, quarter / 3, week x 52 / 12. -#}
{% macro monthly_amount(amount, billing_period) -%}
    cast(round(
        case {{ billing_period }}
            when 'month' then {{ amount }}
            when 'quarter' then {{ amount }} / 3
            when 'year' then {{ amount }} / 12
            when 'week' then {{ amount }} * 52 / 12
        end, 2
    ) as decimal(18, 2))
{%- endmacro %}

{#-
    Length in months of a term whose last day is included: whole where it ends on the day before the
    day it began on, else days / (365.25 / 12).
-#}
{% macro months_in_term(start, end) -%}
    case
        when cast({{ start }} + to_months(cast(date_diff('month', {{ start }}, {{ end }} + 1) as integer)) as date) = {{ end }} + 1
            then cast(date_diff('month', {{ start }}, {{ end }} + 1) as double)
        else (date_diff('day', {{ start }}, {{ end }}) + 1) / (365.25 / 12)
    end
{%- endmacro %}
