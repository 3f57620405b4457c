-- Grain: one manager of owners of Salesforce opportunities.
select
    source_relation || ':' || coalesce(opportunity_manager_id, '(none)') as manager_performance_key,
    coalesce(opportunity_manager_id, '(none)') as manager_id,
    any_value(opportunity_manager_name) as manager_name,
    any_value(opportunity_manager_city) as manager_city,
    any_value(opportunity_manager_state) as manager_state,
    cast(count(distinct opportunity_owner_id) as bigint) as number_of_direct_reports,
    {{ salesforce_performance_columns() }},
    source_relation
from {{ ref('salesforce__opportunity_enhanced') }}
group by source_relation, opportunity_manager_id
