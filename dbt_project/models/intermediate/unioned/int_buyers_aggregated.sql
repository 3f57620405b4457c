-- Grain: one person named on orders, invoices or subscriptions of one source.
with

revenue_lines as (
    select * from {{ ref('int_revenue_lines_unioned') }}
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
    from revenue_lines
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
