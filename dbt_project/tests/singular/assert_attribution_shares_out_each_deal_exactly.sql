-- Every model shares out the whole deal and nothing but the deal, and every counted deal is in it: so sums
-- over channels are sums over deals.
{{ config(meta={'dagster': {'ref': {'name': 'fct_attribution_touches', 'package_name': 'tidycrm'}}}) }}
{%- set models = ['first_touch', 'last_touch', 'linear', 'u_shaped', 'w_shaped'] %}

with

shared as (
    select
        opportunity_id,
        {%- for model in models %}
        sum({{ model }}_weight) as {{ model }}_weight,
        sum({{ model }}_amount_reporting) as {{ model }}_amount
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ ref('fct_attribution_touches') }}
    group by 1
),

deals as (
    select
        fct_opportunities.opportunity_id,
        fct_opportunities.amount_reporting
    from {{ ref('fct_opportunities') }} as fct_opportunities
    inner join {{ ref('int_opportunity_outcomes_resolved') }} as outcomes
        on fct_opportunities.opportunity_id = outcomes.opportunity_id
)

select coalesce(deals.opportunity_id, shared.opportunity_id) as opportunity_id
from deals
full outer join shared
    on deals.opportunity_id = shared.opportunity_id
where
    deals.opportunity_id is null
    or shared.opportunity_id is null
    {%- for model in models %}
    or shared.{{ model }}_weight <> 1
    or shared.{{ model }}_amount is distinct from deals.amount_reporting
    {%- endfor %}
