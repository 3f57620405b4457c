-- Grain: one owner of Salesforce opportunities.
select
    source_relation || ':' || coalesce(opportunity_owner_id, '(none)') as owner_performance_key,
    coalesce(opportunity_owner_id, '(none)') as owner_id,
    any_value(opportunity_manager_id) as manager_id,
    any_value(opportunity_owner_name) as owner_name,
    any_value(opportunity_owner_city) as owner_city,
    any_value(opportunity_owner_state) as owner_state,
    {{ salesforce_performance_columns() }},
    source_relation
from {{ ref('salesforce__opportunity_enhanced') }}
group by source_relation, opportunity_owner_id
