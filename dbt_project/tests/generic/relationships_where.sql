{#- Every non-null value among the rows that satisfy `condition` exists in `field` of `to`. -#}
{% test relationships_where(model, column_name, to, field, condition='true') %}
select children.{{ column_name }}
from (select * from {{ model }} where {{ condition }}) as children
left join {{ to }} as parents
    on children.{{ column_name }} = parents.{{ field }}
where children.{{ column_name }} is not null and parents.{{ field }} is null
{% endtest %}
