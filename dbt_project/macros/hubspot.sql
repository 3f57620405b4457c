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

{#-
    Calls, e-mails, meetings, notes and tasks in one shape, beside what each calls its own. `own` holds SQL
    for subject, direction, status, priority, started_at, ended_at, completed_at, due_date and is_completed.
-#}
{% macro stage_hubspot_engagement(object, own, instants=[]) -%}
with

latest as (
    {{ latest_version(ref('base_hubspot__' ~ object)) }}
),

casted as (
    select
        {{ record_key_columns(object) }},
        cast({{ own.subject or 'null' }} as varchar) as subject,
        cast({{ own.direction or 'null' }} as varchar) as direction,
        cast({{ own.status or 'null' }} as varchar) as status,
        cast({{ own.priority or 'null' }} as varchar) as priority,
        {{ hubspot_owner_columns() }},
        {%- for to_object, name in [('contacts', 'contact'), ('companies', 'company'), ('deals', 'deal'), ('tickets', 'ticket')] %}
        linked_{{ to_object }}.primary_id as primary_{{ name }}_id,
        linked_{{ to_object }}.linked_ids as {{ name }}_ids,
        {%- endfor %}
        cast({{ own.is_completed }} as boolean) as is_completed,
        cast({{ own.due_date or 'null' }} as date) as due_date,
        cast({{ own.started_at or 'null' }} as timestamp) as started_at,
        cast({{ own.ended_at or 'null' }} as timestamp) as ended_at,
        cast({{ own.completed_at or 'null' }} as timestamp) as completed_at,
        {{ cast_instant('latest.hs_createdate') }} as created_at,
        {{ cast_instant('latest.hs_lastmodifieddate') }} as modified_at,
        {{ load_metadata_columns(object) }},
        {%- set casts = [] %}
        {%- for column in ['hs_timestamp', 'hs_createdate', 'hs_lastmodifieddate'] + instants %}
        {%- do casts.append((column, cast_instant('latest.' ~ column))) %}
        {%- endfor %}
        {{ cast_failures(casts) }} as _cast_failures
    from latest
    {{ join_hubspot_owner() }}
    {%- for to_object in ['contacts', 'companies', 'deals', 'tickets'] %}
    left join {{ ref('stg_hubspot__engagement_links') }} as linked_{{ to_object }}
        on latest._source_name = linked_{{ to_object }}.source_name
        and latest._record_id = linked_{{ to_object }}.from_object_id
        and linked_{{ to_object }}.from_object = '{{ object }}'
        and linked_{{ to_object }}.to_object = '{{ to_object }}'
    {%- endfor %}
)

select * from casted
{%- endmacro %}

{#-
    Records that each HubSpot record is associated with, out of a CTE `associations` of source_name, from_object,
    from_object_id, to_object, to_object_id and is_primary. A pair has one row per label; the marked record
    comes first, then the oldest by its number.
-#}
{% macro summarise_hubspot_links() -%}
linked as (
    select
        source_name,
        from_object,
        from_object_id,
        to_object,
        to_object_id,
        coalesce(bool_or(is_primary), false) as is_primary
    from associations
    group by source_name, from_object, from_object_id, to_object, to_object_id
),

summarised as (
    select
        {{ source_record_key("' || from_object || '", 'from_object_id', 'source_name') }} || ':' || to_object as linked_records_key,
        source_name,
        from_object,
        from_object_id,
        to_object,
        first(to_object_id order by is_primary desc, try_cast(to_object_id as bigint), to_object_id) as primary_id,
        string_agg(to_object_id, ';' order by is_primary desc, try_cast(to_object_id as bigint), to_object_id) as linked_ids,
        count(*) as linked_count
    from linked
    group by source_name, from_object, from_object_id, to_object
)
{%- endmacro %}

{#- Objects of HubSpot that say what somebody did with or about a customer. -#}
{% macro hubspot_engagements() -%}
    {{ return(['calls', 'emails', 'meetings', 'notes', 'tasks', 'communications']) }}
{%- endmacro %}

{#- What can happen to a marketing mail: name of the count, and which events count. -#}
{% macro hubspot_mail_metrics() -%}
    {{ return([
        ('bounces', "event_type = 'BOUNCE'"),
        ('clicks', "event_type = 'CLICK'"),
        ('deferrals', "event_type = 'DEFERRED'"),
        ('deliveries', "event_type = 'DELIVERED'"),
        ('drops', "event_type = 'DROPPED'"),
        ('forwards', "event_type = 'FORWARD'"),
        ('opens', "event_type = 'OPEN'"),
        ('prints', "event_type = 'PRINT'"),
        ('spam_reports', "event_type = 'SPAMREPORT'"),
        ('unsubscribes', "event_type = 'STATUSCHANGE' and subscription_status = 'UNSUBSCRIBED'"),
    ]) }}
{%- endmacro %}

{#- Sums over a CTE or table `mails`: how often each thing happened, and to how many mails. -#}
{% macro hubspot_mail_totals() -%}
    {%- for name, _ in hubspot_mail_metrics() -%}
    cast(sum(mails.{{ name }}) as bigint) as total_{{ name }},
        count(*) filter (where mails.{{ name }} > 0) as total_unique_{{ name }}
        {%- if not loop.last %},
        {% endif %}
    {%- endfor %}
{%- endmacro %}

{#- The same columns out of a joined CTE `totals`; nothing happened where it has no row. -#}
{% macro hubspot_mail_total_columns() -%}
    {%- for name, _ in hubspot_mail_metrics() -%}
    coalesce(totals.total_{{ name }}, 0) as total_{{ name }},
        coalesce(totals.total_unique_{{ name }}, 0) as total_unique_{{ name }}
        {%- if not loop.last %},
        {% endif %}
    {%- endfor %}
{%- endmacro %}
