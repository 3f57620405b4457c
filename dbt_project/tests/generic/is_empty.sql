{#- A table of problems has no rows: its rows are the failures. -#}
{% test is_empty(model) %}
select 1 as failing_row
from {{ model }}
{% endtest %}
