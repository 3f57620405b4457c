-- Grain: one HubSpot call, e-mail, meeting, note, task or message.
with

{% for object in hubspot_engagements() -%}
{{ object }} as (
    select
        {{ hubspot_engagement_facts(object[:-1] | upper) }}
    from {{ ref('stg_hubspot__' ~ object) }} as engagements
),

{% endfor -%}
final as (
    {%- for object in hubspot_engagements() %}
    select * from {{ object }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
