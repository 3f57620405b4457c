{#-
    Whether a customer decided to leave (voluntary) or a payment or the law did (involuntary); the words
    of the source decide, and without any word nobody knows.
-#}
{% macro churn_reason_type(reason) -%}
    case
        when nullif(trim({{ reason }}), '') is null then 'unstated'
        when regexp_matches(
            lower({{ reason }}),
            '(payment|non-?paying|unpaid|card|dunning|overdue|delinquen|declin|chargeback|fraud|insolv|bankrupt|insolvenz|zahlung|impay|dissol|liquidat|sanction)'
        ) then 'involuntary'
        else 'voluntary'
    end
{%- endmacro %}
