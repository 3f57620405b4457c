{#- The sum of an expression over this model equals the sum of another over `compare_model`, to the cent. -#}
{% test equal_sum(model, expression, compare_model, compare_expression, compare_where='true') %}
with
this_side as (
    select coalesce(sum({{ expression }}), 0) as total from {{ model }}
),

other_side as (
    select coalesce(sum({{ compare_expression }}), 0) as total from {{ compare_model }} where {{ compare_where }}
)

select
    this_side.total as this_total,
    other_side.total as other_total
from this_side
cross join other_side
where this_side.total <> other_side.total
{% endtest %}
