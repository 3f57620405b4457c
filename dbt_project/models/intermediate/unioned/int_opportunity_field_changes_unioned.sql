-- Grain: one recorded value of one tracked field of one deal record.
-- Values are text in one spelling per field (1234.50, 2026-01-31, a source record key), so that equal values are equal text.
with

stage_changes as (
    select * from {{ ref('int_opportunity_stage_changes_unioned') }}
),

salesforce_changes as (
    select
        *,
        case lower(field_name)
            when 'amount' then 'amount'
            when 'closedate' then 'close_date'
            when 'probability' then 'probability'
            when 'owner' then 'owner'
            when 'ownerid' then 'owner'
        end as tracked_field
    from {{ ref('stg_salesforce__opportunity_field_changes') }}
),

hubspot_changes as (
    select * from {{ ref('stg_hubspot__deal_field_changes') }}
),

stage_values as (
    select
        source_record_key,
        source_name,
        source_object,
        opportunity_source_record_key,
        changed_by_source_record_key,
        'stage_name' as field_name,
        stage_name as new_value,
        previous_stage_name as previous_value,
        source_object = 'opportunityfieldhistory' as has_previous_value,
        changed_at,
        is_deleted
    from stage_changes
),

-- A row of Salesforce's stage history repeats the whole state of the deal.
{%- for field, column in [('amount', 'amount'), ('close_date', 'close_date'), ('probability', 'probability_pct')] %}

{{ field }}_values as (
    select
        source_record_key,
        source_name,
        source_object,
        opportunity_source_record_key,
        changed_by_source_record_key,
        '{{ field }}' as field_name,
        cast({{ column }} as varchar) as new_value,
        cast(null as varchar) as previous_value,
        false as has_previous_value,
        changed_at,
        is_deleted
    from stage_changes
    where source_object = 'opportunityhistory'{{ " or probability_pct is not null" if field == 'probability' }}
),
{%- endfor %}

salesforce_values as (
    select
        source_record_key,
        source_name,
        'opportunityfieldhistory' as source_object,
        {{ source_record_key('opportunity', 'opportunity_source_id', 'source_name') }} as opportunity_source_record_key,
        {{ source_record_key('user', 'changed_by_user_id', 'source_name') }} as changed_by_source_record_key,
        tracked_field as field_name,
        {%- for value in ['new_value', 'old_value'] %}
        case tracked_field
            when 'amount' then cast({{ cast_amount(value) }} as varchar)
            when 'close_date' then cast({{ cast_date(value) }} as varchar)
            when 'probability' then cast({{ cast_amount(value, scale=4) }} as varchar)
            else {{ source_record_key('user', salesforce_id_18(value), 'source_name') }}
        end as {{ 'previous_value' if value == 'old_value' else value }},
        {%- endfor %}
        true as has_previous_value,
        changed_at,
        is_deleted
    from salesforce_changes
    where
        tracked_field is not null
        -- A change of owner is recorded twice, once with names and once with ids.
        and (tracked_field <> 'owner' or regexp_full_match(new_value, '005[0-9A-Za-z]{12}([0-9A-Za-z]{3})?'))
),

hubspot_values as (
    select
        source_record_key,
        source_name,
        'property_history' as source_object,
        {{ source_record_key('deals', 'deal_id', 'source_name') }} as opportunity_source_record_key,
        cast(null as varchar) as changed_by_source_record_key,
        field_name,
        case field_name
            when 'amount' then cast({{ cast_amount('new_value') }} as varchar)
            when 'close_date' then cast({{ cast_date('new_value') }} as varchar)
            else {{ source_record_key('owners', 'new_value', 'source_name') }}
        end as new_value,
        cast(null as varchar) as previous_value,
        false as has_previous_value,
        changed_at,
        false as is_deleted
    from hubspot_changes
),

values_unioned as (
    select * from stage_values
    {%- for name in ['amount_values', 'close_date_values', 'probability_values', 'salesforce_values', 'hubspot_values'] %}
    union all
    select * from {{ name }}
    {%- endfor %}
),

opportunity_field_changes_unioned as (
    select
        source_record_key || ':' || field_name as field_change_key,
        *
    from values_unioned
)

select * from opportunity_field_changes_unioned
