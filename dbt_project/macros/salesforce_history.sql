{#-
    Changes of Salesforce's field history that say something about a column, out of a staging model. `fields` holds
    triples of a column, its kind (text, integer, amount, or the prefix of an id) and the fields that stand for it.
-#}
{% macro salesforce_changes(changes, object, fields) -%}
    select
        {{ source_record_key(object, 'tracked.' ~ object ~ '_source_id', 'tracked.source_name') }} as source_record_key,
        tracked.column_name,
        tracked.old_value,
        tracked.new_value,
        {{ reporting_date('tracked.changed_at') }} as changed_day,
        tracked.changed_at,
        tracked.source_record_key as change_key
    from (
        select
            *,
            case lower(field_name)
                {%- for column, kind, names in fields %}
                {%- for name in names %}
                when '{{ name }}' then '{{ column }}'
                {%- endfor %}
                {%- endfor %}
            end as column_name
        from {{ changes }}
    ) as tracked
    -- A history goes into the recycle bin with its record, or ages out: what it told happened all the same.
    where
        tracked.column_name is not null
        and tracked.changed_at is not null
        {%- for column, kind, names in fields if kind not in ['text', 'integer', 'amount'] %}
        -- A change of a lookup is recorded twice, once with names and once with ids.
        and (
            tracked.column_name <> '{{ column }}'
            or regexp_full_match(coalesce(tracked.new_value, tracked.old_value), '{{ kind }}[0-9A-Za-z]{12}([0-9A-Za-z]{3})?')
        )
        {%- endfor %}
{%- endmacro %}

{#-
    Common table expressions that end in `stretches`: one row per record and stretch of days at whose ends nothing had changed.
    `records` has the values of today, created_day and deleted_day (not after the as-of date); `changes` those of the macro above.
    A record never changed takes no part in the windows: most have not, and windows over all of them would take most of the time.
-#}
{% macro salesforce_stretches(records, changes, fields) -%}
-- What a field held before the first of its changes on a day. What was changed back within the day did not change.
values_before as (
    select
        source_record_key,
        column_name,
        changed_day,
        arg_min({'v': old_value}, {'changed_at': changed_at, 'change_key': change_key}) as value_before
    from {{ changes }}
    group by 1, 2, 3
    having
        arg_min({'v': old_value}, {'changed_at': changed_at, 'change_key': change_key})
        is distinct from arg_max({'v': new_value}, {'changed_at': changed_at, 'change_key': change_key})
),

changed_records as (
    select
        {{ records }}.source_record_key,
        coalesce({{ records }}.created_day, least(min(values_before.changed_day), {{ first_daily_day() }})) as first_day
    from {{ records }}
    inner join values_before
        on {{ records }}.source_record_key = values_before.source_record_key
    group by {{ records }}.source_record_key, {{ records }}.created_day
),

days_of_change as (
    select
        source_record_key,
        changed_day,
        {%- for column, kind, names in fields %}
        any_value(value_before) filter (where column_name = '{{ column }}') as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select * from values_before
        union all by name
        select
            source_record_key,
            first_day as changed_day
        from changed_records
    ) as days
    group by 1, 2
),

-- At the end of a day a field holds what its next change finds; after the last one, what it holds today.
ends_of_days as (
    select
        source_record_key,
        changed_day,
        lead(changed_day) over (partition by source_record_key order by changed_day) as next_changed_day,
        {%- for column, kind, names in fields %}
        first_value({{ column }} ignore nulls) over later_days as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from days_of_change
    window later_days as (partition by source_record_key order by changed_day rows between 1 following and unbounded following)
),

versions as (
    select
        {{ records }}.* replace (
            {%- for column, kind, names in fields %}
            {%- set value = 'ends_of_days.' ~ column ~ '.v' %}
            case
                when ends_of_days.{{ column }} is null then {{ records }}.{{ column }}
                {%- if kind == 'text' %}
                else {{ value }}
                {%- elif kind == 'integer' %}
                else {{ cast_integer(value) }}
                {%- elif kind == 'amount' %}
                else {{ cast_amount(value) }}
                {%- else %}
                else {{ salesforce_id_18(value) }}
                {%- endif %}
            end as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        ),
        ends_of_days.changed_day as valid_from_date,
        -- The earlier of the two; a change after the as-of date is not known yet.
        least(
            case when ends_of_days.next_changed_day <= {{ as_of_date() }} then ends_of_days.next_changed_day end,
            {{ records }}.deleted_day
        ) as valid_to_date
    from {{ records }}
    inner join changed_records
        on {{ records }}.source_record_key = changed_records.source_record_key
    inner join ends_of_days
        on {{ records }}.source_record_key = ends_of_days.source_record_key
    where
        ends_of_days.changed_day between changed_records.first_day and {{ as_of_date() }}
        and ends_of_days.changed_day < coalesce({{ records }}.deleted_day, date '9999-12-31')
),

unchanged_records as (
    select
        {{ records }}.*,
        coalesce({{ records }}.created_day, {{ first_daily_day() }}) as valid_from_date
    from {{ records }}
    left join changed_records
        on {{ records }}.source_record_key = changed_records.source_record_key
    where changed_records.source_record_key is null
),

stretches as (
    select * from versions

    union all by name

    select
        *,
        deleted_day as valid_to_date
    from unchanged_records
    where valid_from_date <= {{ as_of_date() }} and valid_from_date < coalesce(deleted_day, date '9999-12-31')
)
{%- endmacro %}

{#- Day on which a record of Salesforce went: known for the recycle bin, and else when it was found missing. -#}
{% macro salesforce_deleted_day() -%}
    case
        when is_deleted and {{ reporting_date("case when delete_kind = 'soft' then coalesce(modified_at, _extracted_at) else _extracted_at end") }} <= {{ as_of_date() }}
            then {{ reporting_date("case when delete_kind = 'soft' then coalesce(modified_at, _extracted_at) else _extracted_at end") }}
    end
{%- endmacro %}

{#- First of the days for which tables per day hold rows. -#}
{% macro first_daily_day() -%}
    {{ as_of_date() }} - {{ var('pipeline_daily_days') }} + 1
{%- endmacro %}
