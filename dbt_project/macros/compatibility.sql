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

{#- How often somebody engaged with a record; null where the source has no engagements (exported files). -#}
{% macro hubspot_engagement_columns(kinds) -%}
    {%- for kind in kinds %}
        cast(coalesce(engagement_counts.{{ kind }}, case when engaged_sources.source_name is not null then 0 end) as bigint)
            as count_engagement_{{ kind }},
    {%- endfor %}
{%- endmacro %}

{% macro join_hubspot_engagement_counts(records) -%}
    left join {{ ref('int_hubspot_engagements_counted') }} as engagement_counts
        on {{ records }}.source_record_key = engagement_counts.source_record_key
    left join (
        select distinct source_name from {{ ref('int_activities_unioned') }} where source_type = 'hubspot'
    ) as engaged_sources
        on {{ records }}.source_name = engaged_sources.source_name
{%- endmacro %}

{#- Columns of Fivetran's HubSpot package that all kinds of engagement have, out of a CTE `engagements`. -#}
{% macro hubspot_engagement_facts(type) -%}
    engagements.source_record_id as engagement_id,
        '{{ type }}' as engagement_type,
        not engagements.is_deleted as is_active,
        engagements.owner_id,
        coalesce(engagements.started_at, cast(engagements.due_date as timestamp)) as occurred_timestamp,
        engagements.created_at as created_timestamp,
        engagements.modified_at as last_updated_timestamp,
        {%- for name in ['contact', 'company', 'deal', 'ticket'] %}
        coalesce({{ split_ids('engagements.' ~ name ~ '_ids') }}, cast([] as varchar[])) as {{ name }}_ids,
        {%- endfor %}
        engagements.source_record_key,
        engagements.source_name as source_relation
{%- endmacro %}

{#- One value that a property of a HubSpot record had, and until when. -#}
{% macro hubspot_property_history(object, id_column) -%}
with

changes as (
    select
        latest._source_record_id as id,
        latest.object_id as {{ id_column }},
        latest.property_name as field_name,
        latest.value as new_value,
        latest.source_type as change_source,
        cast(null as varchar) as change_source_id,
        {{ cast_instant('latest.changed_at') }} as valid_from,
        {{ source_record_key(object, 'latest.object_id', 'latest._source_name') }} as source_record_key,
        latest._source_name as source_relation
    from ({{ latest_version(ref('base_hubspot__property_history')) }}) as latest
    where latest.object_type = '{{ object }}' and not coalesce(latest._is_deleted, false)
),

final as (
    select
        source_relation || ':' || id as history_id,
        id,
        {{ id_column }},
        field_name,
        new_value,
        change_source,
        change_source_id,
        valid_from,
        lead(valid_from) over (partition by source_record_key, field_name order by valid_from, id) as valid_to,
        source_record_key,
        source_relation
    from changes
)

select * from final
{%- endmacro %}

{#-
    All events of one kind that happened to marketing mails of HubSpot, with Fivetran's columns. `own` holds
    pairs of a column's name and its SQL out of `events`.
-#}
{% macro hubspot_email_event(event_type, own=[]) -%}
with

events as (
    select * from {{ ref('stg_hubspot__email_events') }}
    where event_type = '{{ event_type }}' and not is_deleted
),

addresses as (
    select * from {{ ref('int_hubspot_addresses_matched') }}
),

contact_clusters as (
    select * from {{ ref('stg_hygiene__contact_clusters') }}
),

final as (
    select
        events.event_id,
        {%- for name, expression in own %}
        {{ expression }} as {{ name }},
        {%- endfor %}
        events.created_at as created_timestamp,
        events.email_campaign_id,
        events.recipient_email as recipient_email_address,
        events.sent_at as email_send_timestamp,
        events.email_send_id,
        addresses.contact_id,
        coalesce(addresses.is_contact_deleted, false) as is_contact_deleted,
        events.is_filtered as is_filtered_event,
        contact_clusters.golden_contact_id,
        events.source_record_key,
        events.source_name as source_relation
    from events
    left join addresses
        on events.source_name = addresses.source_name
        and events.recipient_email = addresses.address
    left join contact_clusters
        on addresses.contact_source_record_key = contact_clusters.source_record_key
)

select * from final
{%- endmacro %}
