{#-
    What HubSpot's API gives as ids and its file exports as names. Each joins beside a CTE `latest`
    of landed records; a record that carries names already matches nothing and keeps them.
-#}

{#- Name and id of the owner: exports carry the name, the API an id that the landed owners resolve. -#}
{% macro hubspot_owner_columns() -%}
    case
            when regexp_full_match(latest.hubspot_owner_id, '[0-9]+') then owners.owner_name
            else latest.hubspot_owner_id
        end as owner_name,
        case when regexp_full_match(latest.hubspot_owner_id, '[0-9]+') then latest.hubspot_owner_id end as owner_id
{%- endmacro %}

{% macro join_hubspot_owner() -%}
    left join {{ ref('stg_hubspot__owners') }} as owners
        on latest._source_name = owners.source_name
        and latest.hubspot_owner_id = owners.source_record_id
{%- endmacro %}

{% macro join_hubspot_stage(object, pipeline, stage) -%}
    left join {{ ref('stg_hubspot__pipeline_stages') }} as stages
        on latest._source_name = stages.source_name
        and stages.object_type = '{{ object }}'
        and {{ pipeline }} = stages.pipeline_id
        and {{ stage }} = stages.stage_id
{%- endmacro %}

{% macro join_hubspot_links(from_object, to_object, alias) -%}
    left join {{ ref('stg_hubspot__linked_records') }} as {{ alias }}
        on latest._source_name = {{ alias }}.source_name
        and latest._record_id = {{ alias }}.from_object_id
        and {{ alias }}.from_object = '{{ from_object }}'
        and {{ alias }}.to_object = '{{ to_object }}'
{%- endmacro %}
