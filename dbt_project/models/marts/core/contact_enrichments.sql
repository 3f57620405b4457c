-- Grain: one empty field of one golden contact, with what one's own other records say about it.
-- A proposal beside the golden record, never in it: whoever takes it over enters it in the source.
{% set agreement = '0.98' %}
with

contacts as (
    select
        golden_contact_id,
        nullif(email_domain, '') as email_domain,
        is_free_email,
        coalesce(phone, mobile_phone) as phone,
        nullif(postal_code, '') as postal_code,
        nullif(city, '') as city,
        nullif(state, '') as state,
        country_code,
        nullif(company_name, '') as company_name
    from {{ ref('dim_contacts') }}
    where not is_deleted and not is_test_record
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

domain_companies as (
    select
        account_domains.domain,
        accounts.account_name as value,
        account_domains.account_record_count + account_domains.contact_count as evidence_count
    from {{ ref('account_domains') }} as account_domains
    inner join accounts
        on account_domains.golden_account_id = accounts.golden_account_id
    where
        not account_domains.is_ambiguous
        -- A domain that only mail addresses speak for may be a provider's.
        and account_domains.account_record_count > 0
        and accounts.account_name is not null
),

-- The first digits of a number say the country; how many it takes differs, so the longest that is sure decides.
phone_prefixes as (
    select
        prefix,
        length(prefix) as prefix_length,
        mode(country_code) as value,
        count(*) as evidence_count
    from (
        select
            unnest([substr(phone, 1, 3), substr(phone, 1, 4), substr(phone, 1, 5)]) as prefix,
            country_code
        from contacts
        where phone like '+%' and country_code is not null
    ) as known
    group by 1, 2
    having
        count(*) >= {{ var('enrichment_min_phones') }}
        and count(distinct country_code) = 1
),

{%- for field in ['city', 'state'] %}
{{ field }}_of_codes as (
    select
        country_code,
        postal_code,
        value,
        sum(contact_count) over (partition by country_code, postal_code) as evidence_count
    from (
        select
            country_code,
            postal_code,
            {{ field }} as value,
            count(*) as contact_count
        from contacts
        where postal_code is not null and country_code is not null and {{ field }} is not null
        group by 1, 2, 3
    ) as counted
    qualify
        contact_count >= {{ agreement }} * sum(contact_count) over (partition by country_code, postal_code)
        and sum(contact_count) over (partition by country_code, postal_code) >= {{ var('enrichment_min_records') }}
),
{%- endfor %}

proposals as (
    select
        contacts.golden_contact_id,
        'company_name' as field_name,
        domain_companies.value,
        'email_domain' as method,
        contacts.email_domain as matched_on,
        domain_companies.evidence_count
    from contacts
    inner join domain_companies
        on contacts.email_domain = domain_companies.domain
    where contacts.company_name is null and not contacts.is_free_email

    union all

    select
        contacts.golden_contact_id,
        'country_code',
        phone_prefixes.value,
        'phone_prefix',
        phone_prefixes.prefix,
        phone_prefixes.evidence_count
    from contacts
    inner join phone_prefixes
        on phone_prefixes.prefix = substr(contacts.phone, 1, cast(phone_prefixes.prefix_length as integer))
    where contacts.country_code is null and contacts.phone like '+%'
    qualify row_number() over (partition by contacts.golden_contact_id order by phone_prefixes.prefix_length desc) = 1
    {%- for field in ['city', 'state'] %}

    union all

    select
        contacts.golden_contact_id,
        '{{ field }}',
        {{ field }}_of_codes.value,
        'postal_code',
        contacts.country_code || ' ' || contacts.postal_code,
        {{ field }}_of_codes.evidence_count
    from contacts
    inner join {{ field }}_of_codes
        on contacts.country_code = {{ field }}_of_codes.country_code
        and contacts.postal_code = {{ field }}_of_codes.postal_code
    where contacts.{{ field }} is null
    {%- endfor %}
),

final as (
    select
        {{ surrogate_key('en', "golden_contact_id || '|' || field_name") }} as contact_enrichment_id,
        golden_contact_id,
        field_name,
        value,
        method,
        matched_on,
        cast(evidence_count as bigint) as evidence_count
    from proposals
)

select * from final
