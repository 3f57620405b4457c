{#- The expression holds for every row. A null result is a failure: an identity that cannot be computed is not proven. -#}
{% test expression_is_true(model, expression) %}
select 1 as failing_row
from {{ model }}
where ({{ expression }}) is not true
{% endtest %}
