{#
    Whether a record is kept out of figures as somebody's test.

    Where more than `max_test_share` of all source records of the kind look like tests, or of those with an
    address (mailbox or web domain), they are no exceptions: a sandbox, or a copy with masked addresses, whose figures
    would all be zero. Matching decides in the same way;
    what each record looked like stays in the stage file (test_rule) and is counted by the quality rules.
#}
{% macro is_test_record(entity) -%}
    {%- set address = 'email_std' if entity == 'contact' else 'domain_std' -%}
    (
        coalesce(cast(is_test_record as boolean), false)
        and (
            select
                count(*) filter (where judged.is_test_record) < 50
                or (
                    count(*) filter (where judged.is_test_record) <= {{ var('max_test_share') }} * count(*)
                    and count(judged.{{ address }}) filter (where judged.is_test_record)
                    <= {{ var('max_test_share') }} * count(judged.{{ address }})
                )
            from {{ source('hygiene', 'standardised_' ~ entity ~ 's') }} as judged
        )
    )
{%- endmacro %}
