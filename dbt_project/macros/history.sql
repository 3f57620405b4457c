{#-
    Versions of golden records over the runs (SCD2). The past cannot be computed again, so it is state:
    a Parquet file under state/history that each run reads and, after building, replaces. A version is
    valid from `valid_from_date` to the day before `valid_to_date`. Two runs of one day leave one
    version; a run for a day in the past records nothing.
-#}
{% macro history_file(name) -%}
    {{ var('tidycrm_home') }}/state/history/{{ name }}.parquet
{%- endmacro %}

{% macro golden_history(relation, key, columns, name) -%}
    {%- set file = history_file(name) | trim -%}
    {%- set quoted = file | replace("'", "''") -%}
    {%- set exists = execute and run_query("select count(*) from glob('" ~ quoted ~ "')").columns[0].values()[0] > 0 -%}
with

golden as (
    select
        *,
        md5(to_json([{% for column in columns %}cast({{ column }} as varchar){{ ', ' if not loop.last }}{% endfor %}])) as version_hash
    from {{ relation }}
),

previous as (
    {%- if exists %}
    select * from read_parquet('{{ quoted }}')
    {%- else %}
    select
        {{ key }},
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        version_hash,
        {{ as_of_date() }} as valid_from_date,
        {{ as_of_date() }} as valid_to_date,
        {{ as_of_date() }} as observed_date
    from golden
    where false
    {%- endif %}
),

state as (
    select coalesce(max(greatest(observed_date, coalesce(valid_to_date, observed_date))), date '0001-01-01') <= {{ as_of_date() }}
        as is_recordable
    from previous
),

open_versions as (
    select * from previous
    where valid_to_date is null
),

known_keys as (
    select distinct {{ key }} from previous
),

compared as (
    select
        golden.*,
        open_versions.valid_from_date as open_from_date,
        open_versions.observed_date as open_observed_date,
        open_versions.version_hash as open_hash,
        known_keys.{{ key }} is not null as is_known
    from golden
    left join open_versions
        on golden.{{ key }} = open_versions.{{ key }}
    left join known_keys
        on golden.{{ key }} = known_keys.{{ key }}
),

-- A record's first version is taken to hold since its creation: nothing older is known of it.
current_versions as (
    select
        {{ key }},
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        version_hash,
        cast(case
            when open_hash = version_hash or open_observed_date = {{ as_of_date() }} then open_from_date
            when not is_known then least(cast(first_created_at as date), {{ as_of_date() }})
            else {{ as_of_date() }}
        end as date) as first_day,
        case when open_hash = version_hash then open_observed_date else {{ as_of_date() }} end as observed_date
    from compared
),

recorded as (
    select
        {{ key }},
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        version_hash,
        coalesce(first_day, {{ as_of_date() }}) as valid_from_date,
        cast(null as date) as valid_to_date,
        observed_date
    from current_versions

    union all by name

    select * from previous
    where valid_to_date is not null

    union all by name

    -- What changed or vanished today ends today; what was first seen today was never anything else.
    select open_versions.* replace ({{ as_of_date() }} as valid_to_date)
    from open_versions
    left join golden
        on open_versions.{{ key }} = golden.{{ key }}
    where
        open_versions.version_hash is distinct from golden.version_hash
        and open_versions.observed_date < {{ as_of_date() }}
),

final as (
    select * from recorded
    where (select is_recordable from state)

    union all by name

    select * from previous
    where not (select is_recordable from state)
)

select
    {{ key }},
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    version_hash,
    valid_from_date,
    valid_to_date,
    observed_date
from final
{%- endmacro %}

{#- Keep what a model has just built as the state that the next run starts from. -#}
{% macro keep_history(name) -%}
    copy (select * from {{ this }} order by all) to '{{ history_file(name) | trim | replace("'", "''") }}' (format parquet, compression zstd)
{%- endmacro %}

{#- Versions as they were known on the as-of date, numbered. -#}
{% macro history_as_of(relation, key, columns, prefix) -%}
select
    {{ surrogate_key(prefix, key ~ " || '|' || cast(valid_from_date as varchar)") }} as version_id,
    {{ key }},
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    row_number() over (partition by {{ key }} order by valid_from_date) as version_number,
    coalesce(valid_to_date > {{ as_of_date() }}, true) as is_current,
    valid_from_date,
    case when valid_to_date <= {{ as_of_date() }} then valid_to_date end as valid_to_date,
    observed_date
from {{ relation }}
where valid_from_date <= {{ as_of_date() }}
{%- endmacro %}

{% macro account_history_columns() -%}
    {{ return(['account_name', 'domain', 'phone', 'street', 'city', 'postal_code', 'country_code', 'industry',
        'account_type', 'owner_name', 'employee_count', 'annual_revenue', 'is_deleted']) }}
{%- endmacro %}

{% macro contact_history_columns() -%}
    {{ return(['golden_account_id', 'full_name', 'email', 'phone', 'mobile_phone', 'job_title', 'city', 'country_code',
        'lifecycle_stage', 'owner_name', 'has_email_opt_out', 'has_do_not_call', 'is_deleted']) }}
{%- endmacro %}
