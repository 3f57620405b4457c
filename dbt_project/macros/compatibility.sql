{#-
    What Fivetran's Salesforce package reports per company, owner and manager, out of rows of
    salesforce__opportunity_enhanced. Amounts are in the reporting currency, forecasts use probability / 100
    and days count forwards.
-#}
{% macro salesforce_performance_columns() -%}
    {%- for period in ['month', 'quarter'] %}
    cast(coalesce(sum(created_amount_this_{{ period }}) filter (where status = 'Pipeline'), 0) as decimal(18, 2)) as pipeline_created_amount_this_{{ period }},
    cast(coalesce(sum(forecast_amount) filter (where status = 'Pipeline' and is_created_this_{{ period }}), 0) as decimal(18, 2))
        as pipeline_created_forecast_amount_this_{{ period }},
    cast(count(*) filter (where status = 'Pipeline' and is_created_this_{{ period }}) as bigint) as pipeline_count_created_this_{{ period }},
    {%- endfor %}
    cast(count(*) filter (where status = 'Pipeline') as bigint) as total_number_pipeline,
    cast(coalesce(sum(amount_reporting) filter (where status = 'Pipeline'), 0) as decimal(18, 2)) as total_pipeline_amount,
    cast(coalesce(sum(forecast_amount) filter (where status = 'Pipeline'), 0) as decimal(18, 2)) as total_pipeline_forecast_amount,
    cast(round(avg(amount_reporting) filter (where status = 'Pipeline'), 2) as decimal(18, 2)) as avg_pipeline_opp_amount,
    cast(max(amount_reporting) filter (where status = 'Pipeline') as decimal(18, 2)) as largest_deal_in_pipeline,
    cast(round(avg(days_since_created) filter (where status = 'Pipeline'), 2) as decimal(18, 2)) as avg_days_open,
    {%- for status, name in [('Won', 'bookings'), ('Lost', 'lost')] %}
    {%- for period in ['month', 'quarter'] %}
    cast(coalesce(sum(closed_amount_this_{{ period }}) filter (where status = '{{ status }}'), 0) as decimal(18, 2))
        as {{ name }}_amount_{{ 'closed_' if name == 'bookings' else '' }}this_{{ period }},
    cast(coalesce(sum(closed_count_this_{{ period }}) filter (where status = '{{ status }}'), 0) as bigint)
        as {{ name }}_count_{{ 'closed_' if name == 'bookings' else '' }}this_{{ period }},
    {%- endfor %}
    cast(count(*) filter (where status = '{{ status }}') as bigint) as total_number_{{ name }},
    cast(coalesce(sum(amount_reporting) filter (where status = '{{ status }}'), 0) as decimal(18, 2)) as total_{{ name }}_amount,
    {%- endfor %}
    cast(round(avg(amount_reporting) filter (where status = 'Won'), 2) as decimal(18, 2)) as avg_bookings_amount,
    cast(max(amount_reporting) filter (where status = 'Won') as decimal(18, 2)) as largest_booking,
    cast(round(avg(days_to_close) filter (where status = 'Won'), 2) as decimal(18, 2)) as avg_days_to_close,
    {%- for period in ['month', 'quarter'] %}
    cast(round(
        100 * sum(closed_amount_this_{{ period }}) filter (where status = 'Won')
        / nullif(sum(closed_amount_this_{{ period }}) filter (where status in ('Won', 'Lost')), 0), 2
    ) as decimal(18, 2)) as win_percent_this_{{ period }},
    {%- endfor %}
    cast(round(
        100 * sum(amount_reporting) filter (where status = 'Won') / nullif(sum(amount_reporting) filter (where status in ('Won', 'Lost')), 0), 2
    ) as decimal(18, 2)) as total_win_percent
{%- endmacro %}

{#- Columns of Fivetran's HubSpot package that count what no source of tidycrm holds: there, and null. -#}
{% macro hubspot_engagement_columns(kinds) -%}
    {%- for kind in kinds %}
        cast(null as bigint) as count_engagement_{{ kind }},
    {%- endfor %}
{%- endmacro %}
