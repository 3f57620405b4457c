-- Grain: one HubSpot call, e-mail, meeting, note, task or message.
with

{% for object, type in [('calls', 'CALL'), ('emails', 'EMAIL'), ('meetings', 'MEETING'), ('notes', 'NOTE'), ('tasks', 'TASK'), ('communications', 'COMMUNICATION')] -%}
{{ object }} as (
    select
        {{ hubspot_engagement_facts(type) }}
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
