{#- Why an event is not counted as revenue, in the order in which the reasons are tried. -#}
{% macro revenue_exclusion_reasons() -%}
    {{ return([
        'deleted', 'duplicate_deal', 'test_record', 'void', 'missing_date', 'invalid_period', 'missing_amount',
        'after_as_of_date', 'refunded', 'superseded_by_invoice', 'superseded_by_billing', 'missing_fx_rate'
    ]) }}
{%- endmacro %}
