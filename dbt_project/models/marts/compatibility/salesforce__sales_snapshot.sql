-- Grain: one row, the company on the as-of date.
select
    {{ salesforce_performance_columns() }},
    {{ as_of_date() }} as as_of_date
from {{ ref('salesforce__opportunity_enhanced') }}
