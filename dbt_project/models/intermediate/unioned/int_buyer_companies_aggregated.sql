-- Grain: one organisation named on orders, invoices, subscriptions, deals, tickets or surveys of one source.
with

revenue_lines as (
    select * from {{ ref('int_revenue_lines_unioned') }}
),

deals as (
    select * from {{ ref('stg_spreadsheet__deals') }}
),

mentions as (
    select
        account_source_record_key as source_record_key,
        source_record_key as line_source_record_key,
        source_name,
        company_name,
        domain,
        country,
        is_deleted,
        line_date as mentioned_date,
        modified_at,
        _load_id,
        _extracted_at,
        _source_file,
        _source_line
    from revenue_lines
    where account_source_record_key is not null

    union all

    select
        {{ source_record_key('buyer_companies', buyer_company_id('company_name', 'null'), 'source_name') }} as source_record_key,
        source_record_key as line_source_record_key,
        source_name,
        company_name,
        cast(null as varchar) as domain,
        cast(null as varchar) as country,
        is_deleted,
        cast(created_at as date) as mentioned_date,
        cast(null as timestamp) as modified_at,
        _load_id,
        _extracted_at,
        _source_file,
        _source_line
    from deals
    where nullif(trim(company_name), '') is not null
    {%- for name, day in [('tickets', 'created_at'), ('surveys', 'coalesce(sent_at, answered_at)')] %}

    union all

    select
        {{ source_record_key('buyer_companies', buyer_company_id('company_name', 'domain'), 'source_name') }} as source_record_key,
        source_record_key as line_source_record_key,
        source_name,
        company_name,
        domain,
        cast(null as varchar) as country,
        is_deleted,
        cast({{ day }} as date) as mentioned_date,
        modified_at,
        _load_id,
        _extracted_at,
        _source_file,
        _source_line
    from {{ ref('stg_spreadsheet__' ~ name) }}
    where nullif(trim(company_name), '') is not null
    {%- endfor %}
),

latest_values as (
    select
        source_record_key,
        source_name,
        substr(source_record_key, length(source_name) + length(':buyer_companies:') + 1) as source_record_id,
        -- The newest line that states a value decides; ties end at the record key.
        {% for name in ['company_name', 'domain', 'country'] -%}
        arg_max(
            {{ name }},
            {'day': coalesce(mentioned_date, date '0001-01-01'), 'key': line_source_record_key}
        ) filter (where {{ name }} is not null) as {{ name }},
        {% endfor -%}
        bool_and(is_deleted) as is_deleted,
        cast(min(mentioned_date) as timestamp) as created_at,
        greatest(max(modified_at), cast(max(mentioned_date) as timestamp)) as modified_at,
        max(_load_id) as _load_id,
        max(_extracted_at) as _extracted_at,
        arg_max(_source_file, {'load_id': _load_id, 'key': line_source_record_key}) as _source_file,
        arg_max(_source_line, {'load_id': _load_id, 'key': line_source_record_key}) as _source_line
    from mentions
    group by 1, 2, 3
),

final as (
    select
        source_record_key,
        source_name,
        source_record_id,
        company_name,
        domain,
        country,
        is_deleted,
        created_at,
        modified_at,
        _load_id,
        _extracted_at,
        sha256(concat_ws('|', company_name, domain, country, is_deleted)) as _row_hash,
        _source_file,
        _source_line
    from latest_values
)

select * from final
