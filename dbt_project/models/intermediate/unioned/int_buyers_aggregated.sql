-- Grain: one person named on orders, invoices, subscriptions, tickets or surveys of one source.
with

mentions as (
    select
        contact_source_record_key,
        account_source_record_key,
        source_record_key,
        source_name,
        full_name,
        email,
        phone,
        company_name,
        domain,
        country,
        is_deleted,
        line_date,
        modified_at,
        _load_id,
        _extracted_at,
        _source_file,
        _source_line
    from {{ ref('int_revenue_lines_unioned') }}
    {%- for name, day in [('tickets', 'created_at'), ('surveys', 'coalesce(sent_at, answered_at)')] %}

    union all

    select
        {{ source_record_key('buyers', buyer_id('email', 'full_name', 'company_name'), 'source_name') }} as contact_source_record_key,
        {{ source_record_key('buyer_companies', buyer_company_id('company_name', 'domain'), 'source_name') }} as account_source_record_key,
        source_record_key,
        source_name,
        full_name,
        email,
        cast(null as varchar) as phone,
        company_name,
        domain,
        cast(null as varchar) as country,
        is_deleted,
        cast({{ day }} as date) as line_date,
        modified_at,
        _load_id,
        _extracted_at,
        _source_file,
        _source_line
    from {{ ref('stg_spreadsheet__' ~ name) }}
    {%- endfor %}
),

latest_values as (
    select
        contact_source_record_key as source_record_key,
        source_name,
        substr(contact_source_record_key, length(source_name) + length(':buyers:') + 1) as source_record_id,
        -- The newest line that states a value decides; ties end at the record key.
        {% for name in ['account_source_record_key', 'full_name', 'email', 'phone', 'company_name', 'domain', 'country'] -%}
        arg_max(
            {{ name }},
            {'day': coalesce(line_date, date '0001-01-01'), 'key': source_record_key}
        ) filter (where {{ name }} is not null) as {{ name }},
        {% endfor -%}
        bool_and(is_deleted) as is_deleted,
        cast(min(line_date) as timestamp) as created_at,
        greatest(max(modified_at), cast(max(line_date) as timestamp)) as modified_at,
        max(_load_id) as _load_id,
        max(_extracted_at) as _extracted_at,
        arg_max(_source_file, {'load_id': _load_id, 'key': source_record_key}) as _source_file,
        arg_max(_source_line, {'load_id': _load_id, 'key': source_record_key}) as _source_line
    from mentions
    where contact_source_record_key is not null
    group by 1, 2, 3
),

final as (
    select
        source_record_key,
        source_name,
        source_record_id,
        account_source_record_key,
        full_name,
        email,
        phone,
        company_name,
        domain,
        country,
        is_deleted,
        created_at,
        modified_at,
        _load_id,
        _extracted_at,
        sha256(concat_ws('|', full_name, email, phone, company_name, domain, country, is_deleted)) as _row_hash,
        _source_file,
        _source_line
    from latest_values
)

select * from final
